/// Exponentially growing delays: `initial`, doubled each time, never over `maximum`.
public struct Backoff: Sendable, Hashable {
  public var initial: Duration
  public var maximum: Duration
  /// How many delays were taken since the last reset.
  public private(set) var attempts = 0

  public init(initial: Duration, maximum: Duration) {
    self.initial = initial
    self.maximum = maximum
  }

  /// The delay before try number `attempt` (0 is the first).
  public func delay(attempt: Int) -> Duration {
    var delay = initial
    for _ in 0..<max(0, attempt) {
      if delay >= maximum { break }
      delay = delay * 2
    }
    return min(delay, maximum)
  }

  public mutating func next() -> Duration {
    defer { attempts &+= 1 }
    return delay(attempt: attempts)
  }

  public mutating func reset() { attempts = 0 }
}
