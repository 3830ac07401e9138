/// A clock that can also be waited on: deadlines, back-off and delays take theirs from here.
public protocol SleepingClock: WallClock {
  /// Returns after `duration` of the monotonic clock; throws `CancellationError` as soon as the task is
  /// cancelled.
  func sleep(for duration: Duration) async throws
}
