internal import Basics
internal import Linux

/// The time between the order to stop and its execution, in which late requests are still answered: until
/// none has come for a moment.
struct LameDuck: Sendable {
  /// Ends once no request has come for this long.
  var quiet: Duration = .milliseconds(500)
  /// Ends then in any case; zero for no such time.
  var limit: Duration
  var clock: any SleepingClock = SystemClock()

  /// - Parameter requests: how many have come so far.
  func wait(_ requests: @Sendable () -> UInt64) async {
    let end = clock.monotonicNow() + limit
    var seen = requests()
    while clock.monotonicNow() < end {
      do { try await clock.sleep(for: min(quiet, limit)) } catch { return }
      let now = requests()
      if now == seen { return }
      seen = now
    }
  }
}
