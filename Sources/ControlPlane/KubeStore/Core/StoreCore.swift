internal import Synchronization

/// What both drivers share: current values, the recent past, and the watchers, behind one lock that is never
/// held across a disk access. Drivers plan a batch, make it durable, then publish it; only one thread at a
/// time does so.
final class StoreCore: Sendable {
  private struct State {
    var index = OrderedIndex()
    var history: EventHistory
    var revision: Int64 = 0
    var watchers = WatcherTable()
    var isClosed = false
  }

  private let limits: StoreLimits
  private let state: Mutex<State>

  init(limits: StoreLimits) {
    self.limits = limits
    state = Mutex(State(history: EventHistory(limits: limits)))
  }

  static let closed = StoreError.unavailable(message: "the store is closed; start the control plane again")

  // MARK: Reads

  func currentRevision() -> Int64 { state.withLock { $0.revision } }
  func compactedRevision() -> Int64 { state.withLock { $0.history.compactedRevision } }
  func get(_ key: String) -> StoredValue? { state.withLock { $0.index[key] } }

  func list(prefix: String) -> (values: [StoredValue], revision: Int64) {
    state.withLock { ($0.index.values(prefix: prefix), $0.revision) }
  }

  /// The present values, with the changes since then undone.
  func list(prefix: String, at revision: Int64) throws(StoreError) -> [StoredValue] {
    let result: Result<[StoredValue], StoreError> = state.withLock { state in
      if revision > state.revision { return .failure(.futureRevision(current: state.revision)) }
      let oldest = state.history.compactedRevision
      if revision < oldest { return .failure(.compacted(oldestRevision: oldest)) }
      let values = state.index.values(prefix: prefix)
      let before = state.history.valuesBefore(revision, prefix: prefix)
      if before.isEmpty { return .success(values) }
      let kept = values.filter { before[$0.key] == nil } + before.values.compactMap(\.self)
      return .success(kept.sorted { OrderedIndex.precedes($0.key, $1.key) })
    }
    return try result.get()
  }

  /// Registers a watcher in the same moment in which it reads the revision, so that it misses nothing and
  /// sees nothing twice. What it has not read yet stays in the history that all watchers share.
  func watch(prefix: String, after revision: Int64) throws(StoreError) -> AsyncThrowingStream<
    StoreEvent, any Error
  > {
    let result: Result<Int, StoreError> = state.withLock { state in
      if state.isClosed { return .failure(Self.closed) }
      if revision > state.revision { return .failure(.futureRevision(current: state.revision)) }
      let oldest = state.history.compactedRevision
      if revision < oldest { return .failure(.compacted(oldestRevision: oldest)) }
      return .success(
        state.watchers.add(
          prefix: prefix, after: revision, state.history, current: state.revision,
          limit: limits.watcherEvents))
    }
    let subscription = StoreSubscription(core: self, identifier: try result.get())
    return AsyncThrowingStream { try await subscription.next() }
  }

  /// The watcher's next change; nil where the watch or the caller's task has ended.
  func nextEvent(_ identifier: Int) async throws -> StoreEvent? {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let isCancelled = Task.isCancelled
        let outcome = state.withLock { state in
          isCancelled
            ? .success(nil)
            : state.watchers.next(identifier, state.history, current: state.revision, continuation)
        }
        if let outcome { continuation.resume(with: outcome) }
      }
    } onCancel: {
      let waiter = state.withLock { $0.watchers.takeWaiter(identifier) }
      waiter?.resume(returning: nil)
    }
  }

  func removeWatcher(_ identifier: Int) {
    let waiter = state.withLock { $0.watchers.remove(identifier) }
    waiter?.resume(returning: nil)
  }

  // MARK: Writes

  /// What each of the writes would do, and the changes that make up the batch.
  func plan(_ writes: [StoreWrite]) -> (results: [Result<StoredValue, StoreError>], changes: [StoreEvent]) {
    state.withLock { state in
      if state.isClosed { return (writes.map { _ in .failure(Self.closed) }, []) }
      var plan = WritePlan(after: state.revision)
      let results = writes.map { plan.add($0, state.index) }
      return (results, plan.changes)
    }
  }

  /// Makes durable changes visible and tells the watchers.
  /// - Returns: the revisions whose stored values nobody needs any more.
  func publish(_ changes: [StoreEvent]) -> [Int64] {
    let (superseded, deliveries) = state.withLock { state in
      var forgotten: [StoreEvent] = []
      var deliveries: [WatcherTable.Delivery] = []
      for change in changes {
        Self.apply(change, to: &state.index)
        state.revision = change.value.revision
        forgotten += state.history.append(change)
        deliveries += state.watchers.publish(change)
      }
      return (forgotten.flatMap(Self.supersededRevisions), deliveries)
    }
    for delivery in deliveries { delivery.waiter.resume(returning: delivery.event) }
    return superseded
  }

  /// Plans and publishes at once, for the driver without a disk. The caller sees to it that only one thread
  /// is here.
  func write(_ write: StoreWrite) throws(StoreError) -> StoredValue {
    let (results, changes) = plan([write])
    _ = publish(changes)
    guard let result = results.first else { throw Self.closed }
    return try result.get()
  }

  /// - Returns: the revisions whose stored values nobody needs any more.
  func compact(before revision: Int64) -> [Int64] {
    state.withLock { state in
      state.history.compact(before: revision).flatMap(Self.supersededRevisions)
    }
  }

  /// Ends all watches; reads go on, writes are refused.
  func close() {
    let waiters = state.withLock { state in
      state.isClosed = true
      return state.watchers.end()
    }
    for waiter in waiters { waiter.resume(returning: nil) }
  }

  // MARK: Loading

  /// Begins from a stored state, before anybody else uses the store.
  func beginLoading(compactedRevision: Int64) {
    state.withLock { state in
      state.history = EventHistory(limits: limits, compactedRevision: compactedRevision)
      state.revision = compactedRevision
    }
  }

  /// Takes in one stored change; they come in the order of their revisions. `content` nil: a deletion.
  /// - Returns: the revisions whose stored values nobody needs any more.
  func load(key: String, content: (any StoredContent)?, createRevision: Int64, revision: Int64) -> [Int64] {
    state.withLock { state in
      let previous = state.index[key]
      let stored = StoredValue(
        key: previous?.key ?? key, content: content ?? previous?.content ?? StoredBytes([]),
        createRevision: createRevision, revision: revision)
      let kind: StoreEvent.Kind = content == nil ? .deleted : previous == nil ? .created : .updated
      let event = StoreEvent(kind: kind, value: stored, previous: previous)
      Self.apply(event, to: &state.index)
      guard revision > state.history.compactedRevision else { return Self.supersededRevisions(event) }
      state.revision = revision
      return state.history.append(event).flatMap(Self.supersededRevisions)
    }
  }

  // MARK: Parts

  private static func apply(_ change: StoreEvent, to index: inout OrderedIndex) {
    if change.kind == .deleted { index.remove(change.value.key) } else { index.set(change.value) }
  }

  /// Once a change is forgotten, the value that it replaced is of no use; nor is the record of a deletion.
  private static func supersededRevisions(_ event: StoreEvent) -> [Int64] {
    var revisions: [Int64] = []
    if let previous = event.previous { revisions.append(previous.revision) }
    if event.kind == .deleted { revisions.append(event.value.revision) }
    return revisions
  }
}
