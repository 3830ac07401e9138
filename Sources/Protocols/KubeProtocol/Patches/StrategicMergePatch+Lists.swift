internal import Formats

/// What makes two elements of a merged list the same: their merge key's value, or the scalar itself.
enum MergeIdentity: Hashable {
  case text(String)
  case integer(Int64)
  case other(JSONValue)

  init(_ value: JSONValue) {
    if let text = value.string {
      self = .text(text)
    } else if let integer = value.int {
      self = .integer(integer)
    } else {
      self = .other(value)
    }
  }
}

extension StrategicMerger {
  func mergeLists(
    _ original: [JSONValue], _ changes: [JSONValue], _ field: Field, at path: String
  ) throws(PatchError) -> [JSONValue] {
    guard field.strategy == "merge" else { return changes.compactMap(Self.cleanedElement) }
    if original.isEmpty && changes.isEmpty { return [] }
    guard try Self.holdsObjects(original + changes, path) else {
      return Self.ordered(Self.unique(original + changes), by: changes, then: original, key: nil)
    }
    guard let key = field.mergeKey else {
      throw PatchError(.notApplicable, "\(Self.place(path))cannot merge lists of objects without a merge key")
    }
    let (kept, merging) = try applyElementDirectives(original, changes, key, path)
    let merged = try mergeElements(kept, merging, key, field, path)
    return Self.ordered(merged, by: merging, then: kept, key: key)
  }

  /// `$patch: delete` removes the matching element, `$patch: replace` the whole original list.
  private func applyElementDirectives(
    _ original: [JSONValue], _ changes: [JSONValue], _ key: String, _ path: String
  ) throws(PatchError) -> (kept: [JSONValue], merging: [JSONValue]) {
    var replaces = false
    var deleted: Set<MergeIdentity> = []
    var merging: [JSONValue] = []
    for change in changes {
      guard let directive = change[Self.patchDirective] else {
        merging.append(change)
        continue
      }
      switch directive.string {
      case "replace":
        replaces = true
        if change.object?.count != 1, let element = Self.cleanedElement(change) { merging.append(element) }
      case "delete": deleted.insert(try Self.identity(change, key, path))
      case "merge":
        var element = change
        element[Self.patchDirective] = nil
        merging.append(element)
      default: throw Self.badDirective(directive, path)
      }
    }
    if replaces { return (merging.compactMap(Self.cleanedElement), []) }
    if deleted.isEmpty { return (original, merging) }
    let kept = original.filter { element in
      element[key].map { !deleted.contains(MergeIdentity($0)) } ?? true
    }
    return (kept, merging)
  }

  private func mergeElements(
    _ original: [JSONValue], _ changes: [JSONValue], _ key: String, _ field: Field, _ path: String
  ) throws(PatchError) -> [JSONValue] {
    let elementSchema = field.schema.flatMap(\.parts.items)
    var result = original
    var positions = Self.positions(original, key: key)
    for change in changes {
      let identity = try Self.identity(change, key, path)
      guard let position = positions[identity] else {
        positions[identity] = result.count
        result.append(Self.cleaned(change))
        continue
      }
      guard let members = result[position].object, let patch = change.object else { continue }
      result[position] = .object(try merge(members, patch, elementSchema, at: "\(path)[\(position)]"))
    }
    return result
  }

  /// Handles `$setElementOrder/<field>`, together with the patch list of that field, which is taken out of
  /// `patch`.
  func applyElementOrders(
    _ result: inout JSONObject, _ patch: inout JSONObject, _ schema: Schema?, _ path: String
  ) throws(PatchError) {
    for (directive, value) in patch.members where directive.hasPrefix(Self.orderPrefix) {
      patch.removeValue(forKey: directive)
      let name = String(directive.dropFirst(Self.orderPrefix.count))
      guard let order = value.array else {
        throw PatchError(.malformed, "\(Self.place(path))\(directive) must be a list")
      }
      let field = field(name, of: schema)
      let original = result[name]?.array
      let changes = patch[name]?.array
      if let change = patch[name], changes == nil, !change.isNull {
        throw PatchError(.malformed, "\(Self.place(path))\(name) must be a list, as \(directive) says")
      }
      if original == nil && changes == nil { continue }
      let holdsObjects = try Self.holdsObjects((original ?? []) + (changes ?? []), path)
      let key = holdsObjects ? field.mergeKey : nil
      if holdsObjects && key == nil { continue }  // an atomic list: the order is that of the patch list
      try Self.check(changes ?? [], follow: order, key: key, directive: directive, path)
      let deletions = patch.removeValue(forKey: Self.deletePrefix + name)
      patch.removeValue(forKey: name)
      var merged: [JSONValue]
      if let original, let changes {
        merged = try mergeLists(original, changes, field, at: path + "." + name)
      } else {
        merged = original ?? (changes ?? []).compactMap(Self.cleanedElement)
      }
      if let unwanted = deletions?.array {
        let identities = Set(unwanted.map(MergeIdentity.init))
        merged.removeAll { identities.contains(MergeIdentity($0)) }
      }
      result[name] = .array(Self.ordered(merged, by: order, then: original ?? [], key: key))
    }
  }

  /// Every element of the patch list must stand in the order list, in the same order.
  private static func check(
    _ changes: [JSONValue], follow order: [JSONValue], key: String?, directive: String, _ path: String
  ) throws(PatchError) {
    var remaining = order.map { identity($0, key) }[...]
    for change in changes {
      if let kind = change[patchDirective]?.string, kind == "delete" || kind == "replace" { continue }
      let wanted = identity(change, key)
      guard let position = remaining.firstIndex(of: wanted) else {
        throw PatchError(
          .malformed, "\(place(path))the order in the patch list doesn't match the \(directive) list")
      }
      remaining = remaining[(position + 1)...]
    }
  }

  /// Puts the elements that the patch names into its order and weaves the others in where the original had
  /// them.
  private static func ordered(
    _ merged: [JSONValue], by patchOrder: [JSONValue], then originalOrder: [JSONValue], key: String?
  ) -> [JSONValue] {
    let patchPositions = positions(patchOrder, key: key)
    let originalPositions = positions(originalOrder, key: key)
    func sorted(_ elements: [JSONValue], _ order: [MergeIdentity: Int]) -> [JSONValue] {
      elements.enumerated()
        .map { (position: order[identity($1, key)] ?? .max, offset: $0, element: $1) }
        .sorted { ($0.position, $0.offset) < ($1.position, $1.offset) }
        .map(\.element)
    }
    let fromPatch = sorted(merged.filter { patchPositions[identity($0, key)] != nil }, patchPositions)
    let others = sorted(merged.filter { patchPositions[identity($0, key)] == nil }, originalPositions)
    var result: [JSONValue] = []
    result.reserveCapacity(merged.count)
    var next = 0
    for element in fromPatch {
      if let place = originalPositions[identity(element, key)] {
        while next < others.count, let other = originalPositions[identity(others[next], key)], other < place {
          result.append(others[next])
          next += 1
        }
      }
      result.append(element)
    }
    return result + others[next...]
  }

  private static func unique(_ elements: [JSONValue]) -> [JSONValue] {
    var seen: Set<MergeIdentity> = []
    return elements.filter { seen.insert(MergeIdentity($0)).inserted }
  }

  private static func positions(_ elements: [JSONValue], key: String?) -> [MergeIdentity: Int] {
    var positions: [MergeIdentity: Int] = [:]
    for (index, element) in elements.enumerated() {
      let identity = identity(element, key)
      if positions[identity] == nil { positions[identity] = index }
    }
    return positions
  }

  private static func identity(_ element: JSONValue, _ key: String?) -> MergeIdentity {
    guard let key else { return MergeIdentity(element) }
    return element[key].map(MergeIdentity.init) ?? .other(element)
  }

  private static func identity(
    _ element: JSONValue, _ key: String, _ path: String
  ) throws(PatchError) -> MergeIdentity {
    guard let value = element[key] else {
      throw PatchError(
        .malformed,
        "\(place(path))map: \(element.encodedText.prefix(200)) does not contain declared merge key: \(key)")
    }
    return MergeIdentity(value)
  }

  /// Lists hold objects only or scalars only.
  private static func holdsObjects(_ elements: [JSONValue], _ path: String) throws(PatchError) -> Bool {
    let objects = elements.count { $0.object != nil }
    guard objects == 0 || objects == elements.count else {
      throw PatchError(.malformed, "\(place(path))a merged list must not mix objects and other values")
    }
    return objects > 0
  }
}
