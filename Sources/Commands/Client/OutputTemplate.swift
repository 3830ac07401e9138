internal import Formats
internal import KubeProtocol

/// kubectl's `-o jsonpath` templates: text with `{.path}` and `{"literal"}` parts.
struct OutputTemplate {
  private enum Part {
    case text(String)
    case path(JSONPath)
  }

  private var parts: [Part] = []

  init(_ template: String) throws {
    var rest = Substring(template)
    if !rest.contains("{") { rest = Substring("{\(template)}") }
    while let open = rest.firstIndex(of: "{") {
      if open > rest.startIndex { parts.append(.text(String(rest[..<open]))) }
      guard let close = Self.closing(rest[rest.index(after: open)...]) else {
        throw UsageError(message: "jsonpath: a '{' is not closed in '\(template)'")
      }
      parts.append(try Self.part(rest[rest.index(after: open)..<close]))
      rest = rest[rest.index(after: close)...]
    }
    if !rest.isEmpty { parts.append(.text(String(rest))) }
  }

  func render(_ document: JSONValue) throws -> String {
    parts.map { part in
      switch part {
      case .text(let text): text
      case .path(let path): path.values(in: document).map(Self.text).joined(separator: " ")
      }
    }.joined()
  }

  private static func part(_ inner: Substring) throws -> Part {
    if inner.first == "\"", inner.last == "\"" {
      return .text(try JSONValue(parsing: String(inner)).string ?? "")
    }
    do {
      return .path(try JSONPath(String(inner)))
    } catch {
      throw UsageError(message: "jsonpath: \(error.message)")
    }
  }

  /// The brace that closes the part, quoted ones aside.
  private static func closing(_ text: Substring) -> Substring.Index? {
    var quote: Character?
    for index in text.indices {
      let character = text[index]
      if let open = quote {
        if character == open { quote = nil }
      } else if character == "'" || character == "\"" {
        quote = character
      } else if character == "}" {
        return index
      }
    }
    return nil
  }

  private static func text(_ value: JSONValue) -> String { value.string ?? value.encodedText }
}
