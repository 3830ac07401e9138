public import Basics
internal import Formats
public import HTTPTransport
internal import HTTPWire
internal import KubeProtocol
public import Linux

/// A Kubernetes API over HTTP(S).
public final class HTTPSKubeTransport: KubeTransport {
  private let configuration: KubeConfiguration
  private let client: HTTPClient
  /// Watches are ended by the server after `watchSeconds`; silence for longer than that is a dead connection.
  private let watchClient: HTTPClient
  private let token: BearerToken

  private static let requestTimeout: Duration = .seconds(60)
  private static let watchSeconds = 290

  /// Throws `TLSError` for certificates that cannot be used.
  public init(
    _ configuration: KubeConfiguration, group: EventLoopGroup, clock: any WallClock = SystemClock()
  ) throws {
    self.configuration = configuration
    let tls = try TLSClientContext(
      authorityPEM: configuration.authorityPEM, certificatePEM: configuration.clientCertificatePEM,
      keyPEM: configuration.clientKeyPEM)
    client = HTTPClient(group: group, tls: tls)
    var limits = HTTPClientLimits()
    limits.streamIdleTimeout = .seconds(Self.watchSeconds + 30)
    watchClient = HTTPClient(group: group, tls: tls, limits: limits)
    token = try BearerToken(configuration, clock: clock)
  }

  public func send(_ request: KubeRequest) async throws -> KubeResponse {
    let isWatch =
      request.method == "GET" && request.queryValue("watch").map { $0 == "true" || $0 == "1" } ?? false
    if isWatch { return try await watch(request) }
    if request.path.hasSuffix("/log") { return try await stream(request) }
    let response = try await client.send(try await httpRequest(request))
    return Self.answer(response.head, response.body)
  }

  private func watch(_ request: KubeRequest) async throws -> KubeResponse {
    var bounded = request
    if request.queryValue("timeoutSeconds") == nil {
      bounded.query.append(("timeoutSeconds", "\(Self.watchSeconds)"))
    }
    let response = try await watchClient.stream(try await httpRequest(bounded))
    guard response.head.status == 200 else {
      return Self.answer(response.head, try await Self.collect(response.body))
    }
    let reader = WatchReader(response.body)
    return KubeResponse(status: 200, body: .watch(AsyncThrowingStream { try await reader.next() }))
  }

  private func stream(_ request: KubeRequest) async throws -> KubeResponse {
    let response = try await client.stream(try await httpRequest(request))
    guard response.head.status == 200 else {
      return Self.answer(response.head, try await Self.collect(response.body))
    }
    let type = response.head.headers["Content-Type"] ?? "text/plain"
    return KubeResponse(status: 200, body: .stream(response.body, contentType: type))
  }

  private func httpRequest(_ request: KubeRequest) async throws -> HTTPClientRequest {
    var url = configuration.server + PercentEncoding.path(request.path)
    if !request.query.isEmpty {
      let pairs = request.query.map {
        "\(PercentEncoding.component($0.name))=\(PercentEncoding.component($0.value))"
      }
      url += "?" + pairs.joined(separator: "&")
    }
    var headers: HTTPHeaders = ["Accept": request.accept.isEmpty ? "application/json" : request.accept]
    headers.append("User-Agent", "apus")
    if let authorization = try await token.authorization(request) {
      headers.append("Authorization", authorization)
    }
    var body = Bytes()
    switch request.body {
    case .none: break
    case .json(let value):
      headers.append("Content-Type", request.contentType)
      body = value.encoded()
    case .bytes(let bytes, let contentType):
      headers.append("Content-Type", contentType)
      body = bytes
    }
    return HTTPClientRequest(
      method: request.method, url: url, headers: headers, body: body, timeout: Self.requestTimeout)
  }

  private static func answer(_ head: HTTPResponseHead, _ body: Bytes) -> KubeResponse {
    let type = head.headers["Content-Type"] ?? ""
    let warnings = head.headers.all("Warning")
    if type.hasPrefix("application/json"), let json = try? JSONValue(parsing: body) {
      return KubeResponse(status: head.status, body: .json(json), warnings: warnings)
    }
    return KubeResponse(status: head.status, body: .bytes(body, contentType: type), warnings: warnings)
  }

  /// The body of a refusal: short.
  private static func collect(_ body: AsyncThrowingStream<Bytes, any Error>) async throws -> Bytes {
    var bytes = Bytes()
    for try await piece in body {
      bytes += piece
      if bytes.count > ByteCount.mebibyte { break }
    }
    return bytes
  }
}

/// Turns a watch's body into events as they are asked for.
/// `@unchecked Sendable`: only the one consumer of the watch's stream calls `next`, one call after the other.
private final class WatchReader: @unchecked Sendable {
  private var body: AsyncThrowingStream<Bytes, any Error>.Iterator
  private var lines = WatchLines()
  private var ready: [WatchEvent] = []
  private var isAtEnd = false

  init(_ body: AsyncThrowingStream<Bytes, any Error>) { self.body = body.makeAsyncIterator() }

  func next() async throws -> WatchEvent? {
    while ready.isEmpty {
      if isAtEnd { return nil }
      if let bytes = try await body.next() {
        ready = try lines.take(bytes).reversed()
      } else {
        isAtEnd = true
        ready = try lines.finish().reversed()
      }
    }
    return ready.popLast()
  }
}
