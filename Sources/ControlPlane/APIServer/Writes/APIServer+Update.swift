internal import Formats
internal import KubeClient
internal import KubeProtocol

extension APIServer {
  static let writeAttempts = 10
  static let modifiedMessage =
    "the object has been modified; please apply your changes to the latest version and try again"

  func update(_ target: ResourceRequest) async throws -> KubeResponse {
    let body = try RequestBody(target.request)
    try checkFieldManager(target)
    var warnings: [String] = []
    let new = try decode(body, target, &warnings)
    try checkAddress(new, target)
    if new.resourceVersion.isEmpty && target.definition.isCustom {
      throw KubeError.invalid(
        target.resource.groupVersionKind, target.name,
        [
          KubeError.Cause(
            reason: "FieldValueInvalid", message: "Invalid value: 0: must be specified for an update",
            field: "metadata.resourceVersion")
        ])
    }
    let written = try await modify(target) { _ in new }
    return try respond(written, target, warnings: warnings)
  }

  /// The object must be the one that the path names.
  func checkAddress(_ object: KubeObject, _ target: ResourceRequest) throws(KubeError) {
    if object.name != target.name {
      throw KubeError(
        .badRequest,
        "the name of the object (\(object.name)) does not match the name on the URL (\(target.name))")
    }
    if target.resource.isNamespaced, !object.namespace.isEmpty, object.namespace != target.namespace {
      throw KubeError(
        .badRequest,
        "the namespace of the object (\(object.namespace)) does not match the namespace on the URL"
          + " (\(target.namespace ?? ""))")
    }
  }

  /// Reads, changes and writes until no other writer came between. `change` gets the stored object and
  /// returns the wished one; a `resourceVersion` in that which is not the stored one is a conflict.
  /// - Parameter isApply: `change` has brought the managed fields up to date itself.
  func modify(
    _ target: ResourceRequest, isApply: Bool = false, _ change: (KubeObject) async throws -> KubeObject
  ) async throws -> KubeObject {
    for _ in 0..<Self.writeAttempts {
      guard let (stored, revision) = try await storage.get(target.storageKey) else {
        throw KubeError.notFound(target.resource, target.name)
      }
      let current = present(stored, target.definition)
      var new = try await change(current)
      if !new.resourceVersion.isEmpty && new.resourceVersion != current.resourceVersion {
        throw KubeError.conflict(target.resource, target.name, Self.modifiedMessage)
      }
      try await prepareChanged(&new, current, target, isApply: isApply)
      new.resourceVersion = current.resourceVersion
      if target.isDryRun || new == current { return new }
      if let written = try await store(new, over: current, revision, target.definition) { return written }
    }
    throw KubeError.conflict(target.resource, target.name, Self.modifiedMessage)
  }

  /// A change by the server itself, of parts that no client may write: neither admission nor validation
  /// looks at it.
  func modifyInternally(
    _ definition: ResourceDefinition, _ key: ObjectKey, _ change: (inout KubeObject) throws -> Void
  ) async throws {
    for _ in 0..<Self.writeAttempts {
      guard let (current, revision) = try await storage.get(definition.storageKey(key)) else {
        throw KubeError.notFound(definition.resource, key.name)
      }
      var new = current
      try change(&new)
      if new == current && !Self.isReleased(new, definition) { return }
      if try await store(new, over: current, revision, definition) != nil { return }
    }
    throw KubeError.conflict(definition.resource, key.name, Self.modifiedMessage)
  }

  /// Writes the object, or removes it where nothing holds it any more. Nil where another writer was faster.
  private func store(
    _ new: KubeObject, over old: KubeObject, _ revision: Int64, _ definition: ResourceDefinition
  ) async throws -> KubeObject? {
    let key = definition.storageKey(old.key)
    if Self.isReleased(new, definition) {
      guard var deleted = try await storage.delete(key, expecting: revision) else { return nil }
      try await didDelete(deleted, definition)
      let lastRevision = deleted.resourceVersion
      deleted = new
      deleted.resourceVersion = lastRevision
      return deleted
    }
    let stored = self.stored(new, definition)
    guard let written = try await storage.update(key, stored, expecting: revision) else { return nil }
    try await didWrite(written, old: old, definition)
    return written
  }

  /// Marked for deletion, and neither a finalizer nor a grace period is left.
  static func isReleased(_ object: KubeObject, _ definition: ResourceDefinition) -> Bool {
    guard object.isBeingDeleted, object.finalizers.isEmpty else { return false }
    if definition.resource == .namespaces {
      return object.spec?["finalizers"]?.array?.isEmpty ?? true
    }
    guard definition.strategy.isDeletedGracefully else { return true }
    return (object.metadata["deletionGracePeriodSeconds"]?.int ?? 0) == 0
  }

  /// Everything between the wished object and storing it.
  private func prepareChanged(
    _ new: inout KubeObject, _ old: KubeObject, _ target: ResourceRequest, isApply: Bool
  ) async throws {
    let requestedManagers = new.metadata["managedFields"]
    let definition = target.definition
    if !new.uid.isEmpty && new.uid != old.uid {
      throw KubeError.conflict(
        target.resource, target.name,
        "Precondition failed: UID in precondition: \(new.uid), UID in object meta: \(old.uid)")
    }
    let checker = ObjectChecker(definition)
    switch target.subresource {
    case "status": new = Self.withStatus(of: new, old)
    default:
      keepServerMetadata(&new, old)
      if definition.hasStatus { new["status"] = old["status"] }
      try checkFinalizers(new, old, definition)
    }
    checker.applyDefaults(&new)
    Self.shareParts(&new, with: old)
    let context = AdmissionContext(
      operation: .update, old: old, resource: target.resource, subresource: target.subresource,
      isDryRun: target.isDryRun)
    if target.subresource != "status" { try await mutate(&new, context, definition) }
    try await definition.strategy.prepareForUpdate?(&new, old, writeContext)
    if definition.strategy.hasGeneration && Self.hasNewGeneration(new, old, definition) {
      new.generation = old.generation &+ 1
    }
    if isApply {
      new.setManagedFields(requestedManagers)
    } else {
      trackUpdate(&new, old, requested: requestedManagers, target)
    }
    let causes =
      new.metadata == old.metadata
      ? [] : ObjectNames.metadataCauses(new, definition)
    if !causes.isEmpty { throw KubeError.invalid(target.resource.groupVersionKind, target.name, causes) }
    try checker.validate(new, old: old)
    if target.subresource != "status" { try await validate(new, context) }
    if new.json != old.json { try await checkEscalation(new, target) }
  }

  /// The stored object with the new one's status: all that a write to `status` may change.
  private static func withStatus(of new: KubeObject, _ old: KubeObject) -> KubeObject {
    var result = old
    result.resourceVersion = new.resourceVersion
    result["status"] = new["status"]
    return result
  }

  /// Takes the members that are equal in both from the old object, so that all revisions of an object have
  /// them in memory once: most writes change the status alone.
  private static func shareParts(_ new: inout KubeObject, with old: KubeObject) {
    guard let members = old.json.object else { return }
    for member in members where new[member.key] == member.value { new[member.key] = member.value }
  }

  private func keepServerMetadata(_ new: inout KubeObject, _ old: KubeObject) {
    var metadata = new.metadata
    let kept = old.metadata
    for key in [
      "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "name",
      "namespace",
    ] {
      metadata[key] = kept[key]
    }
    metadata["selfLink"] = nil
    new.metadata = metadata
  }

  private func checkFinalizers(
    _ new: KubeObject, _ old: KubeObject, _ definition: ResourceDefinition
  ) throws(KubeError) {
    guard old.isBeingDeleted else { return }
    let before = Set(old.finalizers)
    let added = new.finalizers.filter { !before.contains($0) }
    guard !added.isEmpty else { return }
    let list = added.map { "\"\($0)\"" }.joined(separator: ", ")
    throw KubeError.invalid(
      definition.resource.groupVersionKind, old.name,
      [
        KubeError.Cause(
          reason: "FieldValueForbidden",
          message:
            "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers"
            + " []string{\(list)}", field: "metadata.finalizers")
      ])
  }

  /// A change of anything but metadata and, where it is a subresource, status.
  private static func hasNewGeneration(
    _ new: KubeObject, _ old: KubeObject, _ definition: ResourceDefinition
  ) -> Bool {
    func relevant(_ object: KubeObject) -> JSONValue {
      var json = object.json
      json["metadata"] = nil
      if definition.hasStatus { json["status"] = nil }
      return json
    }
    return relevant(new) != relevant(old)
  }
}
