public import Basics
internal import COpenSSL

/// SHA-256 (FIPS 180-4) of bytes in memory.
public enum SHA256 {
  public static let byteCount = 32

  public static func digest(_ bytes: Bytes) -> Bytes {
    var result = Bytes(repeating: 0, count: byteCount)
    EVP_Digest(bytes, bytes.count, &result, nil, EVP_sha256(), nil)
    return result
  }

  public static func digest(_ text: String) -> Bytes { digest(Bytes(text.utf8)) }

  /// The digest in lower-case hexadecimal.
  public static func hexadecimal(_ bytes: Bytes) -> String { Hexadecimal.encode(digest(bytes)) }
  public static func hexadecimal(_ text: String) -> String { Hexadecimal.encode(digest(text)) }
}

/// SHA-256 of what comes in pieces (files, downloads). Not Sendable: one task or thread feeds it.
public final class SHA256Hasher {
  private let context: OpaquePointer

  public init() throws(CryptoError) {
    guard let context = EVP_MD_CTX_new() else { throw .current("no memory for a digest") }
    guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
      EVP_MD_CTX_free(context)
      throw .current("cannot start SHA-256")
    }
    self.context = context
  }

  deinit { EVP_MD_CTX_free(context) }

  public func update(_ bytes: UnsafeRawBufferPointer) {
    EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
  }

  public func update(_ bytes: Bytes) { EVP_DigestUpdate(context, bytes, bytes.count) }

  /// The digest; call it once, last.
  public func finalize() -> Bytes {
    var result = Bytes(repeating: 0, count: SHA256.byteCount)
    EVP_DigestFinal_ex(context, &result, nil)
    return result
  }
}

/// HMAC with SHA-256 (RFC 2104).
public enum HMACSHA256 {
  public static func authenticate(_ message: Bytes, key: Bytes) -> Bytes {
    var result = Bytes(repeating: 0, count: SHA256.byteCount)
    HMAC(EVP_sha256(), key, Int32(clamping: key.count), message, message.count, &result, nil)
    return result
  }
}
