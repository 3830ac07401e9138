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

/// The client of one event loop: callbacks, no tasks, pooled connections per upstream. Not Sendable: use it
/// only on its loop's thread (`exchange.loop.httpClient`).
public final class LoopHTTPClient {
  let loop: EventLoop
  let tls: TLSClientContext?
  let limits: HTTPClientLimits
  private var pools: [HTTPUpstream: Pool] = [:]

  private struct Pool {
    /// The most recently used last.
    var idle: [HTTP1ClientConnection] = []
    var inFlight = 0
  }

  public init(loop: EventLoop, tls: TLSClientContext? = nil, limits: HTTPClientLimits = .init()) {
    self.loop = loop
    self.tls = tls
    self.limits = limits
  }

  deinit {
    for pool in pools.values {
      for connection in pool.idle { connection.close() }
    }
  }

  /// Sends a head, whose body follows by the exchange. The head's framing fields are replaced by those of
  /// `bodyLength`; `Host` must be among its fields. The receiver is kept until the exchange ends; no event
  /// comes before this returns.
  public func start(
    _ head: HTTPRequestHead, to upstream: HTTPUpstream, bodyLength: HTTPRequestBodyLength,
    receiver: any HTTPResponseReceiver
  ) -> HTTPUpstreamExchange {
    let exchange = HTTPUpstreamExchange(
      client: self, upstream: upstream, head: head, bodyLength: bodyLength, receiver: receiver)
    pools[upstream, default: Pool()].inFlight += 1
    exchange.start()
    return exchange
  }

  /// Requests under way on this loop to that upstream.
  public func inFlight(_ upstream: HTTPUpstream) -> Int { pools[upstream]?.inFlight ?? 0 }

  /// Closes the unused connections to an upstream that is gone for good.
  public func forget(_ upstream: HTTPUpstream) {
    let idle = pools[upstream]?.idle ?? []
    pools[upstream]?.idle = []
    for connection in idle { connection.close() }
    dropIfUnused(upstream)
  }
}

extension LoopHTTPClient {
  /// An unused connection that looks alive.
  func takeIdle(_ upstream: HTTPUpstream) -> HTTP1ClientConnection? {
    while let connection = pools[upstream]?.idle.popLast() {
      if connection.isUsable { return connection }
      connection.close()
    }
    return nil
  }

  func putIdle(_ connection: HTTP1ClientConnection) {
    guard let count = pools[connection.upstream]?.idle.count, count < limits.maxIdlePerHost else {
      connection.close()
      return
    }
    pools[connection.upstream]?.idle.append(connection)
  }

  func removeIdle(_ connection: HTTP1ClientConnection) {
    pools[connection.upstream]?.idle.removeAll { $0 === connection }
    dropIfUnused(connection.upstream)
  }

  func exchangeEnded(_ upstream: HTTPUpstream) {
    pools[upstream]?.inFlight -= 1
    dropIfUnused(upstream)
  }

  private func dropIfUnused(_ upstream: HTTPUpstream) {
    guard let pool = pools[upstream], pool.inFlight <= 0, pool.idle.isEmpty else { return }
    pools.removeValue(forKey: upstream)
  }
}
