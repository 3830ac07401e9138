/// When a probe is tried. Until its first success there are extra tries with growing steps from 5 ms, which
/// count only when they succeed; the regular tries, at the period, count always. Pure: times are measured
/// from the container's start.
struct ProbeSchedule: Sendable {
  /// One try to make.
  struct Try: Sendable, Hashable {
    /// From the container's start.
    var at: Duration
    /// Whether a failure of this try counts towards the threshold.
    var countsFailure: Bool
  }

  static let firstStep: Duration = .milliseconds(5)
  static let largestStep: Duration = .milliseconds(500)

  private let period: Duration
  private var step = ProbeSchedule.firstStep
  private var nextRegular: Duration
  private var hasSucceeded = false

  init(_ probe: ProbeSpec) {
    period = probe.period
    // The first regular try comes one period in, as the extra ones cover the time before.
    nextRegular = probe.initialDelay + probe.period
    earliest = probe.initialDelay
  }

  private let earliest: Duration

  /// - Parameter elapsed: now, from the container's start.
  mutating func next(after elapsed: Duration) -> Try {
    if !hasSucceeded && elapsed < nextRegular {
      let at = max(earliest, elapsed + step)
      step = min(step * 2, Self.largestStep)
      if at < nextRegular { return Try(at: at, countsFailure: false) }
    }
    let at = max(nextRegular, elapsed)
    nextRegular = at + period
    return Try(at: at, countsFailure: true)
  }

  mutating func succeeded() { hasSucceeded = true }
}
