internal import Basics

extension YAML {
  /// Block-style text of one document, ending in a newline; strings that need it are quoted.
  public static func text(_ value: JSONValue) -> String {
    var writer = YAMLWriter()
    writer.write(value, level: 0, inline: false)
    return writer.output
  }
}

private struct YAMLWriter {
  var output = ""

  /// - Parameter inline: whether text (`key:` or `-`) stands before the value on its line.
  mutating func write(_ value: JSONValue, level: Int, inline: Bool) {
    switch value {
    case .object(let object) where !object.isEmpty:
      if inline { output += "\n" }
      for member in object.members { writeMember(member, level: level, indented: true) }
    case .array(let elements) where !elements.isEmpty:
      if inline { output += "\n" }
      for element in elements { writeElement(element, level: level) }
    default:
      if inline { output += " " }
      output += scalar(value, level: level) + "\n"
    }
  }

  private mutating func writeMember(_ member: JSONObject.Member, level: Int, indented: Bool) {
    if indented { output += indentation(level) }
    output += quoted(member.key) + ":"
    // A list under a key stands at the key's own level, as kubectl writes it.
    if case .array = member.value {
      write(member.value, level: level, inline: true)
    } else {
      write(member.value, level: level + 1, inline: true)
    }
  }

  private mutating func writeElement(_ element: JSONValue, level: Int) {
    output += indentation(level) + "-"
    if case .object(let object) = element, let first = object.members.first {
      output += " "
      writeMember(first, level: level + 1, indented: false)
      for member in object.members.dropFirst() { writeMember(member, level: level + 1, indented: true) }
    } else {
      write(element, level: level + 1, inline: true)
    }
  }

  private func scalar(_ value: JSONValue, level: Int) -> String {
    switch value {
    case .null: return "null"
    case .bool(let flag): return flag ? "true" : "false"
    case .number(let number): return number.text
    case .string(let text): return isBlock(text) ? block(text, level: level) : quoted(text)
    case .array: return "[]"
    case .object: return "{}"
    }
  }

  private func isBlock(_ text: String) -> Bool {
    let scalars = Array(text.unicodeScalars)
    guard scalars.contains("\n"), let first = scalars.first, first != " ", first != "\n" else { return false }
    let hasTrailingSpace = zip(scalars, scalars.dropFirst()).contains { $0 == " " && $1 == "\n" }
    return !hasTrailingSpace && scalars.allSatisfy { $0 == "\n" || YAMLScalar.isPrintable($0) }
  }

  private func block(_ text: String, level: Int) -> String {
    var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map {
      String($0)
    }
    var trailing = 0
    while lines.last == "" {
      lines.removeLast()
      trailing += 1
    }
    let mark = trailing == 0 ? "|-" : (trailing == 1 ? "|" : "|+")
    if trailing > 1 { lines += repeatElement("", count: trailing - 1) }
    let indent = indentation(max(level, 1))
    return mark + "\n" + lines.map { $0.isEmpty ? "" : indent + $0 }.joined(separator: "\n")
  }

  private func quoted(_ text: String) -> String {
    if YAMLScalar.isPlainSafe(text) { return text }
    var bytes = Bytes()
    JSONText.writeString(text, into: &bytes)
    return escapingLineBreaks(String(decoding: bytes, as: UTF8.self))
  }

  /// JSON leaves characters alone that YAML 1.1 takes for line breaks or refuses unescaped.
  private func escapingLineBreaks(_ text: String) -> String {
    let special: Set<UInt32> = [0x7F, 0x85, 0x2028, 0x2029, 0xFEFF]
    guard text.unicodeScalars.contains(where: { special.contains($0.value) }) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if special.contains(scalar.value) {
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private func indentation(_ level: Int) -> String { String(repeating: "  ", count: level) }
}
