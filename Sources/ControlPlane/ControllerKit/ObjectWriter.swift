internal import Formats
public import KubeClient
public import KubeProtocol

/// Writes the difference between wanted and existing objects, and removes children that are no longer wanted.
public struct ObjectWriter: Sendable {
  public enum Outcome: Sendable, Hashable { case created, updated, unchanged }

  /// Holds the hash of what was wanted at the last write: tells that a member is no longer wanted, which a
  /// comparison of what *is* wanted cannot see.
  public static let desiredHashAnnotation = "apus.dev/desired-hash"

  /// Names the labels and annotations of the last write, so that one that is no longer wanted goes, and those
  /// of other writers stay.
  public static let desiredKeysAnnotation = "apus.dev/desired-keys"

  private let client: KubeClient

  public init(_ client: KubeClient) { self.client = client }

  /// Brings the object to the desired state.
  ///
  /// - Each member of `desired` besides `metadata` and `status` wins: for `spec`, each member of it wholly
  ///   replaces the existing one; members that `desired` does not mention stay (replicas set by a scaler,
  ///   `clusterIP`); `null` removes. Other top-level members (`data`, `subsets`, …) are replaced wholly.
  /// - Labels and annotations of `desired` are added to the existing ones, those that only an earlier write
  ///   wanted are removed; owner references are added by uid.
  /// - What is wanted as it was at the last write, and looks different, is sent as a dry run first: where the
  ///   server would store what is there (it has a form of its own for it), nothing is written.
  /// - Parameter existing: as in the informer, nil where it is not there. A stale one costs one more read.
  /// - Throws: `TerminalError` where the object belongs to another controller; `KubeError` else.
  @discardableResult
  public func apply(
    _ resource: KubeResource, desired: KubeObject, existing: KubeObject?
  ) async throws -> (outcome: Outcome, object: KubeObject) {
    guard let existing else {
      do {
        return (.created, try await client.create(resource, Self.makeCreated(desired)))
      } catch let error as KubeError where error.reason == .alreadyExists {
        // The cache has not seen it yet, or somebody else made it.
        let live = try await client.get(resource, namespace: desired.namespace, name: desired.name)
        return try await update(resource, desired, live)
      }
    }
    do {
      return try await update(resource, desired, existing)
    } catch let error as KubeError where error.reason == .conflict {
      let live = try await client.get(resource, namespace: desired.namespace, name: desired.name)
      return try await update(resource, desired, live)
    } catch let error as KubeError where error.reason == .notFound {
      return (.created, try await client.create(resource, Self.makeCreated(desired)))
    }
  }

  private func update(
    _ resource: KubeResource, _ desired: KubeObject, _ existing: KubeObject
  ) async throws -> (outcome: Outcome, object: KubeObject) {
    if let owner = existing.controllerReference, let wanted = desired.controllerReference,
      owner.uid != wanted.uid
    {
      throw TerminalError(
        "\(resource.kind) \"\(existing.key)\" belongs to \(owner.kind) \"\(owner.name)\": "
          + "rename one of the two, or delete the other")
    }
    if existing.isBeingDeleted {
      throw KubeError.conflict(resource, existing.name, "the object is being deleted")
    }
    if Self.difference(desired: desired, existing: existing) == nil { return (.unchanged, existing) }
    let updated = Self.makeUpdated(desired: desired, existing: existing)
    if existing.annotations[Self.desiredHashAnnotation] == Self.hash(of: desired) {
      let stored = try await client.update(resource, updated, isDryRun: true)
      if Self.isSame(stored, existing) { return (.unchanged, existing) }
    }
    return (.updated, try await client.update(resource, updated))
  }

  /// Whether two forms of an object differ in nothing but what the server counts.
  private static func isSame(_ one: KubeObject, _ other: KubeObject) -> Bool {
    func content(_ object: KubeObject) -> JSONValue {
      var json = object.json
      json["status"] = nil
      for key in ["resourceVersion", "generation", "managedFields"] { json.set(nil, at: "metadata", key) }
      return StableHash.canonical(json)
    }
    return content(one) == content(other)
  }

  /// Deletes the children of `owner` in the informer that are not in `keep`. Returns the deleted keys.
  @discardableResult
  public func prune(
    _ informer: Informer, ownedBy owner: KubeObject, keep: Set<ObjectKey>
  ) async throws -> [ObjectKey] {
    var deleted: [ObjectKey] = []
    for child in informer.owned(by: owner.uid) where !keep.contains(child.key) && !child.isBeingDeleted {
      try await delete(informer.resource, child)
      deleted.append(child.key)
    }
    return deleted
  }

  /// Deletes this very object (by uid), with what it owns; one that is gone already is no error.
  public func delete(_ resource: KubeResource, _ object: KubeObject) async throws {
    do {
      try await client.delete(
        resource, namespace: object.namespace, name: object.name, uid: object.uid.isEmpty ? nil : object.uid,
        propagation: "Background")
    } catch let error as KubeError where error.reason == .notFound {
      return
    }
  }

  /// Writes the status where it differs from the existing object's. The status is taken as a whole; an object
  /// that was replaced meanwhile is left alone.
  @discardableResult
  public func applyStatus(
    _ resource: KubeResource, _ object: KubeObject, existing: KubeObject
  ) async throws -> Outcome {
    let wanted = object.status ?? [:]
    if StableHash.canonical(wanted) == StableHash.canonical(existing.status ?? [:]) { return .unchanged }
    var written = existing
    written.status = wanted
    do {
      try await client.updateStatus(resource, written)
    } catch let error as KubeError where error.reason == .conflict {
      // A status has one author: somebody else's write to the rest of the object does not make it wrong.
      written = try await client.get(resource, namespace: existing.namespace, name: existing.name)
      guard written.uid == existing.uid else { return .unchanged }
      written.status = wanted
      try await client.updateStatus(resource, written)
    }
    return .updated
  }

  // MARK: pure parts

  /// The first difference that calls for a write; nil where the object is as desired.
  public static func difference(desired: KubeObject, existing: KubeObject) -> String? {
    if existing.annotations[desiredHashAnnotation] != hash(of: desired) { return "what is wanted" }
    var wanted = desired.json
    wanted["status"] = nil
    wanted["metadata"] = nil
    wanted["apiVersion"] = nil
    wanted["kind"] = nil
    if let path = StructuralDifference.first(desired: wanted, existing: existing.json) { return path }
    for key in ["labels", "annotations"] {
      if let map = desired.metadata[key],
        let path = StructuralDifference.first(desired: map, existing: existing.metadata[key], path: key)
      {
        return "metadata.\(path)"
      }
    }
    let owners = Set(existing.ownerReferences.map(\.uid))
    return desired.ownerReferences.contains { !owners.contains($0.uid) } ? "metadata.ownerReferences" : nil
  }

  static func makeCreated(_ desired: KubeObject) -> KubeObject {
    var object = desired
    note(desired, in: &object)
    return object
  }

  private static func note(_ desired: KubeObject, in object: inout KubeObject) {
    object.annotations[desiredHashAnnotation] = hash(of: desired)
    let keys = [desired.labels, desired.annotations].map { $0.keys.sorted().joined(separator: ",") }
    object.annotations[desiredKeysAnnotation] = keys == ["", ""] ? nil : keys.joined(separator: ";")
  }

  /// Labels and annotations that an earlier write wanted and this one does not.
  private static func leftovers(_ desired: KubeObject, _ existing: KubeObject) -> [Set<String>] {
    let parts = (existing.annotations[desiredKeysAnnotation] ?? "")
      .split(separator: ";", omittingEmptySubsequences: false)
    return [desired.labels, desired.annotations].enumerated().map { index, wanted in
      guard parts.count == 2 else { return [] }
      return Set(parts[index].split(separator: ",").map(String.init)).subtracting(wanted.keys)
    }
  }

  static func makeUpdated(desired: KubeObject, existing: KubeObject) -> KubeObject {
    var object = existing
    for member in desired.json.object ?? JSONObject() {
      switch member.key {
      case "apiVersion", "kind", "metadata", "status": continue
      case "spec":
        for part in member.value.object ?? JSONObject() {
          object.json.set(part.value.isNull ? nil : part.value, at: "spec", part.key)
        }
      default: object[member.key] = member.value.isNull ? nil : member.value
      }
    }
    let leftovers = leftovers(desired, existing)
    object.labels = existing.labels.filter { !leftovers[0].contains($0.key) }
      .merging(desired.labels) { $1 }
    object.annotations = existing.annotations.filter { !leftovers[1].contains($0.key) }
      .merging(desired.annotations) { $1 }
    note(desired, in: &object)
    let owners = Set(existing.ownerReferences.map(\.uid))
    object.ownerReferences =
      existing.ownerReferences + desired.ownerReferences.filter { !owners.contains($0.uid) }
    return object
  }

  private static func hash(of desired: KubeObject) -> String {
    var wanted = desired.json
    wanted["status"] = nil
    return StableHash.name(wanted, length: 12)
  }
}
