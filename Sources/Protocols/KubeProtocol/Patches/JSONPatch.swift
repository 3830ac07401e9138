public import Formats

/// A JSON patch (RFC 6902): a list of operations that all apply, in order, or none does.
///
/// Bounded: at most 10,000 operations, 3 MiB copied by `copy`, 128 levels of nesting in the result.
public struct JSONPatch: Sendable {
  /// The verbs of RFC 6902, section 4.
  public enum Verb: String, Sendable { case add, remove, replace, move, copy, test }

  /// One operation; `from` is there for `move` and `copy`, `value` for `add`, `replace` and `test`.
  public struct Operation: Sendable {
    public var verb: Verb
    public var path: JSONPointer
    public var from: JSONPointer?
    public var value: JSONValue?
  }

  public let operations: [Operation]

  public static let maximumOperations = 10_000
  static let maximumDepth = 128
  static let maximumCopiedBytes = 3 << 20
  static let maximumMovedBytes = 64 << 20

  public init(json: JSONValue) throws(PatchError) {
    guard let items = json.array else {
      throw PatchError(.malformed, "a JSON patch must be an array of operations, not \(json.typeName)")
    }
    guard items.count <= Self.maximumOperations else {
      throw PatchError(
        .tooLarge,
        "The allowed maximum operations in a JSON patch is \(Self.maximumOperations), got \(items.count)")
    }
    var operations: [Operation] = []
    operations.reserveCapacity(items.count)
    for (index, item) in items.enumerated() { operations.append(try Self.operation(item, index)) }
    self.operations = operations
  }

  /// Parses and applies in one step.
  public static func apply(_ patch: JSONValue, to document: JSONValue) throws(PatchError) -> JSONValue {
    try JSONPatch(json: patch).apply(to: document)
  }

  public func apply(to document: JSONValue) throws(PatchError) -> JSONValue {
    var run = JSONPatchRun(document: document)
    for (index, operation) in operations.enumerated() {
      do {
        try run.apply(operation)
      } catch {
        let verb = operation.verb.rawValue
        throw PatchError(error.code, "operation \(index) (\(verb) \(operation.path)): \(error.message)")
      }
    }
    return run.document
  }

  private static func operation(_ item: JSONValue, _ index: Int) throws(PatchError) -> Operation {
    func malformed(_ why: String) -> PatchError { PatchError(.malformed, "operation \(index): \(why)") }
    guard item.object != nil else { throw malformed("must be an object, not \(item.typeName)") }
    guard let name = item["op"]?.string else { throw malformed("\"op\" is missing") }
    guard let verb = Verb(rawValue: name) else {
      throw malformed("unknown op \"\(name)\"; use add, remove, replace, move, copy or test")
    }
    func pointer(_ member: String) throws(PatchError) -> JSONPointer {
      guard let text = item[member]?.string else { throw malformed("\(name) needs \"\(member)\"") }
      guard let pointer = JSONPointer(text) else {
        throw malformed("\"\(member)\": \"\(text)\" is no JSON pointer; it must look like /spec/replicas")
      }
      return pointer
    }
    var operation = Operation(verb: verb, path: try pointer("path"))
    switch verb {
    case .add, .replace, .test:
      guard let value = item["value"] else { throw malformed("\(name) needs \"value\"") }
      operation.value = value
    case .move, .copy: operation.from = try pointer("from")
    case .remove: break
    }
    return operation
  }
}

/// One application of a patch: the document so far, and what copying and moving has cost.
struct JSONPatchRun {
  private(set) var document: JSONValue
  private var copiedBytes = 0
  private var movedBytes = 0

  init(document: JSONValue) { self.document = document }

  mutating func apply(_ operation: JSONPatch.Operation) throws(PatchError) {
    let path = operation.path
    switch operation.verb {
    case .add: try add(operation.value ?? .null, at: path)
    case .remove: _ = try remove(at: path)
    case .replace: try replace(operation.value ?? .null, at: path)
    case .move:
      guard let from = operation.from else { throw PatchError(.malformed, "move needs \"from\"") }
      if from == path {
        _ = try value(at: from)
        return
      }
      guard !path.begins(with: from) else {
        throw PatchError(.notApplicable, "a value cannot be moved into itself (from \(from))")
      }
      let moved = try remove(at: from)
      movedBytes = try charged(moved, to: movedBytes, limit: JSONPatch.maximumMovedBytes)
      try add(moved, at: path)
    case .copy:
      guard let from = operation.from else { throw PatchError(.malformed, "copy needs \"from\"") }
      let copied = try value(at: from)
      copiedBytes = try charged(copied, to: copiedBytes, limit: JSONPatch.maximumCopiedBytes)
      try add(copied, at: path)
    case .test: try test(operation.value ?? .null, at: path)
    }
  }

  private func charged(_ value: JSONValue, to spent: Int, limit: Int) throws(PatchError) -> Int {
    let total = spent + value.measures.bytes
    guard total <= limit else {
      throw PatchError(.tooLarge, "the patch moves or copies more than \(limit) bytes")
    }
    return total
  }

  private func value(at path: JSONPointer) throws(PatchError) -> JSONValue {
    var current = document
    for token in path.tokens {
      let next: JSONValue?
      switch current {
      case .object(let object): next = object[token]
      case .array(let elements): next = Self.index(token, below: elements.count).map { elements[$0] }
      default: next = nil
      }
      guard let next else { throw Self.missing(path) }
      current = next
    }
    return current
  }

  private func test(_ expected: JSONValue, at path: JSONPointer) throws(PatchError) {
    let found: JSONValue
    do {
      found = try value(at: path)
    } catch {
      // Kubernetes' patch library takes a missing value for null.
      if expected.isNull { return }
      throw error
    }
    guard found.isEquivalent(to: expected) else {
      throw PatchError(.testFailed, "test failed: the value is not the expected one")
    }
  }

  /// Makes `value` the whole document, or has `change` put it into the container it belongs to.
  private mutating func put(
    _ value: JSONValue, at path: JSONPointer,
    change: (inout JSONValue, _ token: String) throws(PatchError) -> Void
  ) throws(PatchError) {
    guard path.tokens.count + value.measures.depth <= JSONPatch.maximumDepth else {
      throw PatchError(.tooLarge, "the result would be nested deeper than \(JSONPatch.maximumDepth) levels")
    }
    guard !path.tokens.isEmpty else {
      document = value
      return
    }
    try self.change(path, change)
  }

  private mutating func add(_ value: JSONValue, at path: JSONPointer) throws(PatchError) {
    try put(value, at: path) { (container, token) throws(PatchError) in
      switch container {
      case .object(var object):
        container = .null
        object[token] = value
        container = .object(object)
      case .array(var elements):
        guard let index = token == "-" ? elements.count : Self.index(token, below: elements.count + 1) else {
          throw Self.badIndex(token, count: elements.count)
        }
        container = .null
        elements.insert(value, at: index)
        container = .array(elements)
      default: throw PatchError(.notApplicable, "the parent is \(container.typeName), not an object or array")
      }
    }
  }

  private mutating func replace(_ value: JSONValue, at path: JSONPointer) throws(PatchError) {
    _ = try self.value(at: path)
    try put(value, at: path) { (container, token) throws(PatchError) in
      switch container {
      case .object(var object):
        container = .null
        object[token] = value
        container = .object(object)
      case .array(var elements):
        guard let index = Self.index(token, below: elements.count) else { throw Self.missing(path) }
        container = .null
        elements[index] = value
        container = .array(elements)
      default: throw Self.missing(path)
      }
    }
  }

  private mutating func remove(at path: JSONPointer) throws(PatchError) -> JSONValue {
    let removed = try value(at: path)
    guard !path.tokens.isEmpty else {
      throw PatchError(.notApplicable, "the whole document cannot be removed")
    }
    try change(path) { (container, token) throws(PatchError) in
      switch container {
      case .object(var object):
        container = .null
        object.removeValue(forKey: token)
        container = .object(object)
      case .array(var elements):
        guard let index = Self.index(token, below: elements.count) else { throw Self.missing(path) }
        container = .null
        elements.remove(at: index)
        container = .array(elements)
      default: throw Self.missing(path)
      }
    }
    return removed
  }

  /// Calls `body` with the container that the path's last token is looked up in.
  private mutating func change(
    _ path: JSONPointer, _ body: (inout JSONValue, String) throws(PatchError) -> Void
  ) throws(PatchError) {
    try Self.descend(&document, path, path.tokens[...], body)
  }

  private static func descend(
    _ value: inout JSONValue, _ path: JSONPointer, _ tokens: ArraySlice<String>,
    _ body: (inout JSONValue, String) throws(PatchError) -> Void
  ) throws(PatchError) {
    guard let token = tokens.first else { return }
    if tokens.count == 1 {
      try body(&value, token)
      return
    }
    // The child is taken out while it changes, so that its storage has one owner and is not copied.
    switch value {
    case .object(var object):
      guard var child = object[token] else { throw missing(path) }
      value = .null
      object[token] = .null
      try descend(&child, path, tokens.dropFirst(), body)
      object[token] = child
      value = .object(object)
    case .array(var elements):
      guard let index = index(token, below: elements.count) else { throw missing(path) }
      value = .null
      try descend(&elements[index], path, tokens.dropFirst(), body)
      value = .array(elements)
    default: throw missing(path)
    }
  }

  private static func index(_ token: String, below count: Int) -> Int? {
    let digits = token.utf8
    guard !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      digits.count == 1 || digits.first != UInt8(ascii: "0"), let index = Int(token), index < count
    else { return nil }
    return index
  }

  private static func missing(_ path: JSONPointer) -> PatchError {
    PatchError(.notApplicable, "doc is missing path: \(path)")
  }

  private static func badIndex(_ token: String, count: Int) -> PatchError {
    PatchError(.notApplicable, "\"\(token)\" is no index into an array of \(count) elements")
  }
}
