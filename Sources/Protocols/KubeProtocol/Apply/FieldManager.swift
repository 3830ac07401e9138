public import Formats

/// Keeps managed fields in step with writes, and applies configurations (server-side apply).
///
/// The algorithm is that of Kubernetes: an applier owns what it sends, loses what it no longer sends, and
/// may not change what others own unless it forces; an updater comes to own what it changes.
public struct FieldManager: Sendable {
  private let objects: StructuralObjects
  private let apiVersion: String
  private let subresource: String
  private let hasStatus: Bool

  /// - Parameters:
  ///   - apiVersion: in which the paths are written.
  ///   - subresource: through which the write comes; "" for the object itself.
  ///   - hasStatus: writes to the object itself leave its status alone.
  public init(
    schema: Schema, catalog: SchemaCatalog, apiVersion: String, subresource: String = "", hasStatus: Bool
  ) {
    objects = StructuralObjects(schema: schema, catalog: catalog)
    self.apiVersion = apiVersion
    self.subresource = subresource
    self.hasStatus = hasStatus
  }

  // MARK: updates

  /// Managed fields after a write that is no apply.
  /// - Parameter old: the stored object; nil on creation.
  public func update(
    _ managed: ManagedFields, old: JSONValue?, new: JSONValue, manager name: String, time: String
  ) -> ManagedFields {
    var result = managed
    let manager = ManagedFields.Manager(
      name, .update, apiVersion: apiVersion, subresource: subresource)
    let comparison = objects.compare(tracked(old ?? [:]), tracked(new))
    if comparison.isSame { return managed }
    _ = settle(&result, comparison, except: manager)
    let before = result.entries[manager]
    var fields = before?.fields ?? FieldSet()
    fields = fields.subtracting(comparison.removed).union(comparison.modified).union(comparison.added)
    if before?.fields != fields {
      result.entries[manager] = ManagedFields.Entry(apiVersion: apiVersion, time: time, fields: fields)
    }
    result.entries = result.entries.filter { !$0.value.fields.isEmpty }
    result.bound()
    return result
  }

  // MARK: apply

  /// - Parameters:
  ///   - live: the stored object, or the bare address of one that is to be made.
  ///   - configuration: what the applier sends.
  ///   - force: takes over what others own.
  /// - Returns: the object, with other members than the tracked ones as they were, and its managed fields.
  public func apply(
    _ configuration: JSONValue, to live: JSONValue, _ managed: ManagedFields, manager name: String,
    force: Bool, time: String
  ) throws(ApplyConflicts) -> (object: JSONValue, managed: ManagedFields) {
    let manager = ManagedFields.Manager(
      name, .apply, apiVersion: apiVersion, subresource: subresource)
    let wished = tracked(configuration)
    let before = tracked(live)
    var result = managed
    let last = result.entries[manager]
    let fields = objects.fieldSet(wished)
    result.entries[manager] = ManagedFields.Entry(
      apiVersion: apiVersion, time: last?.fields == fields ? last?.time ?? time : time, fields: fields)
    var merged = objects.merge(before, wished)
    if let last, !last.fields.isEmpty { merged = prune(merged, result, last.fields) }
    let comparison = objects.compare(before, merged)
    var settled = result
    let conflicts = settle(&settled, comparison, except: manager)
    if !force && !conflicts.isEmpty { throw ApplyConflicts(conflicts: conflicts) }
    settled.entries = settled.entries.filter { !$0.value.fields.isEmpty }
    return (restored(merged, live), settled)
  }

  /// The paths at which a configuration that a client applied by itself still stands as it was.
  public func unchangedFields(of lastApplied: JSONValue, in live: JSONValue) -> FieldSet {
    let applied = tracked(lastApplied)
    let comparison = objects.compare(applied, tracked(live))
    return objects.fieldSet(applied).subtracting(comparison.modified).subtracting(comparison.removed)
      .subtracting(comparison.added)
  }

  /// Takes changed fields from their other owners, and gone ones from everybody.
  private func settle(
    _ managed: inout ManagedFields, _ comparison: StructuralComparison, except manager: ManagedFields.Manager
  ) -> [ApplyConflicts.Conflict] {
    var conflicts: [ApplyConflicts.Conflict] = []
    let changed = comparison.modified.union(comparison.added)
    for (other, entry) in managed.entries where other != manager {
      let lost = entry.fields.intersection(changed)
      conflicts += lost.paths.map { .init(manager: other, time: entry.time, path: $0) }
      managed.entries[other]?.fields = entry.fields.subtracting(lost).subtracting(comparison.removed)
    }
    return conflicts.sorted { left, right in
      let (first, second) = (left.path.map(\.pathText).joined(), right.path.map(\.pathText).joined())
      return (left.manager.name, first) < (right.manager.name, second)
    }
  }

  /// Takes away what the applier sent last time and does not send any more, unless somebody else owns it.
  private func prune(_ merged: JSONValue, _ managed: ManagedFields, _ last: FieldSet) -> JSONValue {
    let lastNamed = objects.withNamedFields(last)
    var pruned = objects.removing(lastNamed, from: merged)
    let mergedSet = objects.withNamedFields(objects.fieldSet(merged))
    var owned = FieldSet()
    for entry in managed.entries.values { owned = owned.union(entry.fields) }
    let kept = objects.withNamedFields(objects.fieldSet(pruned)).union(objects.withNamedFields(owned))
    pruned = objects.removing(mergedSet.subtracting(kept), from: merged)
    let prunedSet = objects.withNamedFields(objects.fieldSet(pruned))
    return objects.removing(mergedSet.subtracting(prunedSet).intersection(lastNamed), from: merged)
  }

  // MARK: what is tracked

  private static let serverMetadata = [
    "name", "namespace", "creationTimestamp", "selfLink", "uid", "generation", "managedFields",
    "resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds",
  ]

  /// The members that managers can own: not the object's address, and of status and the rest only what the
  /// write may touch.
  private func tracked(_ json: JSONValue) -> JSONValue {
    guard let object = json.object else { return [:] }
    if subresource == "status" {
      return object["status"].map { .object(JSONObject([("status", $0)])) } ?? [:]
    }
    var result = object
    result.removeValue(forKey: "apiVersion")
    result.removeValue(forKey: "kind")
    if hasStatus { result.removeValue(forKey: "status") }
    if var metadata = object["metadata"]?.object {
      for key in Self.serverMetadata { metadata.removeValue(forKey: key) }
      result["metadata"] = metadata.isEmpty ? nil : .object(metadata)
    }
    return .object(result)
  }

  /// The tracked members of `merged` in the object that they come from.
  private func restored(_ merged: JSONValue, _ live: JSONValue) -> JSONValue {
    if subresource == "status" {
      var result = live
      result["status"] = merged["status"]
      return result
    }
    var result = JSONObject()
    for key in ["apiVersion", "kind"] { result[key] = live[key] }
    var metadata = merged["metadata"]?.object ?? JSONObject()
    for key in Self.serverMetadata { metadata[key] = live["metadata"]?[key] }
    result["metadata"] = .object(metadata)
    for (key, value) in merged.object?.members ?? [] where key != "metadata" { result[key] = value }
    if hasStatus { result["status"] = live["status"] }
    return .object(result)
  }
}
