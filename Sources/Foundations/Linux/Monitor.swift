internal import CShims
internal import Glibc

/// State behind a lock, with threads that wait for it to change.
/// `@unchecked Sendable`: every access to `state` holds `mutex`.
public final class Monitor<State: Sendable>: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var state: State

  public init(_ state: State) {
    self.state = state
    pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    // Deadlines are on the clock that never steps back.
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(changed, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  public func withLock<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&state)
  }

  /// Wakes one thread that waits; call it after the change.
  public func signal() { pthread_cond_signal(changed) }

  public func broadcast() { pthread_cond_broadcast(changed) }

  /// What a waiting thread does next.
  public enum Step<Result> {
    case done(Result)
    /// Look again when woken, or at that moment of `SystemClock.monotonicNow()`; nil for no such moment.
    case wait(until: Duration?)
  }

  /// Blocks the calling thread until `body`, which holds the lock, is done.
  public func wait<Result>(_ body: (inout State) -> Step<Result>) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while true {
      switch body(&state) {
      case .done(let result): return result
      case .wait(nil): pthread_cond_wait(changed, mutex)
      case .wait(let moment?):
        let (seconds, attoseconds) = max(moment, .zero).components
        var time = timespec(tv_sec: Int(clamping: seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
        pthread_cond_timedwait(changed, mutex, &time)
      }
    }
  }
}
