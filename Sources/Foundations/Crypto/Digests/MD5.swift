public import Basics
internal import COpenSSL

/// MD5 (RFC 1321) of what comes in pieces: for comparing with stores that publish it, not against forgers.
/// Not Sendable: one task or thread feeds it.
public final class MD5Hasher {
  public static let byteCount = 16
  private let context: OpaquePointer

  public init() throws(CryptoError) {
    guard let context = EVP_MD_CTX_new() else { throw .current("no memory for a digest") }
    guard EVP_DigestInit_ex(context, EVP_md5(), nil) == 1 else {
      EVP_MD_CTX_free(context)
      throw .current("cannot start MD5")
    }
    self.context = context
  }

  deinit { EVP_MD_CTX_free(context) }

  public func update(_ bytes: UnsafeRawBufferPointer) {
    EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
  }

  /// The digest; call it once, last.
  public func finalize() -> Bytes {
    var result = Bytes(repeating: 0, count: Self.byteCount)
    EVP_DigestFinal_ex(context, &result, nil)
    return result
  }
}
