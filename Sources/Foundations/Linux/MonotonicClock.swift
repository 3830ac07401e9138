internal import CShims
internal import Glibc

/// The clock that never steps back, as plain nanoseconds for loops and timers.
public enum MonotonicClock {
  public static var nanoseconds: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
  }
}
