public import Basics

/// Unpredictable bytes from the kernel.
public enum RandomBytes {
  public static func make(_ count: Int) -> Bytes {
    var generator = SystemRandomNumberGenerator()
    return (0..<count).map { _ in generator.next() }
  }
}

/// Bearer tokens.
public enum TokenGenerator {
  /// 256 random bits in URL-safe base64: 43 characters.
  public static func token() -> String { Base64.encodeURL(RandomBytes.make(32)) }
}
