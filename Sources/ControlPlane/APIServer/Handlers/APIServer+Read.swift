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

  /// A stored object as the requested version shows it.
  func present(_ object: KubeObject, _ definition: ResourceDefinition) -> KubeObject {
    Self.present(object, definition)
  }

  static func present(_ object: KubeObject, _ definition: ResourceDefinition) -> KubeObject {
    guard object.apiVersion != definition.resource.apiVersion || object.kind != definition.resource.kind
    else {
      return object
    }
    var converted = definition.convert?(object, definition.resource.version) ?? object
    converted["apiVersion"] = .string(definition.resource.apiVersion)
    converted["kind"] = .string(definition.resource.kind)
    return converted
  }

  /// An object as it goes into the store, in the version that the kind is stored in.
  func stored(_ object: KubeObject, _ definition: ResourceDefinition) -> KubeObject {
    guard let version = definition.storedVersion, version != definition.resource.version else {
      return object
    }
    var converted = definition.convert?(object, version) ?? object
    let group = definition.resource.group
    converted["apiVersion"] = .string(group.isEmpty ? version : "\(group)/\(version)")
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
