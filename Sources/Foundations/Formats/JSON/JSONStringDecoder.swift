internal import Basics

/// Resolves the escapes of a JSON string.
enum JSONStringDecoder {
  /// - Parameter start: the string's offset in the whole text, for errors.
  static func decode(_ raw: UnsafeRawBufferPointer, startingAt start: Int) throws(JSONError) -> String {
    var output = Bytes()
    output.reserveCapacity(raw.count)
    var index = 0
    while index < raw.count {
      let byte = raw[index]
      guard byte == UInt8(ascii: "\\") else {
        output.append(byte)
        index += 1
        continue
      }
      guard index + 1 < raw.count else { throw bad("an escape is cut off", start + index) }
      switch raw[index + 1] {
      case UInt8(ascii: "\""): output.append(UInt8(ascii: "\""))
      case UInt8(ascii: "\\"): output.append(UInt8(ascii: "\\"))
      case UInt8(ascii: "/"): output.append(UInt8(ascii: "/"))
      case UInt8(ascii: "b"): output.append(8)
      case UInt8(ascii: "f"): output.append(12)
      case UInt8(ascii: "n"): output.append(10)
      case UInt8(ascii: "r"): output.append(13)
      case UInt8(ascii: "t"): output.append(9)
      case UInt8(ascii: "u"):
        let (scalar, length) = try unicodeEscape(raw, at: index, startingAt: start)
        output.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        index += length
        continue
      default: throw bad("an unknown escape", start + index)
      }
      index += 2
    }
    guard let text = String(validating: output, as: UTF8.self) else {
      throw JSONError(code: .badUTF8, message: "the string is not valid UTF-8", offset: start)
    }
    return text
  }

  /// `\uXXXX`, or a surrogate pair of two. Lone surrogates become U+FFFD, as Go and browsers read them.
  private static func unicodeEscape(
    _ raw: UnsafeRawBufferPointer, at index: Int, startingAt start: Int
  ) throws(JSONError) -> (Unicode.Scalar, length: Int) {
    guard let first = hex4(raw, index + 2) else { throw bad("\\u needs four hex digits", start + index) }
    if let scalar = Unicode.Scalar(first) { return (scalar, 6) }
    if first < 0xDC00, index + 7 < raw.count, raw[index + 6] == UInt8(ascii: "\\"),
      raw[index + 7] == UInt8(ascii: "u"),
      let second = hex4(raw, index + 8), (0xDC00...0xDFFF).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    {
      return (scalar, 12)
    }
    return ("\u{FFFD}", 6)
  }

  private static func hex4(_ raw: UnsafeRawBufferPointer, _ index: Int) -> UInt32? {
    guard index + 4 <= raw.count else { return nil }
    var value: UInt32 = 0
    for byte in raw[index..<index + 4] {
      switch byte {
      case 48...57: value = value << 4 | UInt32(byte - 48)
      case 65...70: value = value << 4 | UInt32(byte - 55)
      case 97...102: value = value << 4 | UInt32(byte - 87)
      default: return nil
      }
    }
    return value
  }

  private static func bad(_ message: String, _ offset: Int) -> JSONError {
    JSONError(code: .badString, message: message, offset: offset)
  }
}
