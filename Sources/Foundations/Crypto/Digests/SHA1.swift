public import Basics
internal import COpenSSL

/// SHA-1 (FIPS 180-4): what the WebSocket handshake asks for. Not for anything that must resist forgery.
public enum SHA1 {
  public static let byteCount = 20

  public static func digest(_ bytes: Bytes) -> Bytes {
    var result = Bytes(repeating: 0, count: byteCount)
    EVP_Digest(bytes, bytes.count, &result, nil, EVP_sha1(), nil)
    return result
  }
}
