public import Formats

/// Why a service does not serve: what conditions, `lastFailureInfo` and `apus why` tell alike.
public struct FailureCause: Sendable, Hashable {
  public var code: FailureCode
  /// The offending value: a URI, path, name, key, port. What it is, the code says.
  public var value: String
  /// What is wrong: one sentence without a full stop.
  public var cause: String
  /// What to do: an imperative without a full stop.
  public var fix: String
  /// More for machines: `status`, `container`, `exitCode`, …
  public var details: [String: String]

  /// Conditions and events have limits of their own.
  public static let causeLimit = 1400
  public static let fixLimit = 600

  /// - Parameter fix: nil for the code's general one.
  public init(
    _ code: FailureCode, value: String, _ cause: String, fix: String? = nil, details: [String: String] = [:]
  ) {
    self.code = code
    self.value = Self.cut(value, Self.fixLimit)
    self.cause = Self.cut(Self.trimmed(cause), Self.causeLimit)
    self.fix = Self.cut(Self.trimmed(fix ?? code.entry.fix), Self.fixLimit)
    self.details = details
  }

  /// Cause and fix as conditions have it.
  public var sentence: String { fix.isEmpty ? cause : "\(cause); \(fix)" }

  public var json: JSONValue {
    var json: JSONValue = [
      "code": .string(code.rawValue), "value": .string(value), "cause": .string(cause), "fix": .string(fix),
    ]
    if !details.isEmpty {
      json["details"] = .object(
        JSONObject(details.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    }
    return json
  }

  private static func trimmed(_ text: String) -> String {
    var rest = Substring(text)
    while let last = rest.last, last == "." || last == ";" || last.isWhitespace { rest.removeLast() }
    while let first = rest.first, first.isWhitespace { rest.removeFirst() }
    return String(rest)
  }

  private static func cut(_ text: String, _ limit: Int) -> String {
    text.count <= limit ? text : "\(text.prefix(limit - 1))…"
  }
}
