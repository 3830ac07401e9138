/// Percent-encoding (RFC 3986 §2.1).
public enum PercentEncoding {
  private static let digits = Bytes("0123456789ABCDEF".utf8)

  /// Everything but unreserved characters is encoded.
  public static func component(_ text: String) -> String { encode(text) { isUnreserved($0) } }

  /// Like `component`, with `/` left as it is, and `:`, which Kubernetes has in names and verbs.
  public static func path(_ text: String) -> String {
    encode(text) { isUnreserved($0) || $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: ":") }
  }

  /// Encodes each byte of the text's UTF-8 that is not plain.
  public static func encode(_ text: String, plain: (UInt8) -> Bool) -> String {
    if text.utf8.allSatisfy(plain) { return text }
    var output = Bytes()
    append(text, to: &output, plain: plain)
    return String(decoding: output, as: UTF8.self)
  }

  /// As `encode`, without a string in between.
  public static func append(_ text: String, to output: inout Bytes, plain: (UInt8) -> Bool) {
    for byte in text.utf8 {
      if plain(byte) {
        output.append(byte)
      } else {
        output.append(UInt8(ascii: "%"))
        output.append(digits[Int(byte >> 4)])
        output.append(digits[Int(byte & 15)])
      }
    }
  }

  /// Nil for a broken escape and for bytes that are no UTF-8.
  /// - Parameter plusIsSpace: as in the queries of HTML forms.
  public static func decode(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String? {
    guard let bytes = bytes(text, plusIsSpace: plusIsSpace, isLenient: false) else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }

  /// What is not well encoded stays as it is; nil where the result is no UTF-8.
  public static func decodeLeniently(_ text: some StringProtocol) -> String? {
    guard let bytes = bytes(text, plusIsSpace: false, isLenient: true) else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }

  private static func bytes(
    _ text: some StringProtocol, plusIsSpace: Bool, isLenient: Bool
  ) -> Bytes? {
    var bytes = Bytes()
    bytes.reserveCapacity(text.utf8.count)
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "+"), plusIsSpace {
        bytes.append(UInt8(ascii: " "))
      } else if byte != UInt8(ascii: "%") {
        bytes.append(byte)
      } else if let value = escaped(rest) {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else if isLenient {
        bytes.append(byte)
      } else {
        return nil
      }
    }
    return bytes
  }

  /// The byte that the first two digits stand for.
  private static func escaped(_ rest: some Collection<UInt8>) -> UInt8? {
    var iterator = rest.makeIterator()
    guard let high = iterator.next().flatMap(digit), let low = iterator.next().flatMap(digit) else {
      return nil
    }
    return high << 4 | low
  }

  private static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "~"):
      true
    default: false
    }
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 48...57: byte - 48
    case 65...70: byte - 55
    case 97...102: byte - 87
    default: nil
    }
  }
}
