/// How much of the past a store keeps for watches, and how far a watcher may fall behind.
public struct StoreLimits: Sendable {
  /// Changes kept, at most.
  public var historyEvents: Int
  /// Bytes of values kept in those changes, about; the last hundred changes are kept whatever their size.
  public var historyBytes: Int
  /// Events that a watcher may lag behind before its stream is ended. They wait in the shared history, so
  /// that a slow watcher holds none of its own.
  public var watcherEvents: Int
  /// Writes that wait for the disk before further ones are refused.
  public var waitingWrites: Int

  public init(
    historyEvents: Int = 10_000, historyBytes: Int = 8 << 20, watcherEvents: Int = 1024,
    waitingWrites: Int = 4096
  ) {
    self.historyEvents = historyEvents
    self.historyBytes = historyBytes
    self.watcherEvents = watcherEvents
    self.waitingWrites = waitingWrites
  }
}

/// The last changes, without gaps: one per revision behind `compactedRevision`.
struct EventHistory {
  private static let alwaysKept = 100

  private let limits: StoreLimits
  private var events: [StoreEvent] = []
  private var head = 0
  private var bytes = 0
  /// The revision up to which changes are forgotten.
  private(set) var compactedRevision: Int64

  init(limits: StoreLimits, compactedRevision: Int64 = 0) {
    self.limits = limits
    self.compactedRevision = compactedRevision
  }

  var count: Int { events.count - head }

  /// Adds a change and returns those that had to go for it.
  mutating func append(_ event: StoreEvent) -> [StoreEvent] {
    events.append(event)
    bytes += event.value.content.size
    var forgotten: [StoreEvent] = []
    while count > limits.historyEvents || (bytes > limits.historyBytes && count > Self.alwaysKept) {
      forgotten.append(removeFirst())
    }
    return forgotten
  }

  /// Forgets everything up to `revision`.
  mutating func compact(before revision: Int64) -> [StoreEvent] {
    var forgotten: [StoreEvent] = []
    while count > 0, events[head].value.revision <= revision { forgotten.append(removeFirst()) }
    return forgotten
  }

  /// How many changes under the prefix lie behind `revision`, which must not be before `compactedRevision`.
  func count(after revision: Int64, prefix: String) -> Int {
    changes(after: revision).count { OrderedIndex.begins($0.value.key, with: prefix) }
  }

  /// The first change under the prefix behind `revision`, which must not be before `compactedRevision`.
  func first(after revision: Int64, prefix: String) -> StoreEvent? {
    changes(after: revision).first { OrderedIndex.begins($0.value.key, with: prefix) }
  }

  /// What the keys under the prefix that have changed behind `revision` held at that revision; nil for those
  /// that were not there.
  func valuesBefore(_ revision: Int64, prefix: String) -> [String: StoredValue?] {
    var values: [String: StoredValue?] = [:]
    for change in changes(after: revision) where OrderedIndex.begins(change.value.key, with: prefix) {
      if values[change.value.key] == nil { values[change.value.key] = .some(change.previous) }
    }
    return values
  }

  private func changes(after revision: Int64) -> ArraySlice<StoreEvent> {
    let skipped = Int(clamping: revision - compactedRevision)
    guard skipped >= 0, skipped < count else { return [] }
    return events[(head + skipped)...]
  }

  private mutating func removeFirst() -> StoreEvent {
    let event = events[head]
    head += 1
    bytes -= event.value.content.size
    compactedRevision = event.value.revision
    if head > 64 && head * 2 > events.count {
      events.removeFirst(head)
      head = 0
    }
    return event
  }
}
