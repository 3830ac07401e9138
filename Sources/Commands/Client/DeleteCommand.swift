internal import KubeClient
internal import KubeProtocol
internal import Linux

/// `apus delete -f FILE…` or `apus delete TYPE NAME…`.
enum DeleteCommand {
  static let verb = Verb.reporting("delete", "delete objects: -f FILE, or TYPE NAME…") { arguments in
    let parsed = try Arguments(
      arguments,
      grammar: ClientSession.grammar(
        options: ["filename"], switches: ["ignore-not-found", "wait"], short: ["f": "filename"]))
    let files = parsed.all("filename")
    let manifests = files.isEmpty ? [] : try Manifests.read(files)
    return try await ClientSession.with(parsed) { session in
      var mapper = ResourceMapper(client: session.client)
      var targets: [(KubeResource, ObjectKey)] = []
      for (object, _) in manifests {
        let resource = try await mapper.resource(for: object.groupVersionKind)
        let namespace = object.namespace.isEmpty ? session.namespace : object.namespace
        targets.append((resource, ObjectKey(namespace: namespace, name: object.name)))
      }
      if files.isEmpty {
        for (type, name) in try session.typedNames(parsed.positional, purpose: "to delete") {
          let resource = try await mapper.resource(named: type)
          targets.append((resource, ObjectKey(namespace: session.namespace, name: name)))
        }
      }
      var failures = 0
      for (resource, key) in targets {
        do {
          try await session.client.delete(resource, namespace: key.namespace, name: key.name)
          StandardStreams.write("\(resource.singularLabel) \"\(key.name)\" deleted\n")
        } catch let error as KubeError where error.reason == .notFound && parsed.has("ignore-not-found") {
          continue
        } catch {
          failures += 1
          StandardStreams.writeError("apus delete: \(error)\n")
        }
      }
      if parsed.has("wait") {
        for (resource, key) in targets { try await waitUntilGone(resource, key, session.client) }
      }
      return failures == 0 ? 0 : 1
    }
  }

  private static func waitUntilGone(
    _ resource: KubeResource, _ key: ObjectKey, _ client: KubeClient
  ) async throws {
    let namespace = resource.isNamespaced ? key.namespace : nil
    let selector = "metadata.name=\(key.name)"
    while !Task.isCancelled {
      let list = try await client.list(resource, namespace: namespace, fieldSelector: selector)
      if list.items.isEmpty { return }
      let events = try await client.watch(
        resource, namespace: namespace, fieldSelector: selector, resourceVersion: list.resourceVersion)
      for try await event in events where event.kind == .deleted { return }
    }
  }
}
