internal import Basics

/// Attribute values as header values (CloudEvents HTTP binding 1.0.2 §3.1.3.2): space, `"`, `%` and what is
/// no printable ASCII are percent-encoded.
enum CloudEventHeader {
  static func encoded(_ text: String) -> String { PercentEncoding.encode(text, plain: isPlain) }

  /// What is not well encoded stays as it is.
  static func decoded(_ text: String) -> String { PercentEncoding.decodeLeniently(text) ?? text }

  private static func isPlain(_ byte: UInt8) -> Bool {
    byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "%")
  }
}
