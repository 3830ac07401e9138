public import Basics
public import Linux
public import KubeProtocol
internal import Synchronization

/// Hands out one informer per collection and runs them all. Controllers ask while they are set up; what is
/// asked for later starts at once.
public final class SharedInformers: Sendable {
  private struct Scope: Hashable {
    var resource: KubeResource
    var namespace: String?
    var labelSelector: String?
    var fieldSelector: String?
  }

  private struct State {
    var informers: [Scope: Informer] = [:]
    var starter: AsyncStream<Informer>.Continuation?
  }

  public let client: KubeClient
  private let clock: any SleepingClock
  private let state = Mutex(State())

  public init(client: KubeClient, clock: any SleepingClock = SystemClock()) {
    self.client = client
    self.clock = clock
  }

  /// The same informer for the same arguments, however often it is asked for.
  public func informer(
    _ resource: KubeResource, namespace: String? = nil, labelSelector: String? = nil,
    fieldSelector: String? = nil
  ) -> Informer {
    let scope = Scope(
      resource: resource, namespace: namespace, labelSelector: labelSelector, fieldSelector: fieldSelector)
    return state.withLock { state in
      if let informer = state.informers[scope] { return informer }
      let informer = Informer(
        client: client, resource: resource, namespace: namespace, labelSelector: labelSelector,
        fieldSelector: fieldSelector, clock: clock)
      state.informers[scope] = informer
      state.starter?.yield(informer)
      return informer
    }
  }

  /// Runs every informer until the task is cancelled. Called once.
  public func run() async {
    let (informers, continuation) = AsyncStream.makeStream(of: Informer.self)
    state.withLock { state in
      for informer in state.informers.values { continuation.yield(informer) }
      state.starter = continuation
    }
    await withDiscardingTaskGroup { group in
      for await informer in informers {
        group.addTask { await informer.run() }
      }
    }
    state.withLock { $0.starter = nil }
  }

  /// Whether every informer asked for so far has its first list.
  public var areSynced: Bool { state.withLock { $0.informers.values.allSatisfy(\.isSynced) } }

  /// Returns once every informer asked for so far has its first list.
  public func waitUntilSynced() async throws {
    for informer in state.withLock({ Array($0.informers.values) }) { try await informer.waitUntilSynced() }
  }
}
