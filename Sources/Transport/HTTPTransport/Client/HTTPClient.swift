/// HTTP for async callers: connections are pooled per host; safe from any task.
public final class HTTPClient: Sendable {
  public init(group: EventLoopGroup, tls: TLSClientContext? = nil, limits: HTTPClientLimits = .init()) {}

  /// The whole answer, its body bounded by the limits. Throws `HTTPClientError`.
  public func send(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
    throw HTTPClientError(.connect, "not connected")
  }

  /// Returns once the head is there; the body follows. Throws `HTTPClientError`.
  public func stream(_ request: HTTPClientRequest) async throws -> HTTPClientStream {
    throw HTTPClientError(.connect, "not connected")
  }
}
