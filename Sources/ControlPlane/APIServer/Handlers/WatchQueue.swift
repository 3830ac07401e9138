internal import KubeProtocol
internal import KubeStore
internal import Synchronization

/// What lies between a watch's feed and its reader: a few changes, still encoded as the store shares them.
/// The feed waits while it is full, so that a slow reader leaves its backlog in the store's history.
final class WatchQueue: Sendable {
  enum Item: Sendable {
    case change(StoreEvent)
    case bookmark
    /// Nothing comes after it.
    case failure(KubeError)
  }

  private typealias Reader = CheckedContinuation<Item?, Never>
  private typealias Writer = CheckedContinuation<Void, Never>

  static let maximumChanges = 16
  static let maximumBytes = 64 << 10

  private struct State {
    var items: [Item] = []
    var changes = 0
    var bytes = 0
    var isFinished = false
    var reader: Reader?
    var writer: Writer?

    /// One change always fits, whatever its size.
    func fits(_ size: Int) -> Bool {
      changes == 0 || (changes < maximumChanges && bytes + size <= maximumBytes)
    }
  }

  private let state = Mutex(State())

  var isEmpty: Bool { state.withLock { $0.items.isEmpty } }

  /// Changes that wait, and the bytes that they keep in memory.
  var backlog: (changes: Int, bytes: Int) { state.withLock { ($0.changes, $0.bytes) } }

  /// Waits until there is room. False where nobody reads any more, or the task is cancelled.
  func send(_ change: StoreEvent) async -> Bool {
    let size = Self.size(change)
    while !Task.isCancelled {
      if state.withLock({ $0.isFinished }) { return false }
      if state.withLock({ $0.fits(size) }) {
        add(.change(change))
        return true
      }
      await waitForRoom(size)
    }
    return false
  }

  /// Adds without waiting: for the few items that are no changes.
  func add(_ item: Item) {
    let reader = state.withLock { state -> Reader? in
      if state.isFinished { return nil }
      if let reader = state.reader {
        state.reader = nil
        return reader
      }
      state.items.append(item)
      if case .change(let change) = item {
        state.changes += 1
        state.bytes += Self.size(change)
      }
      return nil
    }
    reader?.resume(returning: item)
  }

  /// What is in the queue can still be read.
  func finish() {
    let (reader, writer) = state.withLock { state in
      state.isFinished = true
      return (Self.take(&state.reader), Self.take(&state.writer))
    }
    reader?.resume(returning: nil)
    writer?.resume()
  }

  /// Nil at the end, and for a task that is cancelled.
  func next() async -> Item? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: Reader) in take(continuation) }
    } onCancel: {
      let reader = state.withLock { Self.take(&$0.reader) }
      reader?.resume(returning: nil)
    }
  }

  /// Answers the reader at once, or lets it wait for the next item.
  private func take(_ reader: Reader) {
    let isCancelled = Task.isCancelled
    var item: Item?
    var writer: Writer?
    let isAnswered = state.withLock { state -> Bool in
      if !isCancelled, !state.items.isEmpty {
        item = Self.removeFirst(&state)
        writer = Self.take(&state.writer)
        return true
      }
      if isCancelled || state.isFinished || state.reader != nil { return true }
      state.reader = reader
      return false
    }
    writer?.resume()
    if isAnswered { reader.resume(returning: item) }
  }

  private func waitForRoom(_ size: Int) async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: Writer) in
        let isCancelled = Task.isCancelled
        let hasRoom = state.withLock { state in
          if isCancelled || state.isFinished || state.fits(size) || state.writer != nil { return true }
          state.writer = continuation
          return false
        }
        if hasRoom { continuation.resume() }
      }
    } onCancel: {
      let writer = state.withLock { Self.take(&$0.writer) }
      writer?.resume()
    }
  }

  private static func removeFirst(_ state: inout State) -> Item {
    let item = state.items.removeFirst()
    if case .change(let change) = item {
      state.changes -= 1
      state.bytes -= size(change)
    }
    return item
  }

  private static func size(_ change: StoreEvent) -> Int {
    change.value.content.size + (change.previous?.content.size ?? 0)
  }

  private static func take<Value>(_ value: inout Value?) -> Value? {
    defer { value = nil }
    return value
  }
}
