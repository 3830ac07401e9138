internal import HTTPWire

/// HTTP for async callers: connections are pooled per host; safe from any task. Redirects are not followed.
public final class HTTPClient: Sendable {
  private let clients: [ClientOnLoop]
  private let limits: HTTPClientLimits

  public init(group: EventLoopGroup, tls: TLSClientContext? = nil, limits: HTTPClientLimits = .init()) {
    self.limits = limits
    clients = group.loops.map { ClientOnLoop(loop: $0, tls: tls, limits: limits) }
  }

  deinit {
    for client in clients { client.letGo() }
  }

  /// The whole answer, its body bounded by the limits. Throws `HTTPClientError`; cancelling the task ends the
  /// request.
  public func send(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
    let prepared = try PreparedRequest(request)
    let call = CollectingCall(limit: limits.bodyBytes)
    let client = client(for: prepared.upstream)
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let accepted = client.loop.post { call.start(prepared, client, continuation) }
        if !accepted { continuation.resume(throwing: Self.shutDown) }
      }
    } onCancel: {
      client.loop.post { call.cancel() }
    }
  }

  /// Returns once the head is there; the body follows. Throws `HTTPClientError`.
  public func stream(_ request: HTTPClientRequest) async throws -> HTTPClientStream {
    let prepared = try PreparedRequest(request)
    let client = client(for: prepared.upstream)
    let call = StreamingCall(loop: client.loop, limits: limits)
    let head: HTTPResponseHead = try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let accepted = client.loop.post { call.start(prepared, client, continuation) }
        if !accepted { continuation.resume(throwing: Self.shutDown) }
      }
    } onCancel: {
      client.loop.post { call.cancel() }
    }
    let reader = StreamReader(call: call)
    return HTTPClientStream(head: head, body: AsyncThrowingStream { try await reader.next() })
  }

  /// One loop per upstream, so that its pool is not split.
  private func client(for upstream: HTTPUpstream) -> ClientOnLoop {
    clients[Int(UInt(bitPattern: upstream.hashValue) % UInt(clients.count))]
  }

  static let shutDown = HTTPClientError(.shutDown, "the client was shut down", isSafeToRetry: true)
}

/// A loop's part of an `HTTPClient`.
/// `@unchecked Sendable`: `made` is touched only on the loop's thread.
final class ClientOnLoop: @unchecked Sendable {
  let loop: EventLoop
  private let tls: TLSClientContext?
  private let limits: HTTPClientLimits
  private var made: LoopHTTPClient?

  init(loop: EventLoop, tls: TLSClientContext?, limits: HTTPClientLimits) {
    self.loop = loop
    self.tls = tls
    self.limits = limits
  }

  var client: LoopHTTPClient {
    if let made { return made }
    let client = LoopHTTPClient(loop: loop, tls: tls, limits: limits)
    made = client
    return client
  }

  /// Closes the pooled connections on their own thread.
  func letGo() {
    loop.post { self.made = nil }
  }
}

/// A request ready for the wire.
struct PreparedRequest: Sendable {
  var head: HTTPRequestHead
  var upstream: HTTPUpstream
  var request: HTTPClientRequest

  init(_ request: HTTPClientRequest) throws(HTTPClientError) {
    let url = try HTTPURL(request.url)
    head = HTTPRequestHead(method: request.method, target: url.target, headers: request.headers)
    if !head.headers.contains("Host") { head.headers.append("Host", url.authority) }
    let address = request.connectTo ?? ListenAddress(host: url.host, port: url.port)
    upstream = HTTPUpstream(address, tlsServerName: url.isSecure ? url.host : nil)
    self.request = request
  }

  var bodyLength: HTTPRequestBodyLength {
    if !request.body.isEmpty { return .known(request.body.count) }
    // RFC 9110 §8.6: methods that usually have a body say so when it is empty.
    return ["POST", "PUT", "PATCH"].contains(request.method) ? .known(0) : .none
  }

  func start(_ client: LoopHTTPClient, _ receiver: any HTTPResponseReceiver) -> HTTPUpstreamExchange {
    let exchange = client.start(head, to: upstream, bodyLength: bodyLength, receiver: receiver)
    if !request.body.isEmpty { exchange.sendBody(request.body) }
    exchange.finish()
    return exchange
  }

  var timeoutError: HTTPClientError {
    HTTPClientError(.timeout, "\(request.method) \(request.url) took longer than \(request.timeout)")
  }
}
