internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import Synchronization
internal import Telemetry

/// Follows the kinds that a cluster may have or not, from the moment it has them.
final class OptionalInformers: Sendable {
  private struct State {
    var kinds = OptionalKinds()
    var informers: [KubeResource: Informer] = [:]
  }

  private let informers: SharedInformers
  private let state = Mutex(State())

  init(_ informers: SharedInformers) { self.informers = informers }

  /// Those that are followed, once their first list is there.
  var kinds: OptionalKinds { state.withLock { $0.kinds } }
  var all: [Informer] { state.withLock { state in state.kinds.all.compactMap { state.informers[$0] } } }

  func informer(of resource: KubeResource) -> Informer? { state.withLock { $0.informers[resource] } }

  /// Asks the API anew.
  /// - Parameter setUp: is called with each new informer before it counts.
  /// - Returns: whether there is a kind that was not there before, or one is gone.
  func refresh(_ setUp: (Informer) -> Void) async throws -> Bool {
    let found = try await OptionalKinds.discover(informers.client)
    guard found != kinds else { return false }
    for resource in found.all where informer(of: resource) == nil {
      let informer = informers.informer(resource)
      setUp(informer)
      try await informer.waitUntilSynced()
      state.withLock { $0.informers[resource] = informer }
    }
    state.withLock { $0.kinds = found }
    return true
  }
}
