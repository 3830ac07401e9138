internal import Basics
internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import KubeStore

extension APIServer {
  /// The Kubernetes version whose API is served.
  static let servedVersion = "v1.32.0"

  /// Everything that is no resource: discovery, version, health, OpenAPI.
  func answerOther(_ request: KubeRequest, _ segments: [String]) async throws -> KubeResponse {
    guard request.method == "GET" || request.method == "HEAD" else { throw Self.methodNotAllowed() }
    switch segments.first {
    case "healthz", "livez", "readyz":
      return try await health(segments[0])
    case "version" where segments.count == 1:
      return KubeResponse(status: 200, body: .json(Self.versionJSON))
    case "openapi": return try openAPI(request, segments)
    case nil: return KubeResponse(status: 200, body: .json(["paths": .array(paths.map { .string($0) })]))
    default:
      if segments.count == 1, let version = AggregatedDiscovery.version(accept: request.accept) {
        return AggregatedDiscovery.response(isCore: segments[0] == "api", version, registry)
      }
      guard let document = discoveryDocument(segments) else { throw Self.pathNotFound() }
      return KubeResponse(status: 200, body: .json(document))
    }
  }

  private func discoveryDocument(_ segments: [String]) -> JSONValue? {
    let registry = registry
    switch (segments.first, segments.count) {
    case ("api", 1): return Discovery.coreVersions
    case ("api", 2): return Discovery.resources(group: "", version: segments[1], registry)
    case ("apis", 1): return Discovery.groups(registry)
    case ("apis", 2): return Discovery.group(segments[1], registry)
    case ("apis", 3): return Discovery.resources(group: segments[1], version: segments[2], registry)
    default: return nil
    }
  }

  private func health(_ name: String) async throws -> KubeResponse {
    _ = try await storage.store.currentRevision()
    return KubeResponse(status: 200, body: .bytes(Bytes("ok".utf8), contentType: "text/plain; charset=utf-8"))
  }

  private var paths: [String] {
    let groups = registry.groups
    return ["/api", "/api/v1", "/apis"]
      + groups.flatMap { group in ["/apis/\(group.name)"] + group.versions.map { "/apis/\(group.name)/\($0)" }
      }
      + ["/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"]
  }

  private static let versionJSON: JSONValue = [
    "major": "1", "minor": "32", "gitVersion": .string(servedVersion + "+apus"), "gitCommit": "",
    "gitTreeState": "clean", "buildDate": "2024-12-11T18:00:00Z", "goVersion": "swift6.3",
    "compiler": "swiftc",
    "platform": "linux/amd64",
  ]
}
