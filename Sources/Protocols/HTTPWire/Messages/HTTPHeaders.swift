/// Header fields in the order they came; names compare without case (RFC 9110 §5.1).
public struct HTTPHeaders: Sendable, Hashable {
  public struct Field: Sendable, Hashable {
    public var name: String
    public var value: String
  }

  public private(set) var fields: [Field]

  public init(_ fields: [(String, String)] = []) {
    self.fields = fields.map { Field(name: $0.0, value: $0.1) }
  }

  public mutating func append(_ name: String, _ value: String) {
    fields.append(Field(name: name, value: value))
  }

  /// Makes room for that many fields.
  public mutating func reserve(_ count: Int) { fields.reserveCapacity(count) }

  /// Replaces every field of that name by one.
  public mutating func set(_ name: String, _ value: String) {
    remove(name)
    append(name, value)
  }

  public mutating func remove(_ name: String) { fields.removeAll { Self.equal($0.name, name) } }

  /// The first field's value of that name.
  public subscript(name: String) -> String? {
    // By index: a field that is looked at only is not copied.
    for index in fields.indices where Self.equal(fields[index].name, name) { return fields[index].value }
    return nil
  }

  public func all(_ name: String) -> [String] { fields.filter { Self.equal($0.name, name) }.map(\.value) }

  public func contains(_ name: String) -> Bool { fields.contains { Self.equal($0.name, name) } }

  /// ASCII letters without case, other bytes as they are.
  public static func equal(_ left: String, _ right: String) -> Bool {
    let leftBytes = left.utf8
    let rightBytes = right.utf8
    guard leftBytes.count == rightBytes.count else { return false }
    let areEqual = leftBytes.withContiguousStorageIfAvailable { left in
      rightBytes.withContiguousStorageIfAvailable { right in
        left.indices.allSatisfy { lowercased(left[$0]) == lowercased(right[$0]) }
      }
    }
    if case .some(.some(let areEqual)) = areEqual { return areEqual }
    return zip(leftBytes, rightBytes).allSatisfy { lowercased($0) == lowercased($1) }
  }

  private static func lowercased(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte | 0x20 : byte }
}

extension HTTPHeaders: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, String)...) { self.init(elements) }
}
