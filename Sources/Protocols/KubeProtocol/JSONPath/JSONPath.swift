public import Formats

/// Why a JSONPath is refused.
public struct JSONPathError: Error, Sendable, Hashable, CustomStringConvertible {
  public let message: String

  public init(_ message: String) { self.message = message }

  public var description: String { message }
}

/// A parsed JSONPath, in the dialect of kubectl and of printer columns:
/// `.status.conditions[?(@.type=='Ready')].status`, `.spec.supportedModelFormats[*].name`,
/// `.metadata.annotations['example.com/x']`, `..image`, `[0]`, `[-1]`, `[0:2]`.
///
/// Parsed once, evaluated often. Bounded: 4 KiB of text, 64 steps, 10,000 results, 100,000 values visited.
public struct JSONPath: Sendable, Hashable {
  /// One step from a set of values to the next.
  enum Step: Sendable, Hashable {
    case member(String)
    case allChildren
    case slice(start: Int?, end: Int?, step: Int)
    case union([Step])
    /// The value itself and everything below it.
    case descendants
    case filter(Condition)
  }

  /// `@.type=='Ready'`; without a comparison: whether the left side exists.
  struct Condition: Sendable, Hashable {
    var left: Operand
    var comparison: Comparison?
    var right: Operand?
  }

  enum Comparison: String, Sendable {
    case equal = "=="
    case notEqual = "!="
    case lessOrEqual = "<="
    case greaterOrEqual = ">="
    case less = "<"
    case greater = ">"
  }

  enum Operand: Sendable, Hashable {
    case literal(JSONValue)
    /// From the value under test (`@`) or from the whole document (`$`).
    case path([Step], fromRoot: Bool)
  }

  public let text: String
  let steps: [Step]

  static let maximumBytes = 4 << 10
  static let maximumSteps = 64
  static let maximumResults = 10_000
  static let maximumVisits = 100_000

  /// Accepts the path with or without braces (`{.status.url}`) and with or without a leading `$`.
  public init(_ text: String) throws(JSONPathError) {
    self.text = text
    var parser = try JSONPathParser(text)
    steps = try parser.parse()
  }

  /// Everything that the path leads to, in document order; nothing where a member is missing.
  public func values(in document: JSONValue) -> [JSONValue] {
    var evaluation = JSONPathEvaluation(root: document)
    return evaluation.values(steps, from: document)
  }

  /// The first result: what a printer column shows.
  public func firstValue(in document: JSONValue) -> JSONValue? { values(in: document).first }
}
