public import Formats

/// Kubernetes' strategic merge: like a merge patch, but lists whose schema names a merge key are merged
/// element by element, and directives (`$patch`, `$retainKeys`, `$setElementOrder/…`,
/// `$deleteFromPrimitiveList/…`) steer it.
///
/// Behaves as apimachinery's `strategicpatch` on the server's side. Fields that the schema does not know are
/// merged as by a merge patch.
public enum StrategicMergePatch {
  /// - Parameter schema: of the patched object; references are looked up in `catalog`.
  public static func apply(
    _ patch: JSONValue, to original: JSONValue, schema: Schema, catalog: SchemaCatalog
  ) throws(PatchError) -> JSONValue {
    guard let changes = patch.object else {
      throw PatchError(.malformed, "a strategic merge patch must be an object, not \(patch.typeName)")
    }
    guard let members = original.object else {
      throw PatchError(.notApplicable, "the patched value must be an object, not \(original.typeName)")
    }
    return .object(try StrategicMerger(catalog: catalog).merge(members, changes, schema, at: ""))
  }

  /// Merges one object of a kind over another: a container of an InferenceService over the one of its
  /// runtime.
  public static func merge(
    base: JSONValue, overlay: JSONValue, schema: Schema, catalog: SchemaCatalog
  ) throws(PatchError) -> JSONValue {
    try apply(overlay, to: base, schema: schema, catalog: catalog)
  }
}

/// The recursive merge; its depth is that of the patch, which its reader has bounded.
struct StrategicMerger {
  static let patchDirective = "$patch"
  static let retainKeysDirective = "$retainKeys"
  static let orderPrefix = "$setElementOrder/"
  static let deletePrefix = "$deleteFromPrimitiveList/"

  let catalog: SchemaCatalog

  /// What the schema says of one field.
  struct Field {
    /// Of the field's value; nil where unknown.
    var schema: Schema?
    var mergeKey: String?
    /// `merge`, `replace` or nil.
    var strategy: String?
  }

  func merge(
    _ original: JSONObject, _ changes: JSONObject, _ schema: Schema?, at path: String
  ) throws(PatchError) -> JSONObject {
    var patch = changes
    if let directive = patch.removeValue(forKey: Self.patchDirective) {
      switch directive.string {
      case "replace": return Self.cleaned(patch)
      case "delete": return JSONObject()
      case "merge": break
      default: throw Self.badDirective(directive, path)
      }
    }
    var result = original
    try retainKeys(&result, &patch, path)
    try applyElementOrders(&result, &patch, schema, path)
    for (key, change) in patch.members {
      if key.hasPrefix(Self.deletePrefix) {
        try deleteFromList(&result, field: String(key.dropFirst(Self.deletePrefix.count)), change, path)
      } else if change.isNull {
        result.removeValue(forKey: key)
      } else {
        result[key] = try merged(result[key], change, field(key, of: schema), at: path + "." + key)
      }
    }
    return result
  }

  private func merged(
    _ original: JSONValue?, _ change: JSONValue, _ field: Field, at path: String
  ) throws(PatchError) -> JSONValue {
    switch (original, change) {
    case (.object(let members)?, .object(let changes)):
      if field.strategy == "replace" { return .object(Self.cleaned(changes)) }
      return .object(try merge(members, changes, field.schema, at: path))
    case (.array(let elements)?, .array(let changes)):
      return .array(try mergeLists(elements, changes, field, at: path))
    default:
      return Self.cleaned(change)
    }
  }

  /// The field's metadata: first what stands at the field itself, then what its definition says.
  func field(_ name: String, of schema: Schema?) -> Field {
    guard let schema else { return Field() }
    let parent = catalog.resolve(schema)
    guard let declared = parent.property(name) ?? parent.parts.additionalProperties else { return Field() }
    let resolved = catalog.resolve(declared)
    let strategies =
      declared.parts.patchStrategies.isEmpty ? resolved.parts.patchStrategies : declared.parts.patchStrategies
    return Field(
      schema: resolved, mergeKey: declared.parts.patchMergeKey ?? resolved.parts.patchMergeKey,
      strategy: strategies.first { $0 != "retainKeys" })
  }

  private func retainKeys(_ result: inout JSONObject, _ patch: inout JSONObject, _ path: String)
    throws(PatchError)
  {
    guard let directive = patch.removeValue(forKey: Self.retainKeysDirective) else { return }
    guard let names = directive.array else {
      throw PatchError(
        .malformed, "\(Self.place(path))\(Self.retainKeysDirective) must be a list of field names")
    }
    let retained = Set(names.compactMap(\.string))
    for (key, value) in patch.members {
      if value.isNull || key.hasPrefix(Self.orderPrefix) || key.hasPrefix(Self.deletePrefix) { continue }
      guard retained.contains(key) else {
        throw PatchError(
          .malformed,
          "\(Self.place(path))\(Self.retainKeysDirective) must name every field of the patch, "
            + "but lacks \"\(key)\""
        )
      }
    }
    for key in result.keys where !retained.contains(key) { result.removeValue(forKey: key) }
  }

  private func deleteFromList(
    _ result: inout JSONObject, field name: String, _ change: JSONValue, _ path: String
  ) throws(PatchError) {
    guard let unwanted = change.array else {
      throw PatchError(.malformed, "\(Self.place(path))\(Self.deletePrefix)\(name) must be a list")
    }
    guard let elements = result[name]?.array else { return }
    let identities = Set(unwanted.map(MergeIdentity.init))
    result[name] = .array(elements.filter { !identities.contains(MergeIdentity($0)) })
  }

  /// A value that goes in as it is: without directives and nulls.
  static func cleaned(_ value: JSONValue) -> JSONValue {
    switch value {
    case .object(let object): .object(cleaned(object))
    case .array(let elements): .array(elements.compactMap(cleanedElement))
    default: value
    }
  }

  static func cleaned(_ object: JSONObject) -> JSONObject {
    if object[patchDirective]?.string == "delete" { return JSONObject() }
    var result = JSONObject()
    for (key, value) in object.members where !value.isNull && !isDirective(key) {
      result[key] = cleaned(value)
    }
    return result
  }

  /// Nil for an element that only carries a directive.
  static func cleanedElement(_ element: JSONValue) -> JSONValue? {
    if let directive = element[patchDirective]?.string {
      if directive == "delete" || element.object?.count == 1 { return nil }
    }
    return cleaned(element)
  }

  private static func isDirective(_ key: String) -> Bool {
    key == patchDirective || key == retainKeysDirective || key.hasPrefix(orderPrefix)
      || key.hasPrefix(deletePrefix)
  }

  static func badDirective(_ directive: JSONValue, _ path: String) -> PatchError {
    PatchError(
      .malformed, "\(place(path))unknown patch type \(directive.encodedText); use delete, replace or merge")
  }

  static func place(_ path: String) -> String { path.isEmpty ? "" : "\(path.dropFirst()): " }
}
