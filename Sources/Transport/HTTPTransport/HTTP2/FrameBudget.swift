/// Tokens that frames cost: refilled by time and by useful work, never beyond a burst.
struct FrameBudget {
  private let burst: Int
  private let perSecond: Int
  private var tokens: Int
  private var refilledAt: UInt64 = 0

  init(burst: Int, perSecond: Int) {
    self.burst = max(1, burst)
    self.perSecond = max(0, perSecond)
    tokens = self.burst
  }

  /// - Parameter now: nanoseconds.
  /// - Returns: false where nothing is left.
  mutating func take(now: UInt64) -> Bool {
    if tokens > 0 {
      tokens &-= 1
      return true
    }
    let elapsed = now >= refilledAt ? now &- refilledAt : 0
    refilledAt = now
    // More than ten seconds fill no more than the burst either way.
    let earned = Int(min(elapsed, 10_000_000_000) / 1_000_000) &* min(perSecond, 1_000_000) / 1000
    guard earned > 0 else { return false }
    tokens = min(burst, earned) &- 1
    return true
  }

  mutating func earn(_ count: Int) { tokens = min(burst, tokens &+ min(count, burst)) }
}
