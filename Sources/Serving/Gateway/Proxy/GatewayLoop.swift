internal import Basics
internal import HTTPTransport
internal import HTTPWire

/// What one event loop knows: its table, its requests that wait for an endpoint.
/// `@unchecked Sendable`: everything is touched on that loop's thread only; others hand it over by
/// `EventLoop.submit`.
final class GatewayLoop: @unchecked Sendable {
  private(set) var table = RouteTable.empty
  /// How many changes of the cluster the table has.
  private(set) var changeCount: UInt64 = 0
  private(set) var held: [ObjectIdentifier: ProxyExchange] = [:]
  let random: any RandomSource
  let configuration: GatewayConfiguration
  /// How many changes of the cluster there have been.
  let latestChange: @Sendable () -> UInt64
  /// Called where a request begins to wait for a Service that sleeps.
  let wake: @Sendable () -> Void
  private let eventLoop: EventLoop
  private var sequence: UInt64
  /// Bytes that waiting requests hold.
  private var waitingBytes = 0
  private let waitingBytesLimit: Int
  private var isStopping = false

  /// Requests of one loop that wait for a table; further ones get 503 at once.
  private static let heldLimit = 4096

  /// - Parameter loopCount: of the gateway, which share its bounds.
  init(
    _ eventLoop: EventLoop, configuration: GatewayConfiguration, loopCount: Int, random: any RandomSource,
    latestChange: @escaping @Sendable () -> UInt64 = { 0 }, wake: @escaping @Sendable () -> Void
  ) {
    self.eventLoop = eventLoop
    self.configuration = configuration
    self.random = random
    self.latestChange = latestChange
    self.wake = wake
    waitingBytesLimit = configuration.waitingBytes / max(1, loopCount)
    sequence = random.next()
  }

  var index: Int { eventLoop.index }

  /// How long a request waits for an endpoint that may be about to come.
  var endpointWait: Duration { configuration.endpointWait }

  /// Takes the next table; requests that waited try it at once.
  /// - Parameter changeCount: how many changes of the cluster it has.
  func use(_ table: RouteTable, of changeCount: UInt64 = 0) {
    let old = self.table
    self.table = table
    self.changeCount = changeCount
    // A table tells the difference to the one before it.
    let isNext = table.number == old.number &+ 1
    let changed = isNext ? table.changedGates : Array(table.gated)
    for backend in changed { backend.gate?.load(of: self).backend = backend }
    for gate in isNext ? table.removedGates : removed(from: old, by: changed) {
      gate.load(of: self).backend = nil
      // The Service has gone, or nobody scales it any more: the route tells what is to become of them.
      for exchange in Array(gate.load(of: self).waiting.values) { exchange.stopWaitingAndTryAgain() }
    }
    for backend in changed { serve(backend) }
    let waiting = held
    held = [:]
    for exchange in waiting.values { exchange.tryAgain() }
  }

  private func removed(from old: RouteTable, by gated: [Backend]) -> [BackendGate] {
    let known = Set(gated.compactMap { $0.gate.map(ObjectIdentifier.init) })
    return old.gated.compactMap(\.gate).filter { !known.contains(ObjectIdentifier($0)) }
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

  func nextTurn() -> Int { Int(truncatingIfNeeded: nextPosition() >> 2) }
}

// MARK: waiting for a place

extension GatewayLoop {
  /// An endpoint's place that was taken for a waiting request.
  private struct Grant: Sendable {
    var waiter: WaitingQueue.Waiter
    var endpoint: Endpoint
  }

  /// Gives the places that a backend has to those who have waited longest, on whichever loop they are.
  func serve(_ backend: Backend) {
    guard let queue = backend.gate?.queue, queue.count > 0, !backend.endpoints.isEmpty else { return }
    var grants: [ObjectIdentifier: [Grant]] = [:]
    while queue.count > 0, let endpoint = backend.reserve(turn: nextTurn()) {
      guard let waiter = queue.next() else {
        endpoint.end()
        break
      }
      grants[ObjectIdentifier(waiter.loop), default: []].append(Grant(waiter: waiter, endpoint: endpoint))
    }
    for list in grants.values {
      guard let loop = list.first?.waiter.loop else { continue }
      if loop.take(list, of: backend) { continue }
      // The other loop's queue of jobs is full: the next tick tries again.
      for grant in list { grant.endpoint.end() }
      queue.putBack(list.map(\.waiter))
    }
  }

  /// From any loop.
  private func take(_ grants: [Grant], of backend: Backend) -> Bool {
    eventLoop.submit {
      guard let gate = backend.gate else { return }
      var isUnused = false
      for grant in grants {
        if let exchange = gate.load(of: self).waiting.removeValue(forKey: grant.waiter.ticket) {
          exchange.proceed(to: grant.endpoint, of: backend)
        } else {
          grant.endpoint.end()
          isUnused = true
        }
      }
      // Who gave up meanwhile leaves the place to the next one.
      if isUnused { self.serve(backend) }
    }
  }

  /// - Returns: false where waiting requests hold as much as they may.
  func addWaitingBytes(_ count: Int) -> Bool {
    guard waitingBytes + count <= waitingBytesLimit else { return false }
    waitingBytes += count
    return true
  }

  func removeWaitingBytes(_ count: Int) { waitingBytes -= count }

  /// The gateway stops: who waits now will not be served.
  func refuseWaiting() {
    isStopping = true
    for gate in table.gated.compactMap(\.gate) {
      for exchange in Array(gate.load(of: self).waiting.values) { exchange.refuseWaiting() }
    }
  }

  var mayWait: Bool { !isStopping }

  /// What came together since the last call, of the Services that requests scale; and a chance for whoever
  /// was passed over.
  func collectLoad() -> [LoopLoad.Sample] {
    var samples: [LoopLoad.Sample] = []
    for backend in table.gated {
      guard let gate = backend.gate else { continue }
      let sample = gate.load(of: self).take(gate.service)
      if backend.isScaledByRequests, !sample.isEmpty { samples.append(sample) }
      if gate.queue.count > 0 { serve(backend) }
    }
    return samples
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
