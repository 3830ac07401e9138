public import Basics
internal import COpenSSL

/// A private key: EC P-256 for certificates, RSA for signatures as in JWT RS256.
/// `@unchecked Sendable`: the key is never changed after init, and OpenSSL's reads of it are thread-safe.
public final class PrivateKey: @unchecked Sendable {
  let pointer: OpaquePointer

  /// - Parameter pem: PKCS#8, PKCS#1 or SEC1, not encrypted.
  public init(pem: String) throws(CryptoError) {
    // The callback keeps OpenSSL from asking for a passphrase on the terminal.
    let key = PEM.withReader(pem) { PEM_read_bio_PrivateKey($0, nil, { _, _, _, _ in 0 }, nil) }
    guard let key else { throw .current("not an unencrypted private key in PEM form") }
    pointer = key
  }

  private init(owning pointer: OpaquePointer) { self.pointer = pointer }

  deinit { EVP_PKEY_free(pointer) }

  public static func generateP256() throws(CryptoError) -> PrivateKey {
    guard let key = apus_generate_p256_key() else { throw .current("cannot generate a P-256 key") }
    return PrivateKey(owning: key)
  }

  public static func generateRSA(bits: Int = 2048) throws(CryptoError) -> PrivateKey {
    guard let key = apus_generate_rsa_key(bits) else { throw .current("cannot generate an RSA key") }
    return PrivateKey(owning: key)
  }

  /// PKCS#8 without encryption.
  public func pem() throws(CryptoError) -> String {
    let text = PEM.write { PEM_write_bio_PKCS8PrivateKey($0, self.pointer, nil, nil, 0, nil, nil) }
    guard let text else { throw .current("cannot write a private key") }
    return text
  }

  /// A signature over the message's SHA-256: PKCS#1 v1.5 for RSA (JWT RS256), DER for EC.
  public func signSHA256(_ message: Bytes) throws(CryptoError) -> Bytes {
    guard let context = EVP_MD_CTX_new() else { throw .current("no memory for a signature") }
    defer { EVP_MD_CTX_free(context) }
    var count = 0
    guard EVP_DigestSignInit(context, nil, EVP_sha256(), nil, pointer) == 1,
      EVP_DigestSign(context, nil, &count, message, message.count) == 1
    else { throw .current("cannot sign with this key") }
    var signature = Bytes(repeating: 0, count: count)
    guard EVP_DigestSign(context, &signature, &count, message, message.count) == 1 else {
      throw .current("cannot sign with this key")
    }
    signature.removeLast(signature.count - count)
    return signature
  }

  /// Whether `signature` is this key's over the message's SHA-256.
  public func verifySHA256(_ signature: Bytes, of message: Bytes) -> Bool {
    guard let context = EVP_MD_CTX_new() else { return false }
    defer {
      EVP_MD_CTX_free(context)
      ERR_clear_error()
    }
    guard EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, pointer) == 1 else { return false }
    return EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
  }
}
