internal import Formats
internal import KubeProtocol
internal import KubeStore
internal import Telemetry

/// Empties what is on its way out, namespaces and CustomResourceDefinitions, and lets it go once it is
/// empty; gives new namespaces their defaults.
final class EndingCollections {
  private let server: APIServer
  private var namespaces: Set<String> = []
  private var definitions: Set<String> = []

  private static let namespacePrefix = "/core/namespaces//"
  private static let definitionPrefix = "/apiextensions.k8s.io/customresourcedefinitions//"

  init(server: APIServer) { self.server = server }

  /// For what is there when the server starts to look: on its way out since an earlier run, or just made.
  func resume(_ stored: StoredValue) async { await look(stored, isNew: true) }

  func observe(_ change: StoreEvent) async {
    let key = change.value.key
    if change.kind == .deleted {
      if key.hasPrefix(Self.namespacePrefix) {
        namespaces.remove(String(key.dropFirst(Self.namespacePrefix.count)))
      }
      if key.hasPrefix(Self.definitionPrefix) {
        definitions.remove(String(key.dropFirst(Self.definitionPrefix.count)))
      }
      await retry(after: key)
      return
    }
    await look(change.value, isNew: change.kind == .created)
  }

  private func look(_ stored: StoredValue, isNew: Bool) async {
    if stored.key.hasPrefix(Self.namespacePrefix) {
      let name = String(stored.key.dropFirst(Self.namespacePrefix.count))
      guard let namespace = try? server.storage.decode(stored) else { return }
      if namespace.isBeingDeleted {
        namespaces.insert(name)
        await empty(namespace: name)
      } else if isNew {
        await attempt("namespace \(name)") { try await server.createDefaults(in: name) }
      }
    } else if stored.key.hasPrefix(Self.definitionPrefix) {
      let name = String(stored.key.dropFirst(Self.definitionPrefix.count))
      guard let definition = try? server.storage.decode(stored), definition.isBeingDeleted else {
        return
      }
      definitions.insert(name)
      await empty(definition: definition)
    }
  }

  /// Something was deleted: perhaps it was the last thing that an ending collection waited for.
  private func retry(after key: String) async {
    guard !namespaces.isEmpty || !definitions.isEmpty else { return }
    let parts = key.split(separator: "/", omittingEmptySubsequences: false)
    if parts.count > 3, namespaces.contains(String(parts[3])) { await empty(namespace: String(parts[3])) }
    for name in definitions.sorted()
    where name == "\(parts.count > 2 ? parts[2] : "").\(parts.count > 1 ? parts[1] : "")" {
      if let (definition, _) = try? await server.storage.get(Self.definitionPrefix + name) {
        await empty(definition: definition)
      }
    }
  }

  private func empty(namespace name: String) async {
    await attempt("namespace \(name)") {
      guard let (namespace, _) = try await server.storage.get(Self.namespacePrefix + name),
        namespace.isBeingDeleted
      else { return }
      var remaining = 0
      for definition in server.registry.collections where definition.resource.isNamespaced {
        remaining += try await deleteAll(definition, prefix: definition.storagePrefix(namespace: name))
      }
      guard remaining == 0, let definition = server.registry.find(.namespaces) else { return }
      try await server.modifyInternally(definition, ObjectKey(namespace: "", name: name)) { object in
        object.json.set([], at: "spec", "finalizers")
      }
    }
  }

  private func empty(definition: KubeObject) async {
    await attempt("definition \(definition.name)") {
      let group = definition.spec?["group"]?.string ?? ""
      let plural = definition.json.at("spec", "names", "plural")?.string ?? ""
      let row = server.registry.collections.first {
        $0.resource.group == group && $0.resource.plural == plural
      }
      if let row, try await deleteAll(row, prefix: row.storagePrefix) > 0 { return }
      guard let own = server.registry.find(.customResourceDefinitions) else { return }
      try await server.modifyInternally(own, definition.key) { object in
        object.finalizers = object.finalizers.filter {
          $0 != CustomResourceDefinitionStrategy.cleanupFinalizer
        }
      }
    }
  }

  /// - Returns: how many objects are still there.
  private func deleteAll(_ definition: ResourceDefinition, prefix: String) async throws -> Int {
    var remaining = 0
    for object in try await server.storage.list(prefix: prefix).objects {
      if object.isBeingDeleted {
        remaining += 1
        continue
      }
      do {
        if case .marked = try await server.delete(definition, object.key, DeleteOptions()) { remaining += 1 }
      } catch let error as KubeError where error.reason == .notFound {
        continue
      }
    }
    return remaining
  }

  private func attempt(_ what: String, _ body: () async throws -> Void) async {
    do {
      try await body()
    } catch let error as KubeError where error.reason == .notFound {
      return
    } catch {
      server.logger.error("\(what) could not be taken further", ["cause": "\(error)"])
    }
  }
}
