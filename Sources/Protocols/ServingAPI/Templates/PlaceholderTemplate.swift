public import Formats

/// Text with `{{ .Name }}`-like placeholders: the part of Go's template language that runtimes and domain
/// templates use. Values are put in as plain text, whatever characters they have.
///
/// Known actions: `.Field`, `.Map.key` (the key may hold dots, dashes and slashes), `index .Map "key"`;
/// `{{-` and `-}}` trim white space as in Go. A missing key of a known map is the empty text, as for a Go
/// map of strings.
public struct PlaceholderTemplate: Sendable {
  /// What placeholders can name.
  public struct Values: Sendable {
    public var fields: [String: String]
    public var maps: [String: [String: String]]

    public init(fields: [String: String], maps: [String: [String: String]] = [:]) {
      self.fields = fields
      self.maps = maps
    }
  }

  /// Why a template cannot be rendered.
  public struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String
  }

  private let values: Values

  public init(_ values: Values) { self.values = values }

  /// Renders one text; linear in its length.
  public func render(_ text: String) throws(Failure) -> String {
    guard text.utf8.contains(UInt8(ascii: "{")) else { return text }
    var output = ""
    var rest = Substring(text)
    while let open = rest.firstOccurrence(of: "{{") {
      var literal = rest[..<open.lowerBound]
      rest = rest[open.upperBound...]
      guard let close = rest.firstOccurrence(of: "}}") else {
        throw Failure(description: "\"\(text)\" has \"{{\" without \"}}\"")
      }
      var action = rest[..<close.lowerBound]
      rest = rest[close.upperBound...]
      if action.hasPrefix("- ") {
        action = action.dropFirst(2)
        while literal.last?.isWhitespace == true { literal.removeLast() }
      }
      if action.hasSuffix(" -") {
        action = action.dropLast(2)
        rest = rest.drop(while: \.isWhitespace)
      }
      output += literal
      output += try value(of: Self.trimmed(action), in: text)
    }
    return output + rest
  }

  /// Renders every string value of a JSON tree; keys stay as they are. Depth is bounded by how the tree was
  /// read.
  public func render(_ json: JSONValue) throws(Failure) -> JSONValue {
    switch json {
    case .string(let text): return .string(try render(text))
    case .array(let elements):
      var rendered: [JSONValue] = []
      rendered.reserveCapacity(elements.count)
      for element in elements { rendered.append(try render(element)) }
      return .array(rendered)
    case .object(let object):
      var rendered = JSONObject()
      for member in object.members { rendered[member.key] = try render(member.value) }
      return .object(rendered)
    case .null, .bool, .number: return json
    }
  }

  private func value(of action: Substring, in text: String) throws(Failure) -> String {
    if action.hasPrefix("index ") { return try indexed(action.dropFirst("index ".count), action, text) }
    guard action.first == ".", !action.contains(where: \.isWhitespace) else { throw unknown(action, text) }
    let path = action.dropFirst()
    if let value = values.fields[String(path)] { return value }
    guard let dot = path.firstIndex(of: "."), let map = values.maps[String(path[..<dot])] else {
      throw unknown(action, text)
    }
    return map[String(path[path.index(after: dot)...])] ?? ""
  }

  /// `index .Annotations "example.com/owner"`.
  private func indexed(_ arguments: Substring, _ action: Substring, _ text: String) throws(Failure) -> String
  {
    let parts = arguments.split(separator: " ", maxSplits: 1).map(Self.trimmed)
    guard parts.count == 2, parts[0].first == ".", let map = values.maps[String(parts[0].dropFirst())],
      parts[1].count >= 2, parts[1].first == "\"", parts[1].last == "\""
    else { throw unknown(action, text) }
    return map[String(parts[1].dropFirst().dropLast())] ?? ""
  }

  private func unknown(_ action: Substring, _ text: String) -> Failure {
    let known =
      values.fields.keys.sorted().map { "{{.\($0)}}" } + values.maps.keys.sorted().map { "{{.\($0).key}}" }
    return Failure(
      description:
        "\"\(text)\" has the unknown placeholder \"{{\(action)}}\"; known: \(known.joined(separator: ", "))")
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var result = text.drop(while: \.isWhitespace)
    while result.last?.isWhitespace == true { result.removeLast() }
    return result
  }
}

extension Substring {
  /// The first place of a short ASCII text; searches bytes, so that combining characters hide nothing.
  fileprivate func firstOccurrence(of needle: StaticString) -> Range<Index>? {
    let pattern = Array(needle.description.utf8)
    var position = utf8.startIndex
    while position < utf8.endIndex {
      var candidate = position
      var matched = 0
      while matched < pattern.count, candidate < utf8.endIndex, utf8[candidate] == pattern[matched] {
        candidate = utf8.index(after: candidate)
        matched += 1
      }
      if matched == pattern.count { return position..<candidate }
      position = utf8.index(after: position)
    }
    return nil
  }
}
