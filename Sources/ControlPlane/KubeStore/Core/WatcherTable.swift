/// Where each watcher stands in the shared history. A watcher costs a few words, however far it lags behind.
struct WatcherTable {
  typealias Waiter = CheckedContinuation<StoreEvent?, any Error>

  /// An event for a watcher that waits for one; to be handed over outside of the store's lock.
  struct Delivery {
    let waiter: Waiter
    let event: StoreEvent
  }

  private struct Watcher {
    let prefix: String
    /// Changes up to here were handed over or do not concern the watcher.
    var position: Int64
    /// Changes behind `position` that the watcher is to get.
    var unread: Int
    /// How many of them there may be.
    let limit: Int
    var waiter: Waiter?
    /// It gets what is unread and then this; nothing that is published later.
    var end: Result<StoreEvent?, any Error>?
  }

  private var watchers: [Int: Watcher] = [:]
  private var nextIdentifier = 0

  /// The past does not count against `limit`: the history bounds it.
  mutating func add(
    prefix: String, after revision: Int64, _ history: EventHistory, current: Int64, limit: Int
  ) -> Int {
    let unread = history.count(after: revision, prefix: prefix)
    nextIdentifier += 1
    watchers[nextIdentifier] = Watcher(
      prefix: prefix, position: unread == 0 ? current : revision, unread: unread,
      limit: unread.addingReportingOverflow(limit).partialValue)
    return nextIdentifier
  }

  /// What the watcher gets at once; nil where `waiter` has to wait.
  mutating func next(
    _ identifier: Int, _ history: EventHistory, current: Int64, _ waiter: Waiter
  ) -> Result<StoreEvent?, any Error>? {
    guard var watcher = watchers[identifier] else { return .success(nil) }
    defer { watchers[identifier] = watcher }
    if watcher.unread > 0 {
      guard watcher.position >= history.compactedRevision,
        let event = history.first(after: watcher.position, prefix: watcher.prefix)
      else {
        let error = StoreError.compacted(oldestRevision: history.compactedRevision)
        watcher.unread = 0
        watcher.end = .success(nil)
        return .failure(error)
      }
      watcher.unread -= 1
      watcher.position = watcher.unread == 0 && watcher.end == nil ? current : event.value.revision
      return .success(event)
    }
    if let end = watcher.end {
      watcher.end = .success(nil)
      return end
    }
    // Two readers of one stream: the first one's turn ends.
    if watcher.waiter != nil { return .success(nil) }
    watcher.waiter = waiter
    return nil
  }

  /// Notes one change for all watchers that it concerns.
  mutating func publish(_ change: StoreEvent) -> [Delivery] {
    var deliveries: [Delivery] = []
    var index = watchers.startIndex
    while index != watchers.endIndex {
      defer { watchers.formIndex(after: &index) }
      if let delivery = Self.note(change, &watchers.values[index]) { deliveries.append(delivery) }
    }
    return deliveries
  }

  private static func note(_ change: StoreEvent, _ watcher: inout Watcher) -> Delivery? {
    if watcher.end != nil { return nil }
    if !OrderedIndex.begins(change.value.key, with: watcher.prefix) {
      if watcher.unread == 0 { watcher.position = change.value.revision }
      return nil
    }
    if let waiter = watcher.waiter {
      watcher.waiter = nil
      watcher.position = change.value.revision
      return Delivery(waiter: waiter, event: change)
    }
    if watcher.unread >= watcher.limit {
      watcher.end = .failure(StoreError.compacted(oldestRevision: change.value.revision))
    } else {
      watcher.unread += 1
    }
    return nil
  }

  mutating func takeWaiter(_ identifier: Int) -> Waiter? {
    let waiter = watchers[identifier]?.waiter
    watchers[identifier]?.waiter = nil
    return waiter
  }

  mutating func remove(_ identifier: Int) -> Waiter? {
    watchers.removeValue(forKey: identifier)?.waiter
  }

  /// Ends all watchers behind what they have not read yet.
  /// - Returns: those that wait.
  mutating func end() -> [Waiter] {
    var waiters: [Waiter] = []
    for identifier in watchers.keys {
      if let waiter = takeWaiter(identifier) { waiters.append(waiter) }
      if watchers[identifier]?.end == nil { watchers[identifier]?.end = .success(nil) }
    }
    return waiters
  }
}
