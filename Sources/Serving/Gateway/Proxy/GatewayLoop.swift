internal import Basics
internal import HTTPTransport
internal import HTTPWire

/// What one event loop knows: its table, its requests that wait for an endpoint.
/// `@unchecked Sendable`: everything is touched on that loop's thread only; others hand it over by
/// `EventLoop.submit`.
final class GatewayLoop: @unchecked Sendable {
  private(set) var table = RouteTable.empty
  private(set) var held: [ObjectIdentifier: ProxyExchange] = [:]
  let random: any RandomSource
  /// How long a request waits for an endpoint that may be about to come.
  let endpointWait: Duration
  private var sequence: UInt64

  /// Waiting requests per loop; further ones get 503 at once.
  private static let heldLimit = 4096

  init(endpointWait: Duration, random: any RandomSource) {
    self.endpointWait = endpointWait
    self.random = random
    sequence = random.next()
  }

  /// Takes the next table; requests that waited try it at once.
  func use(_ table: RouteTable) {
    self.table = table
    let waiting = held
    held = [:]
    for exchange in waiting.values { exchange.tryAgain() }
  }

  /// - Returns: false where too many wait already.
  func hold(_ exchange: ProxyExchange) -> Bool {
    guard held.count < Self.heldLimit else { return false }
    held[ObjectIdentifier(exchange)] = exchange
    return true
  }

  func release(_ exchange: ProxyExchange) { held[ObjectIdentifier(exchange)] = nil }

  /// A Weyl sequence: uniformly distributed, so that weights hold over few requests already.
  func nextPosition() -> UInt64 {
    sequence &+= 0x9E37_79B9_7F4A_7C15
    return sequence
  }
}

/// Gives each request to its loop.
final class GatewayHandler: StreamingHTTPHandler {
  let loops: [GatewayLoop]

  init(loops: [GatewayLoop]) { self.loops = loops }

  func begin(_ head: HTTPRequestHead, exchange: HTTPExchange) -> any HTTPRequestReceiver {
    let index = exchange.loop.index
    let proxy = ProxyExchange(head, exchange: exchange, loop: loops[index < loops.count ? index : 0])
    proxy.begin()
    return proxy
  }
}
