internal import Formats
internal import KubeProtocol
internal import KubeStore
internal import Telemetry

/// Deletes objects whose owners are gone, and lets owners go that wait for their dependents. Follows every
/// change of the store in order, on one task.
final class GarbageCollector {
  /// What the collector knows of one object.
  private struct Node {
    var storageKey: String
    var key: ObjectKey
    var uid: String
    var owners: [OwnerReference]
    var waitsForDependents: Bool
    var orphansDependents: Bool
  }

  private let server: APIServer
  private var nodes: [String: Node] = [:]
  /// Owner's uid → dependents' uids.
  private var dependents: [String: Set<String>] = [:]

  init(server: APIServer) { self.server = server }

  /// Takes note of a stored object without acting on it yet.
  func load(_ stored: StoredValue) throws {
    if let node = Self.node(stored, try server.storage.decode(stored)) { insert(node) }
  }

  /// Acts on what `load` found: orphans of earlier runs, owners that wait.
  func settle() async throws {
    for node in Array(nodes.values) { await handle(node) }
  }

  func observe(_ change: StoreEvent) async {
    do {
      switch change.kind {
      case .created, .updated:
        let object = try server.storage.decode(change.value)
        if let previous = change.previous, Self.isNoNews(object, after: try server.storage.decode(previous)) {
          return
        }
        guard let node = Self.node(change.value, object) else { return }
        let old = nodes[node.uid]
        insert(node)
        let isNews =
          old.map { $0.owners != node.owners } ?? !node.owners.isEmpty
        if isNews || node.waitsForDependents || node.orphansDependents { await handle(node) }
      case .deleted:
        guard let node = Self.node(change.value, try server.storage.decode(change.value)) else { return }
        await handleDeleted(node)
      }
    } catch {
      server.logger.error("garbage collection skipped an object", ["cause": "\(error)"])
    }
  }

  /// Most changes are of a status: they cost a comparison.
  private static func isNoNews(_ object: KubeObject, after old: KubeObject) -> Bool {
    !object.isBeingDeleted && !old.isBeingDeleted
      && object.json["metadata"]?["ownerReferences"] == old.json["metadata"]?["ownerReferences"]
  }

  /// Nil for what nothing can depend on and what depends on nothing.
  private static func node(_ stored: StoredValue, _ object: KubeObject) -> Node? {
    let uid = object.uid
    guard !uid.isEmpty, !(object.kind == "Event" && object.ownerReferences.isEmpty) else { return nil }
    let finalizers = object.isBeingDeleted ? object.finalizers : []
    return Node(
      storageKey: stored.key, key: object.key, uid: uid, owners: object.ownerReferences,
      waitsForDependents: finalizers.contains(APIServer.foregroundFinalizer),
      orphansDependents: finalizers.contains(APIServer.orphanFinalizer))
  }

  private func insert(_ node: Node) {
    if let old = nodes[node.uid] {
      for owner in old.owners { dependents[owner.uid]?.remove(node.uid) }
    }
    nodes[node.uid] = node
    for owner in node.owners { dependents[owner.uid, default: []].insert(node.uid) }
  }

  private func dependentNodes(of uid: String) -> [Node] {
    (dependents[uid] ?? []).compactMap { nodes[$0] }.sorted { $0.storageKey < $1.storageKey }
  }

  private func handle(_ node: Node) async {
    if node.orphansDependents {
      for dependent in dependentNodes(of: node.uid) { await removeOwners(dependent, [node.uid]) }
      await removeFinalizer(node, APIServer.orphanFinalizer)
      return
    }
    if node.waitsForDependents {
      await advanceForeground(node)
      return
    }
    if !node.owners.isEmpty { await collectIfAbandoned(node) }
  }

  /// Dependents go first (themselves in the foreground where they block); then the owner is let go.
  private func advanceForeground(_ node: Node) async {
    var isBlocked = false
    for dependent in dependentNodes(of: node.uid) {
      let reference = dependent.owners.first { $0.uid == node.uid }
      if reference?.blocksOwnerDeletion == true { isBlocked = true }
      await delete(dependent, .foreground)
    }
    if !isBlocked { await removeFinalizer(node, APIServer.foregroundFinalizer) }
  }

  private func handleDeleted(_ node: Node) async {
    nodes[node.uid] = nil
    for owner in node.owners { dependents[owner.uid]?.remove(node.uid) }
    for dependent in dependentNodes(of: node.uid) {
      await collectIfAbandoned(dependent, deletedOwner: node.uid)
    }
    dependents[node.uid] = nil
    for owner in node.owners {
      if let waiting = nodes[owner.uid], waiting.waitsForDependents { await advanceForeground(waiting) }
    }
  }

  /// Deletes an object none of whose owners is left; forgets single owners that are gone.
  /// - Parameter deletedOwner: an owner whose deletion was seen. Its kind may be gone with it (a deleted
  ///   CustomResourceDefinition), so that nobody could be asked.
  private func collectIfAbandoned(_ node: Node, deletedOwner: String? = nil) async {
    var gone: [String] = []
    for owner in node.owners {
      if owner.uid == deletedOwner {
        gone.append(owner.uid)
        continue
      }
      switch await exists(owner, dependent: node) {
      case false?: gone.append(owner.uid)
      case true?: break
      case nil: return
      }
    }
    if gone.isEmpty { return }
    if gone.count == node.owners.count {
      await delete(node, .background)
    } else {
      await removeOwners(node, gone)
    }
  }

  /// Nil where the kind is not served, so that nothing can be said.
  private func exists(_ owner: OwnerReference, dependent: Node) async -> Bool? {
    if let known = nodes[owner.uid],
      known.key.namespace.isEmpty || known.key.namespace == dependent.key.namespace
    {
      return true
    }
    let kind = GroupVersionKind(apiVersion: owner.apiVersion, kind: owner.kind)
    guard let definition = server.registry.find(kind) else { return nil }
    let namespace = definition.resource.isNamespaced ? dependent.key.namespace : ""
    let key = definition.storageKey(ObjectKey(namespace: namespace, name: owner.name))
    do {
      return try await server.storage.get(key)?.object.uid == owner.uid
    } catch {
      return nil
    }
  }

  private func definition(_ node: Node) -> ResourceDefinition? {
    server.registry.find(storageKey: node.storageKey)
  }

  private func delete(_ node: Node, _ propagation: DeleteOptions.Propagation) async {
    guard let definition = definition(node) else { return }
    var options = DeleteOptions()
    options.uid = node.uid
    if propagation == .foreground && !(dependents[node.uid] ?? []).isEmpty {
      options.propagation = .foreground
    }
    await attempt("delete", node) { _ = try await server.delete(definition, node.key, options) }
  }

  private func removeOwners(_ node: Node, _ uids: [String]) async {
    await change(node) { object in
      object.ownerReferences = object.ownerReferences.filter { !uids.contains($0.uid) }
    }
  }

  private func removeFinalizer(_ node: Node, _ finalizer: String) async {
    await change(node) { object in object.finalizers = object.finalizers.filter { $0 != finalizer } }
  }

  private func change(_ node: Node, _ body: (inout KubeObject) -> Void) async {
    guard let definition = definition(node) else { return }
    await attempt("update", node) {
      try await server.modifyInternally(definition, node.key) { object in
        guard object.uid == node.uid else { throw KubeError.notFound(definition.resource, node.key.name) }
        body(&object)
      }
    }
  }

  private func attempt(_ what: String, _ node: Node, _ body: () async throws -> Void) async {
    do {
      try await body()
    } catch let error as KubeError where error.reason == .notFound || error.reason == .conflict {
      return
    } catch {
      server.logger.error(
        "garbage collection could not \(what) an object", ["key": node.storageKey, "cause": "\(error)"])
    }
  }
}
