internal import Basics
internal import Formats
internal import KubeProtocol

/// Small steps that several kinds' cells share.
enum CellValues {
  static func text(_ value: JSONValue?, empty: String = "") -> JSONValue {
    switch value {
    case .string(let text)?: .string(text.isEmpty ? empty : text)
    case .number(let number)?: .string(number.text)
    case .bool(let value)?: .string(value ? "true" : "false")
    default: .string(empty)
    }
  }

  static func number(_ value: JSONValue?) -> JSONValue { value?.int.map { .int($0) } ?? 0 }

  /// `a=b,c=d`, sorted; `<none>` where there is none.
  static func labels(_ value: JSONValue?) -> String {
    let pairs = KubeObject.stringMap(value).map { "\($0)=\($1)" }.sorted()
    return pairs.isEmpty ? "<none>" : pairs.joined(separator: ",")
  }

  static func selector(_ value: JSONValue?) -> JSONValue {
    guard let value, let selector = try? LabelSelector(json: value), !selector.isEmpty else {
      return "<none>"
    }
    return .string(selector.query)
  }

  static func joined(_ values: [JSONValue]?, _ key: String) -> JSONValue {
    .string((values ?? []).compactMap { $0[key]?.string }.joined(separator: ","))
  }

  static func age(_ value: JSONValue?, _ now: Timestamp) -> String {
    AgeText.since(value?.string.flatMap(Timestamp.init(rfc3339:)), now)
  }
}
