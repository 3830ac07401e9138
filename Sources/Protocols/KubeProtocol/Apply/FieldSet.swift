public import Formats

/// A set of paths through an object: what a manager owns. A path and what lies below it are members of
/// their own, so that taking one away leaves the other.
public struct FieldSet: Sendable, Hashable {
  public private(set) var members: Set<FieldElement> = []
  /// Never holds an empty set.
  public private(set) var children: [FieldElement: FieldSet] = [:]

  public init() {}

  init(members: Set<FieldElement>, children: [FieldElement: FieldSet]) {
    self.members = members
    self.children = children.filter { !$0.value.isEmpty }
  }

  public var isEmpty: Bool { members.isEmpty && children.isEmpty }

  public mutating func insert(_ element: FieldElement) { members.insert(element) }

  /// Puts a set in under a step; an empty one leaves no trace.
  public mutating func setChild(_ element: FieldElement, _ child: FieldSet) {
    children[element] = child.isEmpty ? nil : child
  }

  public mutating func remove(_ element: FieldElement, withDescendants: Bool) {
    members.remove(element)
    if withDescendants { children[element] = nil }
  }

  public func contains(_ path: some Collection<FieldElement>) -> Bool {
    guard let first = path.first else { return false }
    if path.count == 1 { return members.contains(first) }
    return children[first]?.contains(path.dropFirst()) ?? false
  }

  public func union(_ other: FieldSet) -> FieldSet {
    FieldSet(
      members: members.union(other.members),
      children: children.merging(other.children) { $0.union($1) })
  }

  public func intersection(_ other: FieldSet) -> FieldSet {
    var common: [FieldElement: FieldSet] = [:]
    for (element, child) in children {
      if let match = other.children[element] { common[element] = child.intersection(match) }
    }
    return FieldSet(members: members.intersection(other.members), children: common)
  }

  /// Takes exactly the other's paths away, not what lies below them.
  public func subtracting(_ other: FieldSet) -> FieldSet {
    var rest = children
    for (element, child) in other.children {
      if let own = rest[element] { rest[element] = own.subtracting(child) }
    }
    return FieldSet(members: members.subtracting(other.members), children: rest)
  }

  /// Every path, in order.
  public var paths: [[FieldElement]] {
    var result: [[FieldElement]] = []
    var path: [FieldElement] = []
    collect(&path, &result)
    return result
  }

  private func collect(_ path: inout [FieldElement], _ result: inout [[FieldElement]]) {
    for element in sortedElements {
      path.append(element)
      if members.contains(element) { result.append(path) }
      children[element]?.collect(&path, &result)
      path.removeLast()
    }
  }

  private var sortedElements: [FieldElement] {
    members.union(children.keys).sorted(by: FieldElement.precedes)
  }

  // MARK: FieldsV1

  private static let maximumDepth = 64

  /// From the `fieldsV1` of an entry of `managedFields`. Nil where it is malformed.
  public init?(fieldsV1 json: JSONValue) { self.init(json, depth: 0) }

  private init?(_ json: JSONValue, depth: Int) {
    guard let object = json.object, depth < Self.maximumDepth else { return nil }
    for (name, value) in object.members where name != "." {
      guard let element = FieldElement(fieldsV1: name), let content = value.object else { return nil }
      if content.isEmpty {
        members.insert(element)
        continue
      }
      if content.contains(".") { members.insert(element) }
      guard let child = FieldSet(value, depth: depth + 1) else { return nil }
      if !child.isEmpty { children[element] = child }
    }
  }

  /// The `fieldsV1` form.
  public var fieldsV1: JSONValue { .object(fieldsV1Object) }

  private var fieldsV1Object: JSONObject {
    var object = JSONObject()
    for element in sortedElements {
      guard let child = children[element] else {
        object[element.fieldsV1] = [:]
        continue
      }
      var content = child.fieldsV1Object
      if members.contains(element) {
        content = JSONObject(
          [(".", JSONValue.object(JSONObject()))] + content.members.map { ($0.key, $0.value) })
      }
      object[element.fieldsV1] = .object(content)
    }
    return object
  }
}
