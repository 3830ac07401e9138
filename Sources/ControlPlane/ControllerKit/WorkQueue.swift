public import Basics
internal import Synchronization

/// Keys that wait to be worked on. A key is in the queue once however often it is added; one worker at a time
/// has it; a key added while it is worked on comes again afterwards. Retries are delayed exponentially per
/// key.
///
/// Bounded: beyond `capacity` distinct keys `add` refuses and remembers that it did (`takeOverflow`).
public final class WorkQueue<Key: Hashable & Sendable>: Sendable {
  private struct State {
    var ready: [Key] = []
    var head = 0
    /// Keys in `ready`, and keys in work that were added again.
    var dirty: Set<Key> = []
    var inWork: Set<Key> = []
    var delayed: [Key: Duration] = [:]
    var failures: [Key: Int] = [:]
    var waiters: [(identifier: UInt64, continuation: CheckedContinuation<Key?, Never>)] = []
    var nextWaiter: UInt64 = 0
    var overflowed = false
  }

  private enum Addition { case done, refused, handed(CheckedContinuation<Key?, Never>) }
  private enum Taking { case key(Key), cancelled, waiting }

  private let capacity: Int
  private let retry: Backoff
  private let clock: any SleepingClock
  private let state = Mutex(State())
  private let timersChanged = WakeSignal()

  /// - Parameter retry: the delays of `retry(_:)`; 5 ms doubling up to 60 s unless given.
  public init(
    clock: any SleepingClock, capacity: Int = 65_536,
    retry: Backoff = Backoff(initial: .milliseconds(5), maximum: .seconds(60))
  ) {
    self.clock = clock
    self.capacity = capacity
    self.retry = retry
  }

  /// Keys ready, in work or delayed.
  public var count: Int {
    state.withLock { $0.dirty.union($0.inWork).union($0.delayed.keys).count }
  }

  /// Queues the key now. False where the queue is full.
  @discardableResult
  public func add(_ key: Key) -> Bool {
    let outcome: Addition = state.withLock { state in
      state.delayed[key] = nil
      if state.dirty.contains(key) { return .done }
      if state.dirty.count >= capacity {
        state.overflowed = true
        return .refused
      }
      if state.inWork.contains(key) {
        state.dirty.insert(key)
        return .done
      }
      if !state.waiters.isEmpty {
        state.inWork.insert(key)
        return .handed(state.waiters.removeFirst().continuation)
      }
      state.dirty.insert(key)
      state.ready.append(key)
      return .done
    }
    switch outcome {
    case .done: return true
    case .refused: return false
    case .handed(let continuation):
      continuation.resume(returning: key)
      return true
    }
  }

  /// Queues the key once `delay` has passed; an earlier time for the same key stands.
  public func add(_ key: Key, after delay: Duration) {
    if delay <= .zero {
      add(key)
      return
    }
    let deadline = clock.monotonicNow() + delay
    let isNew = state.withLock { state in
      if state.dirty.contains(key) && !state.inWork.contains(key) { return false }
      if let earlier = state.delayed[key], earlier <= deadline { return false }
      if state.delayed.count >= capacity && state.delayed[key] == nil {
        state.overflowed = true
        return false
      }
      state.delayed[key] = deadline
      return true
    }
    if isNew { timersChanged.signal() }
  }

  /// Queues the key after its next retry delay. Returns how often it has failed in a row.
  @discardableResult
  public func retry(_ key: Key) -> Int {
    let failures = state.withLock { state in
      let failures = state.failures[key] ?? 0
      state.failures[key] = failures &+ 1
      return failures
    }
    add(key, after: retry.delay(attempt: failures))
    return failures &+ 1
  }

  /// The key succeeded: its next retry starts from the shortest delay.
  public func forget(_ key: Key) { state.withLock { $0.failures[key] = nil } }

  /// True once after keys were refused and there is room again: the caller adds everything it knows.
  public func takeOverflow() -> Bool {
    state.withLock { state in
      guard state.overflowed, state.dirty.count <= capacity / 2 else { return false }
      state.overflowed = false
      return true
    }
  }

  /// The next key; the caller has it alone until `done`. Nil when the task is cancelled.
  public func next() async -> Key? {
    let identifier = state.withLock { state in
      state.nextWaiter &+= 1
      return state.nextWaiter
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let outcome: Taking = state.withLock { state in
          if Task.isCancelled { return .cancelled }
          if let key = Self.take(&state) { return .key(key) }
          state.waiters.append((identifier, continuation))
          return .waiting
        }
        switch outcome {
        case .key(let key): continuation.resume(returning: key)
        case .cancelled: continuation.resume(returning: nil)
        case .waiting: break
        }
      }
    } onCancel: {
      let waiter = state.withLock { state -> CheckedContinuation<Key?, Never>? in
        guard let position = state.waiters.firstIndex(where: { $0.identifier == identifier }) else {
          return nil
        }
        return state.waiters.remove(at: position).continuation
      }
      waiter?.resume(returning: nil)
    }
  }

  /// Gives the key back; where it was added meanwhile, it is queued again.
  public func done(_ key: Key) {
    let isDirty = state.withLock { state in
      state.inWork.remove(key)
      return state.dirty.remove(key) != nil
    }
    if isDirty { add(key) }
  }

  /// Moves delayed keys into the queue when their time comes, until the task is cancelled. Every queue needs
  /// one task that runs this.
  public func runTimers() async {
    while !Task.isCancelled {
      let now = clock.monotonicNow()
      let (due, next) = state.withLock { state -> ([Key], Duration?) in
        let due = state.delayed.filter { $0.value <= now }.sorted { $0.value < $1.value }.map(\.key)
        for key in due { state.delayed[key] = nil }
        return (due, state.delayed.values.min())
      }
      for key in due { add(key) }
      await waitForTimers(next.map { $0 - now })
    }
  }

  private func waitForTimers(_ delay: Duration?) async {
    guard let delay else {
      await timersChanged.wait()
      return
    }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { [timersChanged] in await timersChanged.wait() }
      // Cancelled when the signal comes first: that is not a failure.
      group.addTask { [clock] in try? await clock.sleep(for: delay) }
      await group.next()
      group.cancelAll()
    }
  }

  private static func take(_ state: inout State) -> Key? {
    guard state.head < state.ready.count else { return nil }
    let key = state.ready[state.head]
    state.head += 1
    if state.head > 64 && state.head * 2 > state.ready.count {
      state.ready.removeFirst(state.head)
      state.head = 0
    }
    state.dirty.remove(key)
    state.inWork.insert(key)
    return key
  }
}
