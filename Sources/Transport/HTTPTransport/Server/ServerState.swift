internal import Synchronization

/// What all loops of one server share: settings and counters.
final class ServerState: Sendable {
  let limits: HTTPServerLimits
  let tls: TLSServerContext?
  let handler: HTTPServerHandler
  let grpc: (any GRPCHandler)?
  let grpcLimits: GRPCLimits
  let http2: HTTP2Options

  private let connections = Atomic<Int>(0)
  private let requests = Atomic<Int>(0)
  private let streams = Atomic<Int>(0)
  private let leaving = Atomic<Bool>(false)
  private let draining = Atomic<Bool>(false)
  private let waiters = Mutex<[CheckedContinuation<Void, Never>]>([])

  init(
    limits: HTTPServerLimits, tls: TLSServerContext?, handler: HTTPServerHandler, grpc: (any GRPCHandler)?,
    grpcLimits: GRPCLimits
  ) {
    self.limits = limits
    self.tls = tls
    self.handler = handler
    self.grpc = grpc
    self.grpcLimits = grpcLimits
    http2 = HTTP2Options(limits.http2)
  }

  /// Whether each answer asks its client to take another connection, and server, next time.
  var sendsClientsAway: Bool { leaving.load(ordering: .relaxed) || isDraining }

  func startLeaving() { leaving.store(true, ordering: .relaxed) }

  var isDraining: Bool { draining.load(ordering: .relaxed) }

  func startDraining() { draining.store(true, ordering: .sequentiallyConsistent) }

  // MARK: connections

  func openConnection() -> Bool { Self.take(connections, limit: limits.maxConnections) }

  func connectionClosed() {
    let left = connections.wrappingSubtract(1, ordering: .sequentiallyConsistent).newValue
    guard left == 0, draining.load(ordering: .sequentiallyConsistent) else { return }
    resumeWaiters()
  }

  /// Returns once no connection is open; only while draining.
  func waitUntilClosed() async {
    await withCheckedContinuation { continuation in
      waiters.withLock { $0.append(continuation) }
      if connections.load(ordering: .sequentiallyConsistent) == 0 { resumeWaiters() }
    }
  }

  func resumeWaiters() {
    let waiting = waiters.withLock { exchange(&$0, []) }
    for waiter in waiting { waiter.resume() }
  }

  // MARK: the async face's bounds

  func beginRequest() -> Bool { Self.take(requests, limit: limits.maxConcurrentRequests) }
  func endRequest() { requests.wrappingSubtract(1, ordering: .relaxed) }
  func beginStream() -> Bool { Self.take(streams, limit: limits.maxConcurrentStreams) }
  func endStream() { streams.wrappingSubtract(1, ordering: .relaxed) }

  private static func take(_ counter: borrowing Atomic<Int>, limit: Int) -> Bool {
    if counter.wrappingAdd(1, ordering: .relaxed).newValue <= limit { return true }
    counter.wrappingSubtract(1, ordering: .relaxed)
    return false
  }
}
