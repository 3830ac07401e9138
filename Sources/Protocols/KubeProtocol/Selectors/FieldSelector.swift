/// Which field values an object must have: `metadata.name=web,spec.nodeName!=node-1`.
///
/// Which fields a kind offers is the server's business: it looks at `requirements` and refuses others.
public struct FieldSelector: Sendable, Hashable {
  /// One condition on one field.
  public struct Requirement: Sendable, Hashable {
    public var field: String
    public var value: String
    public var isNegated: Bool

    public init(field: String, value: String, isNegated: Bool = false) {
      self.field = field
      self.value = value
      self.isNegated = isNegated
    }
  }

  public let requirements: [Requirement]

  public static let everything = FieldSelector(requirements: [])
  static let maximumBytes = 64 << 10

  public init(requirements: [Requirement]) { self.requirements = requirements }

  /// Parses the query form; `\,`, `\=` and `\\` stand for the characters themselves in values.
  public init(query: String) throws(SelectorError) {
    guard query.utf8.count <= Self.maximumBytes else {
      throw SelectorError("the field selector is longer than \(Self.maximumBytes) bytes")
    }
    var requirements: [Requirement] = []
    for term in Self.terms(query) where !term.isEmpty {
      guard let requirement = try Self.requirement(term, query) else {
        let text = String(decoding: term, as: UTF8.self)
        throw SelectorError("invalid selector: '\(query)'; can't understand '\(text)'")
      }
      requirements.append(requirement)
    }
    self.requirements = requirements
  }

  public var isEmpty: Bool { requirements.isEmpty }

  /// - Parameter value: the text of a field; "" where the object has none.
  public func matches(_ value: (_ field: String) -> String) -> Bool {
    requirements.allSatisfy { (value($0.field) == $0.value) != $0.isNegated }
  }

  /// The value that the selector demands of a field, where it demands one (`metadata.name` leads to one key).
  public func requiredValue(of field: String) -> String? {
    requirements.first { $0.field == field && !$0.isNegated }?.value
  }

  private static func terms(_ query: String) -> [[UInt8]] {
    var terms: [[UInt8]] = [[]]
    var isEscaped = false
    for byte in query.utf8 {
      if !isEscaped && byte == UInt8(ascii: ",") {
        terms.append([])
      } else {
        terms[terms.count - 1].append(byte)
      }
      isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
    }
    return terms
  }

  private static func requirement(_ term: [UInt8], _ query: String) throws(SelectorError) -> Requirement? {
    let equals = UInt8(ascii: "=")
    guard let position = term.firstIndex(of: equals) else { return nil }
    let isNegated = position > 0 && term[position - 1] == UInt8(ascii: "!")
    let field = term[..<(isNegated ? position - 1 : position)]
    var value = term[(position + 1)...]
    if !isNegated && value.first == equals { value = value.dropFirst() }
    guard !field.isEmpty else { return nil }
    return Requirement(
      field: String(decoding: field, as: UTF8.self), value: try unescaped(value, query), isNegated: isNegated)
  }

  private static func unescaped(_ value: ArraySlice<UInt8>, _ query: String) throws(SelectorError) -> String {
    var bytes: [UInt8] = []
    var iterator = value.makeIterator()
    while let byte = iterator.next() {
      if byte == UInt8(ascii: "\\") {
        guard let escaped = iterator.next(), [0x2C, 0x3D, 0x5C].contains(escaped) else {
          throw SelectorError("invalid selector: '\(query)'; '\\' must be followed by ',', '=' or '\\'")
        }
        bytes.append(escaped)
      } else if byte == UInt8(ascii: "=") {
        throw SelectorError("invalid selector: '\(query)'; unescaped '=' in a value")
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
