internal import Synchronization

/// Wakes one waiting task. Signals sent while nobody waits are kept as one.
public final class WakeSignal: Sendable {
  private struct State {
    var isPending = false
    var waiter: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  public init() {}

  public func signal() {
    let waiter = state.withLock { state in
      defer { state.waiter = nil }
      if state.waiter == nil { state.isPending = true }
      return state.waiter
    }
    waiter?.resume()
  }

  /// Returns at the next signal, at once where one is kept, and when the task is cancelled. One task waits at
  /// a time; a second one takes the place of the first, which then returns.
  public func wait() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let resumed: CheckedContinuation<Void, Never>? = state.withLock { state in
          if state.isPending || Task.isCancelled {
            state.isPending = false
            return continuation
          }
          defer { state.waiter = continuation }
          return state.waiter
        }
        resumed?.resume()
      }
    } onCancel: {
      let waiter = state.withLock { state in
        defer { state.waiter = nil }
        return state.waiter
      }
      waiter?.resume()
    }
  }
}
