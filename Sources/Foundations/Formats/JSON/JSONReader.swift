/// Limits on what a reader builds from outside text.
public struct JSONLimits: Sendable {
  /// Nesting of arrays and objects.
  public var depth: Int
  /// Bytes of text.
  public var bytes: Int

  public init(depth: Int = 128, bytes: Int = 1 << 30) {
    self.depth = depth
    self.bytes = bytes
  }
}

extension JSONValue {
  /// Parses a whole text. Of a repeated key the last value counts.
  public init(parsing bytes: some Sequence<UInt8>, limits: JSONLimits = JSONLimits()) throws(JSONError) {
    var duplicates: [String] = []
    self = try JSONValue.parse(bytes, limits: limits, duplicateKeys: &duplicates)
  }

  public init(parsing text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) {
    try self.init(parsing: text.utf8, limits: limits)
  }

  /// As `init(parsing:)`, and names the paths of keys that came twice (`spec.replicas`), as strict callers
  /// need.
  public static func parse(
    _ bytes: some Sequence<UInt8>, limits: JSONLimits = JSONLimits(), duplicateKeys: inout [String]
  ) throws(JSONError) -> JSONValue {
    let result: Result<(JSONValue, [String]), JSONError>? = bytes.withContiguousStorageIfAvailable { buffer in
      JSONTreeBuilder.build(UnsafeRawBufferPointer(buffer), limits: limits)
    }
    let (value, found) = try
      (result ?? Array(bytes).withUnsafeBytes { JSONTreeBuilder.build($0, limits: limits) }).get()
    duplicateKeys += found
    return value
  }
}

/// Builds a tree from the scanner's tokens; recursion is bounded by `limits.depth`.
private struct JSONTreeBuilder {
  private var scanner: JSONScanner
  private let limits: JSONLimits
  private var path: [String] = []
  private var duplicates: [String] = []

  static func build(
    _ bytes: UnsafeRawBufferPointer, limits: JSONLimits
  ) -> Result<(JSONValue, [String]), JSONError> {
    guard bytes.count <= limits.bytes else {
      let message = "the text has \(bytes.count) bytes, more than the limit of \(limits.bytes)"
      return .failure(JSONError(code: .tooLarge, message: message, offset: limits.bytes))
    }
    var builder = JSONTreeBuilder(scanner: JSONScanner(bytes), limits: limits)
    do {
      let value = try builder.value(depth: 0)
      try builder.scanner.expectEnd()
      return .success((value, builder.duplicates))
    } catch {
      return .failure(error)
    }
  }

  private init(scanner: JSONScanner, limits: JSONLimits) {
    self.scanner = scanner
    self.limits = limits
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    switch try scanner.next() {
    case .null: return .null
    case .bool(let value): return .bool(value)
    case .number: return .number(JSONNumber(uncheckedText: scanner.numberText))
    case .string: return .string(try scanner.stringValue())
    case .beginArray: return try array(depth: depth + 1)
    case .beginObject: return try object(depth: depth + 1)
    }
  }

  private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
    try checkDepth(depth)
    var elements: [JSONValue] = []
    if scanner.takeEnd(of: .array) { return .array(elements) }
    repeat {
      elements.append(try value(depth: depth))
    } while try scanner.takeSeparator(endingWith: .array)
    return .array(elements)
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
    try checkDepth(depth)
    var members = JSONObject()
    if scanner.takeEnd(of: .object) { return .object(members) }
    repeat {
      let key = try scanner.key()
      path.append(key)
      let member = try value(depth: depth)
      if members.contains(key) {
        if duplicates.count < 100 { duplicates.append(path.joined(separator: ".")) }
        members[key] = member
      } else {
        members.appendNew(key, member)
      }
      path.removeLast()
    } while try scanner.takeSeparator(endingWith: .object)
    return .object(members)
  }

  private func checkDepth(_ depth: Int) throws(JSONError) {
    if depth > limits.depth {
      throw scanner.error(.tooDeep, "nested deeper than \(limits.depth) levels")
    }
  }
}
