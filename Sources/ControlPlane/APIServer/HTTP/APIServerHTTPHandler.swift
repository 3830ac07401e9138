internal import Basics
internal import Crypto
internal import Formats
public import HTTPTransport
internal import HTTPWire
internal import KubeClient
internal import KubeProtocol
internal import Linux

/// The API server's HTTP border: who asks, what is asked, and the answer in HTTP's form.
public struct APIServerHTTPHandler: UpgradingHTTPHandler {
  private let server: APIServer
  /// Digests of the tokens that are let in, so that comparing takes the same time for every wrong one.
  private let tokenDigests: [Bytes]
  private let lanes = RequestLanes()

  /// What the API's server grants: little may wait for each of many watchers that do not read, since the
  /// store keeps what they have not seen.
  public static var limits: HTTPServerLimits {
    var limits = HTTPServerLimits()
    limits.outboundHighWater = 16 * ByteCount.kibibyte
    return limits
  }

  /// - Parameter tokens: bearer tokens of the administrator; any of them may do everything.
  public init(server: APIServer, tokens: [String]) {
    self.server = server
    tokenDigests = tokens.filter { !$0.isEmpty }.map { SHA256.digest($0) }
  }

  public func respond(to request: AsyncHTTPRequest) async -> AsyncHTTPResponse {
    ThreadTurns.preferShort()
    do {
      var kubeRequest = try decode(request)
      kubeRequest.user = try await authenticate(request, kubeRequest)
      let response = try await answer(kubeRequest)
      return HTTPAnswer.make(response, isHead: request.head.method == "HEAD")
    } catch {
      return HTTPAnswer.make(APIServer.failure(error, server.logger), isHead: request.head.method == "HEAD")
    }
  }

  /// Health is told whatever else goes on; a watch only begins in its lane.
  private func answer(_ request: KubeRequest) async throws -> KubeResponse {
    guard let user = request.user else { return try await server.send(request) }
    let kind: RequestLanes.Kind = request.method == "GET" ? .read : .write
    return try await lanes.run(kind, user: user.name) { try await server.send(request) }
  }

  public func upgrade(_ request: AsyncHTTPRequest) async -> HTTPUpgrade {
    do {
      var kubeRequest = try decode(request)
      kubeRequest.user = try await authenticate(request, kubeRequest)
      return try await server.stream(kubeRequest, request.head.headers)
    } catch {
      return .answer(HTTPAnswer.make(APIServer.failure(error, server.logger), isHead: false))
    }
  }

  /// Who asks; nil where the path is open to all.
  private func authenticate(
    _ request: AsyncHTTPRequest, _ decoded: KubeRequest
  ) async throws -> KubeUser? {
    if APIServer.openPaths.contains(decoded.path) { return nil }
    let header = request.head.headers["Authorization"] ?? ""
    guard header.prefix(7).lowercased() == "bearer ", let user = try await user(String(header.dropFirst(7)))
    else { throw KubeError(.unauthorized, "Unauthorized") }
    return try await impersonated(user, request.head.headers)
  }

  private func user(_ token: String) async throws -> KubeUser? {
    let digest = SHA256.digest(token)
    var isKnown = false
    for known in tokenDigests where ConstantTime.equal(known, digest) { isKnown = true }
    return isKnown ? APIServer.administrator : try await server.authenticate(token: token)
  }

  /// `kubectl --as`: whoever may impersonate acts as the other.
  private func impersonated(_ user: KubeUser, _ headers: HTTPHeaders) async throws -> KubeUser {
    guard let name = headers["Impersonate-User"], !name.isEmpty else { return user }
    let groups = headers.all("Impersonate-Group")
    func check(_ resource: String, _ name: String, namespace: String = "") async throws {
      try await server.authorize(
        user,
        AccessAttributes(
          verb: "impersonate", group: "", resource: resource, namespace: namespace, name: name))
    }
    let parts = name.split(separator: ":").map(String.init)
    let isAccount = parts.count == 4 && name.hasPrefix("system:serviceaccount:")
    if isAccount {
      try await check("serviceaccounts", parts[3], namespace: parts[2])
    } else {
      try await check("users", name)
    }
    for group in groups { try await check("groups", group) }
    if !groups.isEmpty {
      return KubeUser(name: name, groups: groups + [KubeUser.authenticatedGroup])
    }
    return isAccount
      ? .serviceAccount(namespace: parts[2], name: parts[3], uid: "")
      : KubeUser(name: name, groups: [KubeUser.authenticatedGroup])
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
      contentType: contentType, authorization: head.headers["Authorization"],
      userAgent: head.headers["User-Agent"] ?? "unknown")
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
