internal import Basics
internal import Linux
internal import Synchronization

/// The token of requests; from a file, it is read again now and then.
final class BearerToken: Sendable {
  private struct State {
    var token: String?
    var readAt: Duration
  }

  private static let lifetime: Duration = .seconds(60)

  private let file: String?
  private let clock: any WallClock
  private let workers: BlockingWorkers?
  private let state: Mutex<State>

  init(_ configuration: KubeConfiguration, clock: any WallClock) throws {
    file = configuration.tokenFile
    self.clock = clock
    workers = file.map { _ in BlockingWorkers(name: "kube-token", threads: 1, capacity: 64) }
    state = Mutex(State(token: configuration.token, readAt: clock.monotonicNow()))
  }

  /// The `Authorization` of a request: its own, else the configured one.
  func authorization(_ request: KubeRequest) async throws -> String? {
    if let own = request.authorization { return own }
    return try await current().map { "Bearer \($0)" }
  }

  private func current() async throws -> String? {
    let (token, age) = state.withLock { ($0.token, clock.monotonicNow() - $0.readAt) }
    guard let file, let workers, token == nil || age >= Self.lifetime else { return token }
    let fresh = try await workers.run { try KubeConfiguration.text(of: file) }
    let now = clock.monotonicNow()
    state.withLock { $0 = State(token: fresh, readAt: now) }
    return fresh
  }
}
