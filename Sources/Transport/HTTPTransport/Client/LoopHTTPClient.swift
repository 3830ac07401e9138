public import HTTPWire

/// Where a loop's client sends a request: what to dial and, for TLS, the name to check.
public struct HTTPUpstream: Sendable, Hashable {
  public var address: ListenAddress
  /// The name that the certificate must carry; nil for plain HTTP.
  public var tlsServerName: String?

  public init(_ address: ListenAddress, tlsServerName: String? = nil) {
    self.address = address
    self.tlsServerName = tlsServerName
  }
}

/// The client of one event loop: callbacks, no tasks, pooled connections per upstream. Not Sendable: use it only on its
/// loop's thread (`exchange.loop.httpClient`).
public final class LoopHTTPClient {
  public init(loop: EventLoop, tls: TLSClientContext? = nil, limits: HTTPClientLimits = .init()) {}

  /// Sends a head, whose body follows by the exchange. The head's framing fields are replaced by those of `bodyLength`.
  /// `Host` must be among its fields. The receiver is kept until the exchange ends; events may come before this returns
  /// only as failures.
  public func start(
    _ head: HTTPRequestHead, to upstream: HTTPUpstream, bodyLength: HTTPRequestBodyLength,
    receiver: any HTTPResponseReceiver
  ) -> HTTPUpstreamExchange { HTTPUpstreamExchange() }

  /// Requests under way on this loop to that upstream.
  public func inFlight(_ upstream: HTTPUpstream) -> Int { 0 }
}

/// A request under way to an upstream. Loop thread only.
public final class HTTPUpstreamExchange {
  init() {}

  /// - Returns: false where much is waiting already: hold back until `requestWritable`.
  @discardableResult
  public func sendBody(_ bytes: UnsafeRawBufferPointer) -> Bool { true }

  /// The body is complete.
  public func finish() {}

  public func pauseResponse() {}
  public func resumeResponse() {}

  /// Gives up: the connection is closed and no further event comes.
  public func abort() {}
}
