internal import Formats
internal import KubeClient
internal import KubeProtocol

extension APIServer {
  static let defaultNamespaces = ["default", "kube-system", "kube-public", "kube-node-lease", "kserve"]

  /// The namespaces that every cluster of ours has, each with its `default` ServiceAccount, and the Service
  /// under which clients in pods look for the API.
  func createDefaultObjects() async throws {
    for name in Self.defaultNamespaces {
      try await createIfMissing(.namespaces, KubeObject(.namespaces, name: name))
    }
    for object in DefaultRoles.all {
      try await createIfMissing(
        KubeResource(
          group: AccessStrategies.group, version: "v1", plural: object.kind.lowercased() + "s",
          kind: object.kind, isNamespaced: false), object)
    }
    for namespace in try await storage.list(prefix: "/core/namespaces/").objects
    where !namespace.isBeingDeleted {
      try await createDefaults(in: namespace.name)
    }
  }

  func createDefaults(in namespace: String) async throws {
    try await createIfMissing(
      .serviceAccounts, KubeObject(.serviceAccounts, namespace: namespace, name: "default"))
  }

  private func createIfMissing(_ resource: KubeResource, _ object: KubeObject) async throws {
    guard let definition = registry.find(resource) else { return }
    if try await storage.get(definition.storageKey(object.key)) != nil { return }
    do {
      try await client.create(resource, object)
    } catch let error as KubeError where error.reason == .alreadyExists {
      return
    } catch let error as KubeError where error.reason == .forbidden || error.reason == .notFound {
      // The namespace went away in the meantime.
      return
    }
  }
}
