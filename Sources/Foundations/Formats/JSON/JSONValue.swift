/// One JSON value (RFC 8259). Numbers keep their text, objects keep their order: what was read is what is
/// written.
public enum JSONValue: Sendable, Hashable {
  case null
  case bool(Bool)
  case number(JSONNumber)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)
}

/// A number as its JSON text, so that neither `1e400` nor thirty digits nor `1.0` lose anything.
public struct JSONNumber: Sendable, Hashable {
  /// Valid JSON number text.
  public let text: String

  /// For readers that have checked the text against the grammar.
  public init(uncheckedText text: String) { self.text = text }
  public init(_ value: some BinaryInteger) { text = String(value) }

  /// NaN and infinities have no JSON form: nil.
  public init?(_ value: Double) {
    guard value.isFinite else { return nil }
    text = value.description
  }

  /// The integer, where the text is one that fits; `1.0` and `1e2` are none.
  public var int64: Int64? { Int64(text) }
  public var uint64: UInt64? { UInt64(text) }
  /// The nearest double; infinite where the text is out of range.
  public var double: Double { Double(text) ?? .nan }
}

extension JSONValue {
  public static func int(_ value: some BinaryInteger) -> JSONValue { .number(JSONNumber(value)) }

  public var isNull: Bool { self == .null }

  public var string: String? {
    if case .string(let value) = self { return value }
    return nil
  }

  public var bool: Bool? {
    if case .bool(let value) = self { return value }
    return nil
  }

  public var int: Int64? {
    if case .number(let value) = self { return value.int64 }
    return nil
  }

  public var double: Double? {
    if case .number(let value) = self { return value.double }
    return nil
  }

  public var array: [JSONValue]? {
    if case .array(let value) = self { return value }
    return nil
  }

  public var object: JSONObject? {
    if case .object(let value) = self { return value }
    return nil
  }

  /// The member of an object; nil for a missing key and for anything that is no object. Setting on a value
  /// that is no object turns it into one; setting nil removes the key.
  public subscript(key: String) -> JSONValue? {
    get {
      if case .object(let object) = self { return object[key] }
      return nil
    }
    set {
      var object = self.object ?? JSONObject()
      self = .null  // so that the object's storage has one owner while it changes
      object[key] = newValue
      self = .object(object)
    }
  }

  /// The element of an array; nil out of range and for anything that is no array.
  public subscript(index: Int) -> JSONValue? {
    guard case .array(let values) = self, values.indices.contains(index) else { return nil }
    return values[index]
  }

  /// The value at a path of object keys: `value.at("spec", "template", "spec")`.
  public func at(_ path: String...) -> JSONValue? { at(path: path) }

  public func at(path: [String]) -> JSONValue? {
    var value = self
    for key in path {
      guard let next = value[key] else { return nil }
      value = next
    }
    return value
  }

  /// Sets (or with nil removes) the value at a path of object keys; missing objects on the way are made.
  public mutating func set(_ newValue: JSONValue?, at path: String...) { set(newValue, path: path[...]) }

  private mutating func set(_ newValue: JSONValue?, path: ArraySlice<String>) {
    guard let key = path.first else {
      if let newValue { self = newValue }
      return
    }
    if path.count == 1 {
      if newValue == nil && self[key] == nil { return }
      self[key] = newValue
      return
    }
    var child = self[key] ?? .object(JSONObject())
    if newValue == nil && self[key] == nil { return }
    self[key] = JSONValue.null
    child.set(newValue, path: path.dropFirst())
    self[key] = child
  }

  /// `object`, `array`, `string`, …: for messages.
  public var typeName: String {
    switch self {
    case .null: "null"
    case .bool: "boolean"
    case .number(let number): number.int64 == nil ? "number" : "integer"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int64) { self = .number(JSONNumber(value)) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(JSONObject(elements))
  }
}
