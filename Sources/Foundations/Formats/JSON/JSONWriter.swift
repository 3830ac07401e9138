public import Basics

extension JSONValue {
  /// Compact text.
  public func encoded() -> Bytes {
    var output = Bytes()
    write(into: &output)
    return output
  }

  public func write(into output: inout Bytes) {
    switch self {
    case .null: output.append(contentsOf: "null".utf8)
    case .bool(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
    case .number(let number): output.append(contentsOf: number.text.utf8)
    case .string(let text): JSONText.writeString(text, into: &output)
    case .array(let elements):
      output.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        element.write(into: &output)
      }
      output.append(UInt8(ascii: "]"))
    case .object(let object):
      output.append(UInt8(ascii: "{"))
      for (index, member) in object.members.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        JSONText.writeString(member.key, into: &output)
        output.append(UInt8(ascii: ":"))
        member.value.write(into: &output)
      }
      output.append(UInt8(ascii: "}"))
    }
  }

  public var encodedText: String { String(decoding: encoded(), as: UTF8.self) }

  /// Text for people: indented by `indent` spaces per level.
  public func prettyText(indent: Int = 2) -> String {
    var output = Bytes()
    writePretty(into: &output, indent: indent, level: 0)
    return String(decoding: output, as: UTF8.self)
  }

  private func writePretty(into output: inout Bytes, indent: Int, level: Int) {
    func newLine(_ level: Int) {
      output.append(UInt8(ascii: "\n"))
      output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent * level))
    }
    switch self {
    case .array(let elements) where !elements.isEmpty:
      output.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        newLine(level + 1)
        element.writePretty(into: &output, indent: indent, level: level + 1)
      }
      newLine(level)
      output.append(UInt8(ascii: "]"))
    case .object(let object) where !object.isEmpty:
      output.append(UInt8(ascii: "{"))
      for (index, member) in object.members.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        newLine(level + 1)
        JSONText.writeString(member.key, into: &output)
        output.append(contentsOf: ": ".utf8)
        member.value.writePretty(into: &output, indent: indent, level: level + 1)
      }
      newLine(level)
      output.append(UInt8(ascii: "}"))
    default: write(into: &output)
    }
  }
}

/// Pieces of JSON text that are written without a tree.
public enum JSONText {
  /// The string with quotes and the escapes that JSON demands.
  public static func writeString(_ text: String, into output: inout Bytes) {
    output.append(UInt8(ascii: "\""))
    var copy = text
    copy.withUTF8 { utf8 in
      var clean = 0
      for index in utf8.indices {
        let byte = utf8[index]
        guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
        output.append(contentsOf: utf8[clean..<index])
        clean = index + 1
        writeEscape(byte, into: &output)
      }
      output.append(contentsOf: utf8[clean...])
    }
    output.append(UInt8(ascii: "\""))
  }

  private static func writeEscape(_ byte: UInt8, into output: inout Bytes) {
    switch byte {
    case UInt8(ascii: "\""): output.append(contentsOf: "\\\"".utf8)
    case UInt8(ascii: "\\"): output.append(contentsOf: "\\\\".utf8)
    case 10: output.append(contentsOf: "\\n".utf8)
    case 13: output.append(contentsOf: "\\r".utf8)
    case 9: output.append(contentsOf: "\\t".utf8)
    default:
      let digits = Array("0123456789abcdef".utf8)
      output.append(contentsOf: "\\u00".utf8)
      output.append(digits[Int(byte >> 4)])
      output.append(digits[Int(byte & 15)])
    }
  }
}
