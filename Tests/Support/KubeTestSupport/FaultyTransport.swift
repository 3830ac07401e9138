public import Basics
internal import Formats
public import KubeClient
public import KubeProtocol
internal import Synchronization

/// Passes requests on to a server, unless the test says that something goes wrong.
public final class FaultyTransport: KubeTransport {
  public enum Fault: Sendable {
    /// The server refuses.
    case refuse(KubeError)
    /// The server does it, but the answer is lost.
    case loseAnswer
    /// The watch breaks after so many events.
    case cutWatch(after: Int)
    /// The watch's events wait for the latch.
    case holdWatch(Latch)
  }

  public struct ConnectionLost: Error {}

  public typealias Plan = @Sendable (KubeRequest) -> Fault?

  private let server: any KubeTransport
  private let plan = Mutex<Plan?>(nil)

  public init(_ server: any KubeTransport) { self.server = server }

  public func setPlan(_ new: Plan?) { plan.withLock { $0 = new } }

  public func send(_ request: KubeRequest) async throws -> KubeResponse {
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
