#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

// Function-like macros that Swift cannot see.
static inline long apus_ssl_set_tlsext_host_name(SSL *ssl, const char *name) {
  return SSL_set_tlsext_host_name(ssl, name);
}
static inline long apus_ssl_ctx_set_min_proto_version(SSL_CTX *context, int version) {
  return SSL_CTX_set_min_proto_version(context, version);
}
static inline long apus_ssl_ctx_set_mode(SSL_CTX *context, long mode) {
  return SSL_CTX_set_mode(context, mode);
}
static inline EVP_PKEY *apus_generate_p256_key(void) { return EVP_EC_gen("P-256"); }
static inline EVP_PKEY *apus_generate_rsa_key(size_t bits) { return EVP_RSA_gen(bits); }
static inline long apus_bio_memory(BIO *bio, char **data) { return BIO_get_mem_data(bio, data); }
static inline size_t apus_bio_pending(BIO *bio) { return BIO_ctrl_pending(bio); }
static inline int apus_ssl_ctx_add_chain_certificate(SSL_CTX *context, X509 *certificate) {
  return (int)SSL_CTX_add1_chain_cert(context, certificate);
}
static inline int apus_ssl_ctx_clear_chain(SSL_CTX *context) { return (int)SSL_CTX_clear_chain_certs(context); }

/// Seconds since 1970 of a certificate's time. Returns 1, or 0 where the time is malformed.
static inline int apus_asn1_time_seconds(const ASN1_TIME *time, int64_t *seconds) {
  int days = 0, rest = 0;
  ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
  int good = epoch != NULL && ASN1_TIME_diff(&days, &rest, epoch, time);
  ASN1_TIME_free(epoch);
  *seconds = (int64_t)days * 86400 + rest;
  return good;
}

/// Adds one extension in OpenSSL's configuration syntax, as `critical,CA:TRUE`. Returns 1, or 0 where it is refused.
static inline int apus_add_extension(X509 *certificate, X509 *issuer, int nid, const char *value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
  X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
  if (extension == NULL) return 0;
  int good = X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  return good;
}
static inline size_t apus_bio_capacity(BIO *bio) {
  BUF_MEM *memory = NULL;
  BIO_get_mem_ptr(bio, &memory);
  return memory == NULL ? 0 : memory->max;
}

/// Empties a memory BIO. One that has grown beyond `kept` bytes gives its memory back: OpenSSL keeps it for good, and
/// clears all of it at each reset.
static inline void apus_bio_reset(BIO *bio, size_t kept) {
  if (apus_bio_capacity(bio) > kept) {
    BUF_MEM *fresh = BUF_MEM_new();
    if (fresh != NULL) {
      (void)BIO_set_mem_buf(bio, fresh, BIO_CLOSE);
      return;
    }
  }
  (void)BIO_reset(bio);
}
static inline uint64_t apus_ssl_op_no_renegotiation(void) { return SSL_OP_NO_RENEGOTIATION; }
