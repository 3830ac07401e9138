public import Formats

/// What differs between two states of an object, as sets of paths.
public struct StructuralComparison: Sendable, Hashable {
  public internal(set) var added = FieldSet()
  public internal(set) var modified = FieldSet()
  public internal(set) var removed = FieldSet()

  public var isSame: Bool { added.isEmpty && modified.isEmpty && removed.isEmpty }

  mutating func setChild(_ element: FieldElement, _ child: StructuralComparison) {
    added.setChild(element, child.added)
    modified.setChild(element, child.modified)
    removed.setChild(element, child.removed)
  }
}

extension StructuralObjects {
  /// What must be changed in `old` to get `new`.
  public func compare(_ old: JSONValue, _ new: JSONValue) -> StructuralComparison {
    compare(old, new, type)
  }

  private func compare(_ old: JSONValue, _ new: JSONValue, _ type: StructuralType) -> StructuralComparison {
    var result = StructuralComparison()
    switch (old, new) {
    case (.object(let before), .object(let after)) where !type.isAtomicMap:
      for (key, value) in before.members {
        let element = FieldElement.field(key)
        if let other = after[key] {
          compare(value, other, at: element, type, &result)
        } else {
          markAll(value, at: element, type, &result.removed)
        }
      }
      for (key, value) in after.members where !before.contains(key) {
        markAll(value, at: .field(key), type, &result.added, sparingRoots: true)
      }
    case (.array(let before), .array(let after)) where !type.isAtomicList:
      let (oldOrder, oldElements) = type.elements(before)
      let (newOrder, newElements) = type.elements(after)
      for element in oldOrder {
        guard let value = oldElements[element] else { continue }
        if let other = newElements[element] {
          compare(value, other, at: element, type, &result)
        } else {
          markAll(value, at: element, type, &result.removed)
        }
      }
      for element in newOrder where oldElements[element] == nil {
        if let value = newElements[element] { markAll(value, at: element, type, &result.added) }
      }
    default: break
    }
    return result
  }

  private func compare(
    _ old: JSONValue, _ new: JSONValue, at element: FieldElement, _ type: StructuralType,
    _ result: inout StructuralComparison
  ) {
    if old == new { return }
    let child = type.child(element)
    if isGranular(old, child) && isGranular(new, child) && Self.sameForm(old, new) {
      result.setChild(element, compare(old, new, child))
      return
    }
    result.modified.insert(element)
    // What was a structure and is a plain value now, or the reverse.
    result.removed.setChild(element, fieldSet(old, child))
    result.added.setChild(element, fieldSet(new, child))
  }

  /// The value's place and everything below it.
  /// - Parameter sparingRoots: the large parts that every object of a kind has belong to nobody.
  private func markAll(
    _ value: JSONValue, at element: FieldElement, _ type: StructuralType, _ set: inout FieldSet,
    sparingRoots: Bool = false
  ) {
    let child = type.child(element)
    let isCommon =
      sparingRoots && Self.commonParts.contains(element) && isGranular(value, child)
      && value.object?.isEmpty == false
    if !isCommon { set.insert(element) }
    var inner = FieldSet()
    switch value {
    case .object(let object) where !child.isAtomicMap:
      for (key, member) in object.members {
        markAll(member, at: .field(key), child, &inner, sparingRoots: sparingRoots)
      }
    case .array(let elements) where !child.isAtomicList:
      let (order, values) = child.elements(elements)
      for element in order {
        if let value = values[element] { markAll(value, at: element, child, &inner) }
      }
    default: break
    }
    set.setChild(element, inner)
  }

  private static let commonParts: Set<FieldElement> = [
    .field("metadata"), .field("spec"), .field("status"), .field("template"), .field("strategy"),
  ]

  private static func sameForm(_ left: JSONValue, _ right: JSONValue) -> Bool {
    (left.object == nil) == (right.object == nil)
  }
}
