internal import Basics
internal import Crypto
internal import Formats
public import HTTPTransport
internal import HTTPWire
internal import KubeClient
internal import KubeProtocol

/// The API server's HTTP border: who asks, what is asked, and the answer in HTTP's form.
public struct APIServerHTTPHandler: AsyncHTTPHandler {
  private let server: APIServer
  /// Digests of the tokens that are let in, so that comparing takes the same time for every wrong one.
  private let tokenDigests: [Bytes]

  /// - Parameter tokens: bearer tokens of the administrator; any of them may do everything.
  public init(server: APIServer, tokens: [String]) {
    self.server = server
    tokenDigests = tokens.filter { !$0.isEmpty }.map { SHA256.digest($0) }
  }

  public func respond(to request: AsyncHTTPRequest) async -> AsyncHTTPResponse {
    do {
      let kubeRequest = try decode(request)
      try authenticate(request, kubeRequest)
      let response = try await server.send(kubeRequest)
      return HTTPAnswer.make(response, isHead: request.head.method == "HEAD")
    } catch {
      return HTTPAnswer.make(APIServer.failure(error, server.logger), isHead: request.head.method == "HEAD")
    }
  }

  /// Health and version are open, as upstream's `system:public-info-viewer` has them.
  private static let openPaths: Set<String> = ["/healthz", "/livez", "/readyz", "/version"]

  private func authenticate(_ request: AsyncHTTPRequest, _ decoded: KubeRequest) throws(KubeError) {
    if Self.openPaths.contains(decoded.path) { return }
    let header = request.head.headers["Authorization"] ?? ""
    let scheme = header.prefix(7)
    if scheme.lowercased() == "bearer " {
      let digest = SHA256.digest(String(header.dropFirst(7)))
      var isKnown = false
      for known in tokenDigests where ConstantTime.equal(known, digest) { isKnown = true }
      if isKnown { return }
    }
    throw KubeError(.unauthorized, "Unauthorized")
  }

  private func decode(_ request: AsyncHTTPRequest) throws(KubeError) -> KubeRequest {
    let head = request.head
    guard let path = PercentEncoding.decode(head.path, plusIsSpace: false) else {
      throw KubeError(.badRequest, "the request's path is not well encoded")
    }
    var query: [(name: String, value: String)] = []
    for pair in (head.query ?? "").split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = PercentEncoding.decode(parts[0], plusIsSpace: true),
        let value = PercentEncoding.decode(parts.count > 1 ? parts[1] : "", plusIsSpace: true)
      else { throw KubeError(.badRequest, "the request's query is not well encoded") }
      query.append((name, value))
    }
    let contentType = head.headers["Content-Type"] ?? "application/json"
    return KubeRequest(
      method: head.method == "HEAD" ? "GET" : head.method, path: path, query: query,
      accept: try accept(head.headers),
      body: request.body.isEmpty ? .none : .bytes(request.body, contentType: contentType),
      contentType: contentType, authorization: head.headers["Authorization"])
  }

  /// Every answer is JSON (or text): a client that takes neither is refused.
  private func accept(_ headers: HTTPHeaders) throws(KubeError) -> String {
    let accept = headers.all("Accept").joined(separator: ",")
    let types = accept.split(separator: ",").map { $0.prefix { $0 != ";" }.filter { $0 != " " }.lowercased() }
    let served = ["*/*", "application/*", "application/json", "application/yaml", "text/plain", "text/*"]
    let isOpenAPI = types.contains { $0.hasPrefix("application/com.github.proto-openapi") }
    if types.isEmpty || isOpenAPI || types.contains(where: served.contains) { return accept }
    throw KubeError(
      .notAcceptable,
      "only the following media types are accepted: application/json, application/json;stream=watch")
  }
}
