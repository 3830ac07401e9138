internal import Synchronization

/// Opens once and stays open; any number of tasks may wait for that.
public final class Latch: Sendable {
  private struct State {
    var isOpen = false
    var nextWaiter: UInt64 = 0
    var waiters: [UInt64: CheckedContinuation<Void, any Error>] = [:]
  }

  private let state = Mutex(State())

  public init() {}

  public var isOpen: Bool { state.withLock { $0.isOpen } }

  public func open() {
    let waiters = state.withLock { state in
      state.isOpen = true
      defer { state.waiters = [:] }
      return state.waiters.values.map { $0 }
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Returns once the latch is open; throws `CancellationError` when the task is cancelled before that.
  public func wait() async throws {
    let identifier = state.withLock { state in
      state.nextWaiter &+= 1
      return state.nextWaiter
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        enum Outcome { case open, cancelled, waiting }
        let outcome: Outcome = state.withLock { state in
          if state.isOpen { return .open }
          if Task.isCancelled { return .cancelled }
          state.waiters[identifier] = continuation
          return .waiting
        }
        switch outcome {
        case .open: continuation.resume()
        case .cancelled: continuation.resume(throwing: CancellationError())
        case .waiting: break
        }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: identifier) }?.resume(throwing: CancellationError())
    }
  }
}
