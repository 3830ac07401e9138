internal import Basics
internal import Formats
internal import KubeClient
internal import KubeProtocol

/// The OpenAPI documents that have been made so far; thrown away when the set of kinds changes.
struct OpenAPIDocuments: Sendable {
  var made: [String: Bytes] = [:]
}

extension APIServer {
  func openAPI(_ request: KubeRequest, _ segments: [String]) throws -> KubeResponse {
    throw Self.pathNotFound()
  }
}
