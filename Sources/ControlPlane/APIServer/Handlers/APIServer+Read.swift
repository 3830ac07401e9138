internal import Basics
internal import Formats
internal import KubeClient
internal import KubeProtocol

extension APIServer {
  func get(_ target: ResourceRequest) async throws -> KubeResponse {
    _ = try target.resourceVersion()
    guard let (object, _) = try await storage.get(target.storageKey) else {
      throw KubeError.notFound(target.resource, target.name)
    }
    return try respond(object, target)
  }

  func list(_ target: ResourceRequest) async throws -> KubeResponse {
    let selection = try Selection(target)
    let wanted = try target.resourceVersion()
    _ = try target.integer("limit")
    // Lists are answered whole, so that no token can be one of this server's.
    if let token = target.request.queryValue("continue"), !token.isEmpty {
      throw KubeError(.badRequest, "invalid continue token: continue key is not valid; list from the start")
    }
    let (all, revision) = try await storage.list(
      prefix: target.definition.storagePrefix(namespace: target.namespace))
    if wanted > revision {
      var error = KubeError(.timeout, "Too large resource version: \(wanted), current: \(revision)")
      error.retryAfterSeconds = 1
      error.causes = [
        KubeError.Cause(
          reason: "ResourceVersionTooLarge", message: "Too large resource version", field: "")
      ]
      throw error
    }
    let objects = selection.selectsAll ? all : all.filter(selection.matches)
    let presented = objects.map { present($0, target.definition) }
    switch ResponseForm(accept: target.request.accept) {
    case .table:
      let table = TableBuilder(target.definition, target.request, now: clock.now())
      return KubeResponse(status: 200, body: .json(table.list(presented, resourceVersion: String(revision))))
    case .partialMetadata:
      return KubeResponse(
        status: 200, body: .json(PartialMetadata.list(presented, resourceVersion: String(revision))))
    case .object:
      return KubeResponse(
        status: 200,
        body: .json([
          "kind": .string(target.definition.listKind), "apiVersion": .string(target.resource.apiVersion),
          "metadata": ["resourceVersion": .string(String(revision))], "items": .array(presented.map(\.json)),
        ]))
    }
  }

  /// A stored object as the requested version shows it.
  func present(_ object: KubeObject, _ definition: ResourceDefinition) -> KubeObject {
    guard object.apiVersion != definition.resource.apiVersion || object.kind != definition.resource.kind
    else {
      return object
    }
    var converted = object
    converted["apiVersion"] = .string(definition.resource.apiVersion)
    converted["kind"] = .string(definition.resource.kind)
    return converted
  }

  /// One object in the form that the client takes.
  func respond(
    _ object: KubeObject, _ target: ResourceRequest, status: Int = 200, warnings: [String] = []
  ) throws -> KubeResponse {
    let presented = present(object, target.definition)
    let json: JSONValue
    switch ResponseForm(accept: target.request.accept) {
    case .table:
      json = TableBuilder(target.definition, target.request, now: clock.now()).single(presented)
    case .partialMetadata: json = PartialMetadata.single(presented)
    case .object: json = presented.json
    }
    return KubeResponse(status: status, body: .json(json), warnings: warnings)
  }
}
