public import Formats

/// One step of a path through an object, as managed fields name it: a field, an element of a list by its
/// keys, an element of a set by its value, or a place in a list.
public enum FieldElement: Sendable, Hashable {
  /// The keys of an element of an associative list, sorted by name.
  public struct Key: Sendable, Hashable {
    public let names: [String]
    public let values: [JSONValue]

    public init(_ members: [(name: String, value: JSONValue)]) {
      let sorted = members.sorted { $0.name < $1.name }
      names = sorted.map(\.name)
      values = sorted.map(\.value)
    }
  }

  case field(String)
  case key(Key)
  case value(JSONValue)
  case index(Int)

  /// From the name of a member of `fieldsV1`: `f:image`, `k:{"name":"main"}`, `v:"a"`, `i:3`. Nil for
  /// anything else.
  public init?(fieldsV1 text: String) {
    let rest = String(text.dropFirst(2))
    switch text.prefix(2) {
    case "f:": self = .field(rest)
    case "v:":
      guard let value = try? JSONValue(parsing: rest, limits: Self.limits) else { return nil }
      self = .value(value)
    case "k:":
      guard let members = (try? JSONValue(parsing: rest, limits: Self.limits))?.object, !members.isEmpty
      else {
        return nil
      }
      self = .key(Key(members.members.map { ($0.key, $0.value) }))
    case "i:":
      guard let index = Int(rest), index >= 0 else { return nil }
      self = .index(index)
    default: return nil
    }
  }

  private static let limits = JSONLimits(depth: 32, bytes: 64 << 10)

  /// The name of the member of `fieldsV1`.
  public var fieldsV1: String {
    switch self {
    case .field(let name): "f:\(name)"
    case .key(let key):
      "k:"
        + JSONValue.object(JSONObject(zip(key.names, key.values).map { ($0, $1) })).encodedText
    case .value(let value): "v:\(value.encodedText)"
    case .index(let index): "i:\(index)"
    }
  }

  /// As conflicts name it: `.image`, `[name="main"]`, `[="a"]`, `[3]`.
  public var pathText: String {
    switch self {
    case .field(let name): ".\(name)"
    case .key(let key):
      "["
        + zip(key.names, key.values).map { "\($0)=\($1.encodedText)" }.joined(separator: ",") + "]"
    case .value(let value): "[=\(value.encodedText)]"
    case .index(let index): "[\(index)]"
    }
  }

  /// Fields first, then keys, values, places; each by its text.
  static func precedes(_ left: FieldElement, _ right: FieldElement) -> Bool {
    switch (left, right) {
    case (.field(let first), .field(let second)): first < second
    case (.index(let first), .index(let second)): first < second
    default:
      left.rank == right.rank ? left.fieldsV1 < right.fieldsV1 : left.rank < right.rank
    }
  }

  private var rank: Int {
    switch self {
    case .field: 0
    case .key: 1
    case .value: 2
    case .index: 3
    }
  }
}
