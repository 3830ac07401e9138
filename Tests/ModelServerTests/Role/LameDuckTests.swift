import Basics
import Synchronization
import Testing

@testable import ModelServer

struct LameDuckTests {
  /// Sleeps take no time but move the clock.
  private final class SteppingClock: SleepingClock {
    private let elapsed = Mutex(Duration.zero)
    let sleeps = Mutex(0)

    func now() -> Timestamp { Timestamp(seconds: 0, nanoseconds: 0) }
    func monotonicNow() -> Duration { elapsed.withLock { $0 } }
    func sleep(for duration: Duration) async throws {
      elapsed.withLock { $0 += duration }
      sleeps.withLock { $0 += 1 }
    }
  }

  private func sleeps(limit: Duration, requests counts: [UInt64]) async -> Int {
    let clock = SteppingClock()
    let asked = Mutex(0)
    let duck = LameDuck(quiet: .milliseconds(500), limit: limit, clock: clock)
    await duck.wait {
      asked.withLock { index in
        defer { index += 1 }
        return counts[min(index, counts.count - 1)]
      }
    }
    return clock.sleeps.withLock { $0 }
  }

  @Test func endsOnceNoRequestHasComeForAMoment() async {
    #expect(await sleeps(limit: .seconds(3), requests: [7, 7]) == 1)
    #expect(await sleeps(limit: .seconds(3), requests: [7, 9, 12, 12]) == 3)
  }

  @Test func endsAtItsLimitHoweverManyRequestsCome() async {
    #expect(await sleeps(limit: .seconds(3), requests: Array(0...100)) == 6)
  }

  @Test func aServerThatNobodyRoutesToEndsAtOnce() async {
    #expect(await sleeps(limit: .zero, requests: [1, 2, 3]) == 0)
  }
}
