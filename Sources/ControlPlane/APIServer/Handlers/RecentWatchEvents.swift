internal import KubeProtocol
internal import Synchronization

/// The last events that watchers were told, so that a change is decoded and encoded once for all who watch
/// it, and is in memory once however many of them do not read.
final class RecentWatchEvents: Sendable {
  struct Key: Hashable, Sendable {
    /// A write changes one key, or several under the same revision.
    var revision: Int64
    var key: String
    var kind: WatchEvent.Kind
    /// A kind may be watched in several versions.
    var apiVersion: String
  }

  static let maximumEvents = 16
  static let maximumBytes = 1 << 20

  private struct Entry {
    var key: Key
    var event: WatchEvent
    var size: Int
  }

  private struct State {
    /// Oldest first.
    var entries: [Entry] = []
    var bytes = 0

    func event(_ key: Key) -> WatchEvent? { entries.last { $0.key == key }?.event }
  }

  private let state = Mutex(State())

  /// What is kept.
  var kept: (events: Int, bytes: Int) { state.withLock { ($0.entries.count, $0.bytes) } }

  /// - Parameter size: about how many bytes the object has.
  func event(_ key: Key, size: Int, _ make: () throws -> KubeObject) rethrows -> WatchEvent {
    if let known = state.withLock({ $0.event(key) }) { return known }
    // Not under the lock: decoding takes its time.
    let made = WatchEvent(key.kind, try make(), shared: SharedLine())
    return state.withLock { state in
      // Two who came at once get the same.
      if let known = state.event(key) { return known }
      state.entries.append(Entry(key: key, event: made, size: size))
      state.bytes += size
      while state.entries.count > Self.maximumEvents
        || (state.bytes > Self.maximumBytes && state.entries.count > 1)
      {
        state.bytes -= state.entries.removeFirst().size
      }
      return made
    }
  }
}
