internal import Basics
internal import COpenSSL

/// What server and client contexts share: TLS 1.2 and 1.3, no renegotiation, certificates out of memory.
/// `@unchecked Sendable`: an SSL_CTX is not changed after init, and making sessions from it is thread-safe.
final class TLSContext: @unchecked Sendable {
  let pointer: OpaquePointer

  init(isServer: Bool) throws(TLSError) {
    guard let context = SSL_CTX_new(isServer ? TLS_server_method() : TLS_client_method()) else {
      throw .current("no memory for TLS")
    }
    pointer = context
    _ = apus_ssl_ctx_set_min_proto_version(context, TLS1_2_VERSION)
    _ = apus_ssl_ctx_set_mode(context, 0x10 | 0x02 | 0x01)  // release buffers, moving buffers, partial writes
    SSL_CTX_set_options(context, apus_ssl_op_no_renegotiation())
  }

  deinit { SSL_CTX_free(pointer) }

  /// The certificate, with intermediates after it, and its key.
  func use(certificatePEM: String, keyPEM: String) throws(TLSError) {
    let certificates = Self.certificates(certificatePEM)
    defer { certificates.forEach { X509_free($0) } }
    guard let leaf = certificates.first, SSL_CTX_use_certificate(pointer, leaf) == 1 else {
      throw .current("the certificate cannot be read")
    }
    for intermediate in certificates.dropFirst() {
      guard apus_ssl_ctx_add_chain_certificate(pointer, intermediate) == 1 else {
        throw .current("an intermediate certificate cannot be used")
      }
    }
    // The callback keeps OpenSSL from asking for a passphrase on the terminal.
    let key = Self.withReader(keyPEM) { PEM_read_bio_PrivateKey($0, nil, { _, _, _, _ in 0 }, nil) }
    guard let key else {
      throw .current("the private key cannot be read (it must be PEM without a passphrase)")
    }
    defer { EVP_PKEY_free(key) }
    guard SSL_CTX_use_PrivateKey(pointer, key) == 1, SSL_CTX_check_private_key(pointer) == 1 else {
      throw .current("the private key does not belong to the certificate")
    }
  }

  /// Trusts these roots alone.
  func trust(authorityPEM: String) throws(TLSError) {
    let roots = Self.certificates(authorityPEM)
    defer { roots.forEach { X509_free($0) } }
    guard !roots.isEmpty, let store = SSL_CTX_get_cert_store(pointer) else {
      throw .current("the authority's certificate cannot be read")
    }
    for root in roots where X509_STORE_add_cert(store, root) != 1 {
      throw .current("the authority's certificate cannot be used")
    }
  }

  private static func certificates(_ pem: String) -> [OpaquePointer] {
    let all = withReader(pem) { reader -> [OpaquePointer] in
      var found: [OpaquePointer] = []
      while found.count < 1024, let certificate = PEM_read_bio_X509(reader, nil, nil, nil) {
        found.append(certificate)
      }
      return found
    }
    // The end of the text is reported as an error as well.
    if let all, !all.isEmpty { ERR_clear_error() }
    return all ?? []
  }

  private static func withReader<Value>(_ text: String, _ body: (OpaquePointer) -> Value?) -> Value? {
    let bytes = Bytes(text.utf8)
    return bytes.withUnsafeBytes { buffer -> Value? in
      guard let count = Int32(exactly: buffer.count), let bio = BIO_new_mem_buf(buffer.baseAddress, count)
      else {
        return nil
      }
      defer { BIO_free(bio) }
      return body(bio)
    }
  }
}
