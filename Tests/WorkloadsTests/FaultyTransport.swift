import Basics
import Formats
import KubeClient
import KubeProtocol
import Synchronization
import TestSupport

/// Passes requests on to a server, unless the test says that something goes wrong.
final class FaultyTransport: KubeTransport {
  enum Fault: Sendable {
    /// The server refuses.
    case refuse(KubeError)
    /// The server does it, but the answer is lost.
    case loseAnswer
    /// The watch breaks after so many events.
    case cutWatch(after: Int)
    /// The watch's events wait for the latch.
    case holdWatch(Latch)
  }

  struct ConnectionLost: Error {}

  typealias Plan = @Sendable (KubeRequest) -> Fault?

  private let server: any KubeTransport
  private let plan = Mutex<Plan?>(nil)

  init(_ server: any KubeTransport) { self.server = server }

  func setPlan(_ new: Plan?) { plan.withLock { $0 = new } }

  func send(_ request: KubeRequest) async throws -> KubeResponse {
    switch plan.withLock({ $0 })?(request) {
    case .refuse(let error): return KubeResponse(status: error.code, body: .json(error.statusJSON))
    case .loseAnswer:
      _ = try await server.send(request)
      throw ConnectionLost()
    case .cutWatch(let count): return Self.cut(try await server.send(request), after: count)
    case .holdWatch(let latch): return Self.hold(try await server.send(request), until: latch)
    case nil: return try await server.send(request)
    }
  }

  private static func cut(_ response: KubeResponse, after count: Int) -> KubeResponse {
    guard case .watch(let events) = response.body else { return response }
    let source = Source(events)
    let passed = Mutex(0)
    let stream = AsyncThrowingStream<WatchEvent, any Error> {
      if passed.withLock({
        $0 += 1; return $0 > count
      }) {
        throw ConnectionLost()
      }
      return try await source.next()
    }
    return KubeResponse(status: 200, body: .watch(stream))
  }

  private static func hold(_ response: KubeResponse, until latch: Latch) -> KubeResponse {
    guard case .watch(let events) = response.body else { return response }
    let source = Source(events)
    let stream = AsyncThrowingStream<WatchEvent, any Error> {
      let event = try await source.next()
      try await latch.wait()
      return event
    }
    return KubeResponse(status: 200, body: .watch(stream))
  }

  /// `@unchecked Sendable`: one consumer asks, one call after the other.
  private final class Source: @unchecked Sendable {
    private var iterator: AsyncThrowingStream<WatchEvent, any Error>.Iterator
    init(_ events: AsyncThrowingStream<WatchEvent, any Error>) { iterator = events.makeAsyncIterator() }
    func next() async throws -> WatchEvent? { try await iterator.next() }
  }
}

/// Faults drawn from a seed, up to a number of them: what is retried must come to its end.
final class RandomFaults: Sendable {
  private let state: Mutex<(generator: SeededGenerator, left: Int, watchesLeft: Int)>

  /// Watches fail less often than other requests: their delays grow, and the test is to end soon.
  init(seed: UInt64, count: Int) { state = Mutex((SeededGenerator(seed: seed), count, count / 4)) }

  var left: Int { state.withLock { $0.left } }

  func fault(for request: KubeRequest) -> FaultyTransport.Fault? {
    state.withLock { state in
      guard state.left > 0, !request.path.contains("/events") else { return nil }
      let bits = state.generator.next()
      if bits % 3 != 0 { return nil }
      state.left -= 1
      if request.queryValue("watch") != nil {
        if state.watchesLeft == 0 { return nil }
        state.watchesLeft -= 1
        return bits & 64 == 0 ? .cutWatch(after: Int(bits >> 8) & 3) : .refuse(KubeError(.expired, "too old"))
      }
      switch (bits >> 8) % 4 {
      case 0: return .refuse(KubeError(.internalError, "injected"))
      case 1: return request.method == "GET" ? .refuse(KubeError(.timeout, "injected")) : .loseAnswer
      case 2: return .refuse(KubeError(.conflict, "injected"))
      default: return .refuse(KubeError(.tooManyRequests, "injected"))
      }
    }
  }
}
