/// A watch's hold on the store: it ends when its stream is let go.
final class StoreSubscription: Sendable {
  private let core: StoreCore
  private let identifier: Int

  init(core: StoreCore, identifier: Int) {
    self.core = core
    self.identifier = identifier
  }

  deinit { core.removeWatcher(identifier) }

  func next() async throws -> StoreEvent? { try await core.nextEvent(identifier) }
}
