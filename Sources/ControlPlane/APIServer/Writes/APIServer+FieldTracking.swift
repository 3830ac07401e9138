internal import Basics
internal import Formats
internal import KubeClient
internal import KubeProtocol

extension APIServer {
  static let patchOptions = GroupVersionKind(group: "meta.k8s.io", version: "v1", kind: "PatchOptions")
  private static let maximumManagerBytes = 128

  func checkFieldManager(_ target: ResourceRequest) throws(KubeError) {
    let name = target.request.queryValue("fieldManager") ?? ""
    let kinds = ["POST": "CreateOptions", "PUT": "UpdateOptions"]
    let kind = GroupVersionKind(
      group: "meta.k8s.io", version: "v1", kind: kinds[target.request.method] ?? "PatchOptions")
    if name.utf8.count > Self.maximumManagerBytes {
      throw KubeError.invalid(
        kind, "",
        [
          KubeError.Cause(
            reason: "FieldValueTooLong",
            message: "Too long: may not be more than \(Self.maximumManagerBytes) bytes", field: "fieldManager"
          )
        ])
    }
    if name.unicodeScalars.contains(where: { !$0.properties.isPatternWhitespace && $0.value < 0x20 }) {
      throw KubeError.invalid(
        kind, "", [.invalid("fieldManager", name, "should only contain printable characters")])
    }
  }

  /// Who a write's fields belong to; nil for in-process writers that do not say who they are.
  private func manager(_ target: ResourceRequest) -> String? {
    if let name = target.request.queryValue("fieldManager"), !name.isEmpty { return name }
    let agent = target.request.userAgent
    if agent.isEmpty { return nil }
    let name = agent.prefix { $0 != "/" }.unicodeScalars.filter { (0x20..<0x7F).contains($0.value) }
    return String(String.UnicodeScalarView(name).prefix(Self.maximumManagerBytes))
  }

  func fieldManager(_ target: ResourceRequest) -> FieldManager {
    FieldManager(
      schema: target.definition.schema, catalog: BuiltinSchemas.catalog,
      apiVersion: target.resource.apiVersion, subresource: target.subresource ?? "",
      hasStatus: target.definition.hasStatus)
  }

  /// - Parameter applied: the managed fields of an object that comes by server-side apply.
  func trackCreation(_ object: inout KubeObject, _ target: ResourceRequest, _ applied: ManagedFields?) {
    if let applied { return object.setManagedFields(applied.json) }
    guard let manager = manager(target) else { return }
    let managed = fieldManager(target).update(
      ManagedFields(), old: nil, new: object.json, manager: manager, time: clock.now().rfc3339)
    object.setManagedFields(managed.json)
  }

  /// Managed fields after a write that is no apply. Objects that only the server's own controllers write
  /// carry none: an applier that comes to such an object finds it owned by `before-first-apply`, as upstream
  /// does with objects of older clients.
  /// - Parameter requested: what the writer put there; only a write to the object itself may change it.
  func trackUpdate(
    _ new: inout KubeObject, _ old: KubeObject, requested: JSONValue?, _ target: ResourceRequest
  ) {
    let stored = old.metadata["managedFields"]
    let manager = manager(target)
    if manager == nil && (target.subresource == "status" || (stored == nil && requested == nil)) {
      return new.setManagedFields(stored)
    }
    let before = ManagedFields(json: stored) ?? ManagedFields()
    var managed = before
    if target.subresource == nil, requested != stored {
      if ManagedFields.isReset(requested) {
        managed = ManagedFields()
      } else if let wished = ManagedFields(json: requested), !wished.isEmpty {
        managed = wished
      }
    }
    managed = fieldManager(target).update(
      managed, old: old.json, new: new.json, manager: manager ?? Self.ownManager,
      time: clock.now().rfc3339)
    new.setManagedFields(managed == before ? stored : managed.json)
  }

  /// The name under which the server's own controllers change what others manage.
  private static let ownManager = "apus"
}

extension KubeObject {
  mutating func setManagedFields(_ value: JSONValue?) {
    var metadata = self.metadata
    metadata["managedFields"] = value
    self.metadata = metadata
  }
}
