internal import KubeProtocol
internal import Linux

/// What lives longer than a table of a Service's port whose requests are counted or held back: who waits, and
/// the load that each loop has seen.
final class BackendGate: Sendable {
  let service: ObjectKey
  let queue = WaitingQueue()
  /// One per loop of the gateway.
  private let loops: [LoopLoad]

  init(service: ObjectKey, loops: Int) {
    self.service = service
    self.loops = (0..<max(1, loops)).map { _ in LoopLoad() }
  }

  /// The part of one loop; only for its thread.
  func load(of loop: GatewayLoop) -> LoopLoad { loops[loop.index < loops.count ? loop.index : 0] }
}

/// The requests of one Service that one loop has.
/// `@unchecked Sendable`: everything is touched on that loop's thread only.
final class LoopLoad: @unchecked Sendable {
  /// As the loop's table has it; nil where that does not know the Service.
  var backend: Backend?
  /// By ticket.
  var waiting: [UInt64: ProxyExchange] = [:]
  private var inFlight: Int64 = 0
  private var arrivals: Int64 = 0
  /// Requests times nanoseconds since they were last taken.
  private var requestNanoseconds: Double = 0
  private var countedUntil: UInt64 = MonotonicClock.nanoseconds

  /// What came together since the last time.
  struct Sample: Sendable {
    var service: ObjectKey
    var requestSeconds: Double
    var arrivals: Int64
    var inFlight: Int64
    /// Of those in flight, those that no endpoint is there for.
    var waiting: Int64

    var isEmpty: Bool { requestSeconds == 0 && arrivals == 0 && inFlight == 0 }
  }

  func arrive() {
    count(until: MonotonicClock.nanoseconds)
    inFlight += 1
    arrivals += 1
  }

  func leave() {
    count(until: MonotonicClock.nanoseconds)
    inFlight -= 1
  }

  func take(_ service: ObjectKey) -> Sample {
    count(until: MonotonicClock.nanoseconds)
    let sleeps = backend?.endpoints.isEmpty ?? true
    let sample = Sample(
      service: service, requestSeconds: requestNanoseconds / 1e9, arrivals: arrivals, inFlight: inFlight,
      waiting: sleeps ? Int64(waiting.count) : 0)
    requestNanoseconds = 0
    arrivals = 0
    return sample
  }

  private func count(until now: UInt64) {
    if inFlight > 0, now > countedUntil {
      requestNanoseconds += Double(now - countedUntil) * Double(inFlight)
    }
    countedUntil = now
  }
}
