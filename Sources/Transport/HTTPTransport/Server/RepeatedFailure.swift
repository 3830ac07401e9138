/// Which repetitions of one failure are worth a line: the first, second, fourth, eighth and so on. Once it
/// has stayed away for a while, it counts from the beginning.
struct RepeatedFailure {
  /// Nanoseconds.
  static let forgottenAfter: UInt64 = 60_000_000_000

  private var count = 0
  private var last: UInt64 = 0

  /// - Parameter now: nanoseconds on a clock that never goes back.
  /// - Returns: how often it has happened, where that is worth a line.
  mutating func occurs(at now: UInt64) -> Int? {
    if now &- last >= Self.forgottenAfter { count = 0 }
    last = now
    count &+= 1
    return count & (count &- 1) == 0 ? count : nil
  }
}
