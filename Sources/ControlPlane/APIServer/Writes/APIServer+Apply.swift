internal import Basics
internal import Formats
internal import KubeClient
internal import KubeProtocol

extension APIServer {
  static let lastAppliedAnnotation = "kubectl.kubernetes.io/last-applied-configuration"
  private static let kubectlManager = "kubectl"
  private static let beforeFirstApply = "before-first-apply"

  /// Server-side apply: makes the object, or merges the configuration into it.
  func apply(_ target: ResourceRequest, _ body: RequestBody) async throws -> KubeResponse {
    guard let manager = target.request.queryValue("fieldManager"), !manager.isEmpty else {
      throw KubeError.invalid(
        Self.patchOptions, "", [.required("fieldManager", "is required for apply patch")])
    }
    var warnings: [String] = []
    let configuration = try configuration(body, target, &warnings)
    if try await storage.get(target.storageKey) == nil, target.subresource == nil,
      let created = try await create(configuration, target, manager: manager)
    {
      return try respond(created, target, status: 201, warnings: warnings)
    }
    let written = try await modify(target, isApply: true) { current in
      try applied(configuration, to: current, target, manager: manager)
    }
    return try respond(written, target, warnings: warnings)
  }

  /// What the applier sends, checked and with the address that the path names.
  private func configuration(
    _ body: RequestBody, _ target: ResourceRequest, _ warnings: inout [String]
  ) throws -> KubeObject {
    var unknown: [String] = []
    var configuration = try decode(body, target, &unknown)
    if let first = unknown.first, !target.definition.isCustom {
      let address = ObjectKey(namespace: target.namespace ?? "", name: target.name)
      throw KubeError(
        .badRequest,
        "failed to create typed patch object (\(address.namespace)/\(address.name);"
          + " \(target.resource.apiVersion), Kind=\(target.resource.kind)): \(Self.undeclared(first))")
    }
    warnings += unknown
    if let managers = configuration.metadata["managedFields"], !managers.isNull {
      throw KubeError(.badRequest, "metadata.managedFields must be nil")
    }
    if configuration.name.isEmpty { configuration.name = target.name }
    try checkAddress(configuration, target)
    if target.resource.isNamespaced { configuration.namespace = target.namespace ?? "" }
    return configuration
  }

  /// `unknown field "spec.x"` in the words of structured merge.
  private static func undeclared(_ problem: String) -> String {
    let parts = problem.split(separator: "\"")
    guard problem.hasPrefix("unknown field"), parts.count > 1 else { return problem }
    return ".\(parts[1]): field not declared in schema"
  }

  /// Nil where another writer has just made the object.
  private func create(
    _ configuration: KubeObject, _ target: ResourceRequest, manager: String
  ) async throws -> KubeObject? {
    if !configuration.resourceVersion.isEmpty {
      throw KubeError.conflict(
        target.resource, target.name, "the object does not exist, but resourceVersion names a state of it")
    }
    var access = AccessAttributes(target)
    access.verb = "create"
    try await authorize(target.request.user, access)
    let fields = fieldManager(target)
    let bare = KubeObject(
      target.resource, namespace: target.resource.isNamespaced ? target.namespace : nil, name: target.name)
    let (json, managed) = try Self.translated { () throws(ApplyConflicts) in
      try fields.apply(
        configuration.json, to: bare.json, ManagedFields(), manager: manager, force: true,
        time: clock.now().rfc3339)
    }
    do {
      return try await create(KubeObject(json: json), target, applied: managed)
    } catch let error as KubeError where error.reason == .alreadyExists {
      return nil
    }
  }

  private func applied(
    _ configuration: KubeObject, to current: KubeObject, _ target: ResourceRequest, manager: String
  ) throws(KubeError) -> KubeObject {
    let fields = fieldManager(target)
    let time = clock.now().rfc3339
    var managed = ManagedFields(json: current.metadata["managedFields"]) ?? ManagedFields()
    if managed.isEmpty {
      managed = fields.update(
        managed, old: nil, new: current.json, manager: Self.beforeFirstApply, time: time)
    }
    func attempt(force: Bool) throws(ApplyConflicts) -> (object: JSONValue, managed: ManagedFields) {
      try fields.apply(
        configuration.json, to: current.json, managed, manager: manager, force: force, time: time)
    }
    let result: (object: JSONValue, managed: ManagedFields)
    do throws(ApplyConflicts) {
      result = try attempt(force: target.flag("force"))
    } catch {
      // What kubectl applied by itself before is its own to change.
      let own =
        manager == Self.kubectlManager
        ? Self.lastApplied(current).map { fields.unchangedFields(of: $0, in: current.json) } : nil
      let rest = error.conflicts.filter { own?.contains($0.path) != true }
      guard rest.isEmpty else { throw ApplyConflicts(conflicts: rest).kubeError }
      result = try Self.translated { () throws(ApplyConflicts) in try attempt(force: true) }
    }
    var object = KubeObject(json: result.object)
    // The version that the applier names must be the stored one; without one any is.
    object.resourceVersion = configuration.resourceVersion
    object.setManagedFields(result.managed.json)
    if manager == Self.kubectlManager, current.annotations[Self.lastAppliedAnnotation] != nil {
      Self.renewLastApplied(&object, configuration)
    }
    return object
  }

  private static func translated<Value>(
    _ body: () throws(ApplyConflicts) -> Value
  ) throws(KubeError) -> Value {
    do throws(ApplyConflicts) {
      return try body()
    } catch {
      throw error.kubeError
    }
  }

  private static func lastApplied(_ object: KubeObject) -> JSONValue? {
    object.annotations[lastAppliedAnnotation].flatMap { try? JSONValue(parsing: $0) }
  }

  /// Client-side and server-side apply of one kubectl go on from each other. An object that has lost the
  /// annotation by the apply stays without it.
  private static func renewLastApplied(_ object: inout KubeObject, _ configuration: KubeObject) {
    guard object.annotations[lastAppliedAnnotation] != nil else { return }
    var plain = configuration
    plain.annotations[lastAppliedAnnotation] = nil
    plain.setManagedFields(nil)
    object.annotations[lastAppliedAnnotation] = plain.json.encodedText + "\n"
  }
}
