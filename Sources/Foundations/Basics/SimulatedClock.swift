internal import Synchronization

/// A clock that stands still until it is moved: for tests and simulations.
public final class SimulatedClock: SleepingClock {
  private struct Sleeper {
    var deadline: Duration
    var continuation: CheckedContinuation<Void, any Error>
  }

  private struct State {
    var elapsed: Duration = .zero
    var nextSleeper: UInt64 = 0
    var sleepers: [UInt64: Sleeper] = [:]
    var observers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
  }

  private let start: Timestamp
  private let state = Mutex(State())

  public init(start: Timestamp = Timestamp(seconds: 1_790_000_000)) { self.start = start }

  public func now() -> Timestamp { start.adding(monotonicNow()) }
  public func monotonicNow() -> Duration { state.withLock { $0.elapsed } }

  /// The earliest deadline that somebody sleeps for, from now; nil where nobody sleeps.
  public var nextWake: Duration? {
    state.withLock { state in state.sleepers.values.map { $0.deadline - state.elapsed }.min() }
  }

  /// Moves time on and wakes every sleeper whose time has come.
  public func advance(by duration: Duration) {
    let woken = state.withLock { state in
      state.elapsed += duration
      let due = state.sleepers.filter { $0.value.deadline <= state.elapsed }
      for identifier in due.keys { state.sleepers[identifier] = nil }
      return due.values.sorted { $0.deadline < $1.deadline }.map(\.continuation)
    }
    for continuation in woken { continuation.resume() }
  }

  /// Returns once at least `count` tasks sleep on this clock.
  public func waitForSleepers(_ count: Int = 1) async {
    await withCheckedContinuation { continuation in
      let isThere = state.withLock { state in
        if state.sleepers.count >= count { return true }
        state.observers.append((count, continuation))
        return false
      }
      if isThere { continuation.resume() }
    }
  }

  public func sleep(for duration: Duration) async throws {
    try Task.checkCancellation()
    if duration <= .zero { return }
    let identifier = state.withLock { state in
      state.nextSleeper &+= 1
      return state.nextSleeper
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        let result = enqueue(identifier, duration, continuation)
        if !result.isAsleep { continuation.resume(throwing: CancellationError()) }
        for observer in result.observers { observer.resume() }
      }
    } onCancel: {
      let sleeper = state.withLock { $0.sleepers.removeValue(forKey: identifier) }
      sleeper?.continuation.resume(throwing: CancellationError())
    }
  }

  private func enqueue(
    _ identifier: UInt64, _ duration: Duration, _ continuation: CheckedContinuation<Void, any Error>
  ) -> (isAsleep: Bool, observers: [CheckedContinuation<Void, Never>]) {
    state.withLock { state in
      if Task.isCancelled { return (false, []) }
      state.sleepers[identifier] = Sleeper(deadline: state.elapsed + duration, continuation: continuation)
      let satisfied = state.observers.filter { $0.count <= state.sleepers.count }.map(\.continuation)
      state.observers.removeAll { $0.count <= state.sleepers.count }
      return (true, satisfied)
    }
  }
}
