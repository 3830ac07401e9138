internal import Basics
internal import Formats
internal import KubeClient
internal import KubeProtocol

extension APIServer {
  /// What a deletion led to.
  enum DeletionResult: Sendable {
    /// The object is gone; its last state.
    case removed(KubeObject)
    /// It is marked, and goes when finalizers and grace period allow.
    case marked(KubeObject)
  }

  func delete(_ target: ResourceRequest) async throws -> KubeResponse {
    let options = try DeleteOptions(target)
    switch try await delete(target.definition, target.key, options, admits: true) {
    case .marked(let object): return try respond(object, target)
    case .removed(let object):
      // Upstream answers the last state of gracefully deleted kinds and a Status for the others.
      if target.definition.strategy.isDeletedGracefully { return try respond(object, target) }
      return KubeResponse(status: 200, body: .json(Self.success(target, object)))
    }
  }

  func deleteCollection(_ target: ResourceRequest) async throws -> KubeResponse {
    let selection = try Selection(target)
    let options = try DeleteOptions(target)
    let (all, revision) = try await storage.list(
      prefix: target.definition.storagePrefix(namespace: target.namespace))
    let deleted = try await deleteEach(all.filter(selection.matches), target.definition, options)
    return KubeResponse(
      status: 200,
      body: .json([
        "kind": .string(target.definition.listKind), "apiVersion": .string(target.resource.apiVersion),
        "metadata": ["resourceVersion": .string(String(revision))],
        "items": .array(deleted.map { present($0, target.definition).json }),
      ]))
  }

  /// How many deletions of a collection are under way at once: they share the disk's syncs.
  private static let concurrentDeletions = 32

  /// - Returns: those that were still there, in order.
  private func deleteEach(
    _ objects: [KubeObject], _ definition: ResourceDefinition, _ options: DeleteOptions
  ) async throws -> [KubeObject] {
    try await withThrowingTaskGroup(of: Int?.self) { group in
      var gone: [Int] = []
      for (index, object) in objects.enumerated() {
        if index >= Self.concurrentDeletions, let done = try await group.next(), let done {
          gone.append(done)
        }
        group.addTask {
          do {
            _ = try await self.delete(definition, object.key, options, admits: true)
            return index
          } catch let error as KubeError where error.reason == .notFound {
            return nil
          }
        }
      }
      for try await done in group { if let done { gone.append(done) } }
      return gone.sorted().map { objects[$0] }
    }
  }

  /// The one way in which objects go: for clients, the garbage collector and namespaces alike.
  /// - Parameter admits: whether admission is asked, as it is for clients.
  @discardableResult
  func delete(
    _ definition: ResourceDefinition, _ key: ObjectKey, _ options: DeleteOptions, admits: Bool = false
  ) async throws -> DeletionResult {
    for _ in 0..<Self.writeAttempts {
      guard let (object, revision) = try await storage.get(definition.storageKey(key)) else {
        throw KubeError.notFound(definition.resource, key.name)
      }
      try checkPreconditions(object, options, definition)
      if admits {
        try await admitDeletion(present(object, definition), definition, isDryRun: options.isDryRun)
      }
      var marked = object
      Self.mark(&marked, options, definition, now: clock.now())
      if options.isDryRun { return .marked(marked) }
      if Self.isReleased(marked, definition) {
        guard let deleted = try await storage.delete(definition.storageKey(key), expecting: revision) else {
          continue
        }
        var last = marked
        last.resourceVersion = deleted.resourceVersion
        try await didDelete(deleted, definition)
        return .removed(last)
      }
      if marked == object { return .marked(object) }
      if let written = try await storage.update(definition.storageKey(key), marked, expecting: revision) {
        try await didWrite(written, old: object, definition)
        return .marked(written)
      }
    }
    throw KubeError.conflict(definition.resource, key.name, Self.modifiedMessage)
  }

  private func checkPreconditions(
    _ object: KubeObject, _ options: DeleteOptions, _ definition: ResourceDefinition
  ) throws(KubeError) {
    if definition.resource == .namespaces, ["default", "kube-system", "kube-public"].contains(object.name) {
      var error = KubeError(
        .forbidden, "namespaces \"\(object.name)\" is forbidden: this namespace may not be deleted")
      error.kind = "namespaces"
      error.name = object.name
      throw error
    }
    if let uid = options.uid, uid != object.uid {
      throw KubeError.conflict(
        definition.resource, object.name,
        "Precondition failed: UID in precondition: \(uid), UID in object meta: \(object.uid)")
    }
    if let version = options.resourceVersion, version != object.resourceVersion {
      throw KubeError.conflict(
        definition.resource, object.name,
        "Precondition failed: ResourceVersion in precondition: \(version), ResourceVersion in object meta:"
          + " \(object.resourceVersion)")
    }
  }

  /// Sets the deletion's time, grace period and propagation finalizers.
  private static func mark(
    _ object: inout KubeObject, _ options: DeleteOptions, _ definition: ResourceDefinition, now: Timestamp
  ) {
    setPropagation(&object, options)
    if definition.strategy.isDeletedGracefully {
      let grace = graceSeconds(object, options)
      let present = object.metadata["deletionGracePeriodSeconds"]?.int
      if object.isBeingDeleted, let present, grace >= present { return }
      object.deletionTimestamp = now.adding(.seconds(grace))
      setGrace(&object, grace)
    } else if !object.isBeingDeleted {
      object.deletionTimestamp = now
      setGrace(&object, 0)
    }
    if definition.strategy.hasGeneration && !object.finalizers.isEmpty {
      object.generation = object.generation &+ 1
    }
    if definition.resource == .namespaces {
      object.json.set("Terminating", at: "status", "phase")
    }
  }

  private static func setGrace(_ object: inout KubeObject, _ seconds: Int64) {
    var metadata = object.metadata
    metadata["deletionGracePeriodSeconds"] = .int(seconds)
    object.metadata = metadata
  }

  /// Ten years: a deadline that can still be written down.
  private static let maximumGraceSeconds: Int64 = 3650 * 86_400

  /// A pod that nobody runs, or that has ended, needs no time.
  private static func graceSeconds(_ pod: KubeObject, _ options: DeleteOptions) -> Int64 {
    if (pod.spec?["nodeName"]?.string ?? "").isEmpty { return 0 }
    if let phase = pod.status?["phase"]?.string, phase == "Succeeded" || phase == "Failed" { return 0 }
    let wanted = options.gracePeriodSeconds ?? pod.spec?["terminationGracePeriodSeconds"]?.int ?? 30
    return min(max(wanted, 0), maximumGraceSeconds)
  }

  static let foregroundFinalizer = "foregroundDeletion"
  static let orphanFinalizer = "orphan"

  private static func setPropagation(_ object: inout KubeObject, _ options: DeleteOptions) {
    guard let propagation = options.propagation else { return }
    var finalizers = object.finalizers.filter { $0 != foregroundFinalizer && $0 != orphanFinalizer }
    switch propagation {
    case .background: break
    case .foreground: finalizers.append(foregroundFinalizer)
    case .orphan: finalizers.append(orphanFinalizer)
    }
    if finalizers != object.finalizers { object.finalizers = finalizers }
  }

  private static func success(_ target: ResourceRequest, _ object: KubeObject) -> JSONValue {
    var details: JSONValue = ["name": .string(object.name)]
    if !target.resource.group.isEmpty { details["group"] = .string(target.resource.group) }
    details["kind"] = .string(target.resource.plural)
    details["uid"] = .string(object.uid)
    return [
      "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "details": details,
    ]
  }
}
