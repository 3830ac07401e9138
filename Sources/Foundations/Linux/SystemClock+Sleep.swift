public import Basics

extension SystemClock: SleepingClock {
  public func sleep(for duration: Duration) async throws {
    try await Task.sleep(for: max(duration, Duration.zero))
  }
}
