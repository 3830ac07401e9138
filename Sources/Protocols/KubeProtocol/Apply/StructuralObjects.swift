public import Formats

/// Objects of one kind as structures: which paths they hold, how one is merged over another, what is left
/// without some paths. The semantics are those of Kubernetes' structured merge and diff: maps are granular
/// unless the schema says `atomic`, lists are atomic unless it says `map` or `set`.
///
/// Recursion follows the values, whose depth their readers have bounded.
public struct StructuralObjects: Sendable {
  private let schema: Schema?
  private let catalog: SchemaCatalog

  public init(schema: Schema?, catalog: SchemaCatalog) {
    self.schema = schema
    self.catalog = catalog
  }

  var type: StructuralType { StructuralType(schema, catalog) }

  func isGranular(_ value: JSONValue, _ type: StructuralType) -> Bool {
    switch value {
    case .object: !type.isAtomicMap
    case .array: !type.isAtomicList
    default: false
    }
  }

  // MARK: the paths of an object

  /// What an applier of the object comes to own.
  public func fieldSet(_ value: JSONValue) -> FieldSet { fieldSet(value, type) }

  func fieldSet(_ value: JSONValue, _ type: StructuralType) -> FieldSet {
    var set = FieldSet()
    switch value {
    case .object(let object) where !type.isAtomicMap:
      for (key, member) in object.members {
        let element = FieldElement.field(key)
        let child = type.field(key)
        let isEmptyMap = member.object?.isEmpty ?? false
        if !isGranular(member, child) || isEmptyMap || !type.declares(key) { set.insert(element) }
        set.setChild(element, fieldSet(member, child))
      }
    case .array(let elements) where !type.isAtomicList:
      let (order, values) = type.elements(elements)
      for element in order {
        set.insert(element)
        if let member = values[element] { set.setChild(element, fieldSet(member, type.element)) }
      }
    default: break
    }
    return set
  }

  /// Fields of structures that have something of the set below them become members themselves.
  public func withNamedFields(_ set: FieldSet) -> FieldSet { withNamedFields(set, type) }

  private func withNamedFields(_ set: FieldSet, _ type: StructuralType) -> FieldSet {
    var members = set.members
    var children: [FieldElement: FieldSet] = [:]
    for (element, child) in set.children {
      if case .field(let name) = element, type.declares(name) { members.insert(element) }
      children[element] = withNamedFields(child, type.child(element))
    }
    return FieldSet(members: members, children: children)
  }

  // MARK: merging

  /// `overlay` over `base`: what the overlay has wins; elements of associative lists are merged by name.
  public func merge(_ base: JSONValue, _ overlay: JSONValue) -> JSONValue { merge(base, overlay, type) }

  private func merge(_ base: JSONValue, _ overlay: JSONValue, _ type: StructuralType) -> JSONValue {
    switch (base, overlay) {
    case (.object(let members), .object(let changes)) where !type.isAtomicMap:
      var result = members
      for (key, change) in changes.members {
        if change.isNull {
          result[key] = nil
        } else {
          result[key] = result[key].map { merge($0, change, type.field(key)) } ?? change
        }
      }
      return .object(result)
    case (.array(let elements), .array(let changes)) where !type.isAtomicList:
      return .array(mergeLists(elements, changes, type))
    default: return overlay
    }
  }

  /// The overlay's order wins for what both have; what only the base has keeps its place among them.
  private func mergeLists(
    _ base: [JSONValue], _ overlay: [JSONValue], _ type: StructuralType
  ) -> [JSONValue] {
    let (baseOrder, baseElements) = type.elements(base)
    let (order, elements) = type.elements(overlay)
    func merged(_ element: FieldElement) -> JSONValue? {
      guard let change = elements[element] else { return baseElements[element] }
      return baseElements[element].map { merge($0, change, type.element) } ?? change
    }
    var result: [FieldElement] = []
    var shared = order.filter { baseElements[$0] != nil }[...]
    var done: Set<FieldElement> = []
    var left = 0
    var right = 0
    while left < baseOrder.count || right < order.count {
      if left < baseOrder.count, right < order.count {
        let element = baseOrder[left]
        if element == order[right] {
          result.append(element)
          done.insert(element)
          left += 1
          right += 1
          shared = shared.dropFirst()
          continue
        }
        if elements[element] != nil, let next = shared.first, next != element {
          left += 1
          continue
        }
      }
      if left < baseOrder.count {
        let element = baseOrder[left]
        if elements[element] == nil {
          result.append(element)
          left += 1
          continue
        }
        if done.contains(element) { left += 1 }
      }
      if right < order.count {
        let element = order[right]
        result.append(element)
        done.insert(element)
        right += 1
        if shared.first == element { shared = shared.dropFirst() }
      }
    }
    return result.compactMap(merged)
  }

  // MARK: removing

  /// The object without the set's paths. Maps and lists that lose everything go with it.
  public func removing(_ set: FieldSet, from value: JSONValue) -> JSONValue {
    removing(set, from: value, type) ?? .object(JSONObject())
  }

  private func removing(_ set: FieldSet, from value: JSONValue, _ type: StructuralType) -> JSONValue? {
    switch value {
    case .object(let object) where !type.isAtomicMap:
      if object.isEmpty { return value }
      var result = JSONObject()
      for (key, member) in object.members {
        let element = FieldElement.field(key)
        if set.members.contains(element) { continue }
        if let below = set.children[element] {
          result[key] = removing(below, from: member, type.field(key))
        } else {
          result[key] = member
        }
      }
      return result.isEmpty ? nil : .object(result)
    case .array(let elements) where !type.isAtomicList:
      var result: [JSONValue] = []
      for member in elements {
        guard let element = type.identity(member) else {
          result.append(member)
          continue
        }
        if set.members.contains(element) { continue }
        if let below = set.children[element] {
          if let rest = removing(below, from: member, type.element) { result.append(rest) }
        } else {
          result.append(member)
        }
      }
      return result.isEmpty && !elements.isEmpty ? nil : .array(result)
    default: return value
    }
  }
}
