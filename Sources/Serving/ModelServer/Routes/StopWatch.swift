internal import Linux

/// Measures consecutive steps.
struct StopWatch: Sendable {
  private var last: UInt64

  init() { last = MonotonicClock.nanoseconds }

  /// Nanoseconds since the last call, or since the beginning.
  mutating func lap() -> Int64 {
    let now = MonotonicClock.nanoseconds
    defer { last = now }
    return Int64(clamping: now &- last)
  }
}
