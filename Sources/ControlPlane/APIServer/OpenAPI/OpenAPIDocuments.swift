internal import Basics
internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import Synchronization

/// The OpenAPI documents that have been made so far; thrown away when the set of kinds changes.
struct OpenAPIDocuments: Sendable {
  /// Counts up with every change of the kinds, so that a document made meanwhile is not kept.
  var generation = 0
  var made: [String: Bytes] = [:]

  mutating func forget() {
    generation &+= 1
    made = [:]
  }
}

extension APIServer {
  /// What clients ask for has an `@` in it, which Go's parser of media types refuses in an answer: upstream
  /// too answers with a point in its place.
  static let openAPIv2Protobuf = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

  /// `/openapi/v2`, `/openapi/v3`, `/openapi/v3/apis/<group>/<version>`.
  func openAPI(_ request: KubeRequest, _ segments: [String]) throws -> KubeResponse {
    let registry = registry
    switch (segments.count > 1 ? segments[1] : "", segments.count) {
    case ("v2", 2):
      if request.accept.contains("com.github.proto-openapi.spec.v2") {
        let bytes = document("v2 protobuf") { OpenAPIProtobuf.document(OpenAPIBuilder(registry).version2()) }
        return KubeResponse(status: 200, body: .bytes(bytes, contentType: Self.openAPIv2Protobuf))
      }
      let bytes = document("v2") { OpenAPIBuilder(registry).version2().encoded() }
      return KubeResponse(status: 200, body: .bytes(bytes, contentType: "application/json"))
    case ("v3", 2):
      return KubeResponse(status: 200, body: .json(openAPIIndex(registry)))
    case ("v3", 4) where segments[2] == "api":
      return try groupDocument("", segments[3], registry)
    case ("v3", 5) where segments[2] == "apis":
      return try groupDocument(segments[3], segments[4], registry)
    default: throw Self.pathNotFound()
    }
  }

  private func groupDocument(
    _ group: String, _ version: String, _ registry: ResourceRegistry
  ) throws -> KubeResponse {
    let definitions = registry.definitions(group: group, version: version)
    if definitions.isEmpty { throw Self.pathNotFound() }
    let bytes = document("v3 \(group)/\(version)") {
      OpenAPIBuilder(registry).version3(definitions).encoded()
    }
    return KubeResponse(status: 200, body: .bytes(bytes, contentType: "application/json"))
  }

  private func openAPIIndex(_ registry: ResourceRegistry) -> JSONValue {
    var paths = JSONObject()
    let generation = state.withLock { $0.openAPI.generation }
    func add(_ path: String, _ group: String, _ version: String) {
      // The hash is what clients cache by: it changes with the group's kinds and with every start.
      let kinds = registry.definitions(group: group, version: version).map(\.resource.kind).joined()
      let hash = "\(String(openAPISeed, radix: 16))-\(generation)-\(kinds.utf8.count)"
      paths[path] = ["serverRelativeURL": .string("/openapi/v3/\(path)?hash=\(hash)")]
    }
    add("api/v1", "", "v1")
    for group in registry.groups {
      for version in group.versions { add("apis/\(group.name)/\(version)", group.name, version) }
    }
    return ["paths": .object(paths)]
  }

  private func document(_ name: String, _ make: () -> Bytes) -> Bytes {
    let (kept, generation) = state.withLock { ($0.openAPI.made[name], $0.openAPI.generation) }
    if let kept { return kept }
    let bytes = make()
    state.withLock { state in
      if state.openAPI.generation == generation { state.openAPI.made[name] = bytes }
    }
    return bytes
  }
}
