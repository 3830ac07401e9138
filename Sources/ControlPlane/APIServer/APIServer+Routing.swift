internal import Formats
internal import KubeClient
internal import KubeProtocol

extension APIServer {
  /// One request, from its path to the handler of its verb.
  func answer(_ request: KubeRequest) async throws -> KubeResponse {
    let segments = request.path.split(separator: "/").map(String.init)
    guard let path = ResourcePath(segments: segments) else {
      if !Self.openPaths.contains(request.path) {
        try await authorize(
          request.user,
          AccessAttributes(
            verb: request.method == "HEAD" ? "get" : request.method.lowercased(), path: request.path))
      }
      return try await answerOther(request, segments)
    }
    let definition = registry.find(group: path.group, version: path.version, plural: path.plural)
    guard let definition else { throw Self.pathNotFound() }
    let target = ResourceRequest(
      definition: definition, namespace: path.namespace, name: path.name ?? "", subresource: path.subresource,
      request: request)
    try checkScope(target)
    try target.checkDryRun()
    try await authorize(request.user, AccessAttributes(target))
    if let kind = definition.review { return try await review(target, kind) }
    if let subresource = path.subresource { return try await answer(target, subresource: subresource) }
    return path.name == nil ? try await answerCollection(target) : try await answerObject(target)
  }

  private func answerCollection(_ target: ResourceRequest) async throws -> KubeResponse {
    switch target.request.method {
    case "GET": return target.flag("watch") ? try await watch(target) : try await list(target)
    case "POST": return try await create(target)
    case "DELETE": return try await deleteCollection(target)
    default: throw Self.methodNotAllowed()
    }
  }

  private func answerObject(_ target: ResourceRequest) async throws -> KubeResponse {
    switch target.request.method {
    case "GET": return target.flag("watch") ? try await watch(target) : try await get(target)
    case "PUT": return try await update(target)
    case "PATCH": return try await patch(target)
    case "DELETE": return try await delete(target)
    default: throw Self.methodNotAllowed()
    }
  }

  private func answer(_ target: ResourceRequest, subresource: String) async throws -> KubeResponse {
    switch subresource {
    case "status" where target.definition.hasStatus:
      switch target.request.method {
      case "GET": return try await get(target)
      case "PUT": return try await update(target)
      case "PATCH": return try await patch(target)
      default: throw Self.methodNotAllowed()
      }
    case "scale" where target.definition.scale != nil: return try await scale(target)
    case "finalize" where target.resource == .namespaces:
      guard target.request.method == "PUT" else { throw Self.methodNotAllowed() }
      return try await finalizeNamespace(target)
    case "exec" where target.resource == .pods, "attach" where target.resource == .pods,
      "portforward" where target.resource == .pods:
      throw KubeError(.badRequest, "Upgrade request required")
    case "log" where target.resource == .pods: return try await logs(target)
    case "token" where target.resource == .serviceAccounts: return try await requestToken(target)
    case "binding" where target.resource == .pods:
      guard target.request.method == "POST" else { throw Self.methodNotAllowed() }
      return try await bindPod(target)
    default: throw Self.pathNotFound()
    }
  }

  /// A namespaced kind has no path without a namespace for single objects and writes; a cluster-wide kind
  /// has none with one.
  private func checkScope(_ target: ResourceRequest) throws(KubeError) {
    if target.resource.isNamespaced {
      if target.namespace == nil && (!target.name.isEmpty || target.request.method == "POST") {
        if target.request.method == "POST" && target.name.isEmpty { throw Self.methodNotAllowed() }
        throw Self.pathNotFound()
      }
    } else if target.namespace != nil {
      throw Self.pathNotFound()
    }
  }

  /// Health and version are open, as upstream's `system:public-info-viewer` has them.
  static let openPaths: Set<String> = ["/healthz", "/livez", "/readyz", "/version"]

  static func pathNotFound() -> KubeError {
    KubeError(.notFound, "the server could not find the requested resource")
  }

  static func methodNotAllowed() -> KubeError {
    KubeError(.methodNotAllowed, "the server does not allow this method on the requested resource")
  }
}
