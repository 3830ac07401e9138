internal import KubeClient
internal import KubeProtocol
internal import KubeStore
internal import Synchronization

/// The reading end of one watch: makes the next event when it is asked for, and ends the feed when it is let
/// go. Objects are decoded and presented here, one at a time, so that a watch that nobody reads holds none.
final class WatchReader: Sendable {
  private struct State {
    /// What was there at the beginning, last first.
    var initial: [KubeObject]
    var marksInitialEnd: Bool
    var encoder: WatchEventEncoder
    /// The revision up to which the reader knows everything.
    var revision: Int64
    var hasFailed = false
  }

  private let queue: WatchQueue
  private let feed: Task<Void, Never>
  private let selection: Selection
  private let storage: ObjectStorage
  private let state: Mutex<State>

  init(
    initial: [KubeObject], marksInitialEnd: Bool, start: Int64,
    changes: AsyncThrowingStream<StoreEvent, any Error>, feed: WatchFeed, selection: Selection,
    storage: ObjectStorage, encoder: WatchEventEncoder
  ) {
    let queue = WatchQueue()
    self.queue = queue
    self.selection = selection
    self.storage = storage
    state = Mutex(
      State(
        initial: initial.reversed(), marksInitialEnd: marksInitialEnd, encoder: encoder, revision: start))
    self.feed = Task { await feed.run(changes, to: queue) }
  }

  deinit {
    queue.finish()
    feed.cancel()
  }

  /// Nil at the end of the watch.
  func next() async -> WatchEvent? {
    if let event = state.withLock({ Self.nextInitial(&$0) }) { return event }
    if state.withLock({ $0.hasFailed }) { return nil }
    while let item = await queue.next() {
      if let event = state.withLock({ event(item, &$0) }) { return event }
    }
    return nil
  }

  private static func nextInitial(_ state: inout State) -> WatchEvent? {
    if let object = state.initial.popLast() { return state.encoder.event(.added, object) }
    guard state.marksInitialEnd else { return nil }
    state.marksInitialEnd = false
    return state.encoder.bookmark(state.revision, annotations: ["k8s.io/initial-events-end": "true"])
  }

  /// Nil where there is nothing to tell this watcher.
  private func event(_ item: WatchQueue.Item, _ state: inout State) -> WatchEvent? {
    switch item {
    case .bookmark: return state.encoder.bookmark(state.revision)
    case .failure(let error): return failure(error, &state)
    case .change(let change):
      state.revision = change.value.revision
      do {
        return try event(change, &state.encoder)
      } catch {
        return failure(APIServer.kubeError(error), &state)
      }
    }
  }

  private func failure(_ error: KubeError, _ state: inout State) -> WatchEvent {
    state.hasFailed = true
    queue.finish()
    return WatchEvent(.error, KubeObject(json: error.statusJSON))
  }

  /// Nil where the change does not concern the watcher. An object that starts or stops to match is added or
  /// deleted.
  private func event(_ change: StoreEvent, _ encoder: inout WatchEventEncoder) throws -> WatchEvent? {
    let value = change.value
    // Where all are wanted, the object need not even be decoded if another watcher has had it.
    if selection.selectsAll {
      return try encoder.event(Self.eventKind(change.kind), value) { try storage.decode(value) }
    }
    let object = try storage.decode(value)
    switch change.kind {
    case .created, .deleted:
      guard selection.matches(object) else { return nil }
      return encoder.event(Self.eventKind(change.kind), value) { object }
    case .updated:
      let old = try change.previous.map { try storage.decode($0) }
      switch (old.map(selection.matches) ?? false, selection.matches(object)) {
      case (true, true): return encoder.event(.modified, value) { object }
      case (false, true): return encoder.event(.added, value) { object }
      case (false, false): return nil
      case (true, false):
        guard var last = old else { return nil }
        last.resourceVersion = object.resourceVersion
        return encoder.event(.deleted, last)
      }
    }
  }

  private static func eventKind(_ kind: StoreEvent.Kind) -> WatchEvent.Kind {
    switch kind {
    case .created: .added
    case .updated: .modified
    case .deleted: .deleted
    }
  }
}
