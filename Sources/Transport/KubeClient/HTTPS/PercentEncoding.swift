internal import Basics

/// Percent-encoding (RFC 3986 §2.1) for what goes into a URL.
enum PercentEncoding {
  /// Everything but unreserved characters is encoded.
  static func component(_ text: String) -> String { encode(text) { _ in false } }

  /// Like `component`, with `/` left as it is, and what Kubernetes has in names and verbs.
  static func path(_ text: String) -> String {
    encode(text) { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: ":") }
  }

  private static func encode(_ text: String, alsoPlain: (UInt8) -> Bool) -> String {
    let digits = Bytes("0123456789ABCDEF".utf8)
    var output = Bytes()
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        output.append(byte)
      case _ where alsoPlain(byte): output.append(byte)
      default: output += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: output, as: UTF8.self)
  }
}
