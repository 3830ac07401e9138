import Basics
import Testing

@testable import NodeAgent

@Suite struct MemoryWatchTests {
  @Test func theNearerTheLimitTheOftenerItLooks() {
    let limit: Int64 = 1 << 30
    let shares: [Int64] = [0, limit / 3, limit / 8 * 5, limit / 10 * 9, limit]
    let pauses = shares.map { MemoryWatch.pause(used: $0, limit: limit, age: .seconds(60)) }
    #expect(pauses == pauses.sorted(by: >))
    #expect(pauses.first == .seconds(30))
    #expect(pauses.last == .milliseconds(50))
    #expect(MemoryWatch.pause(used: 0, limit: limit, age: .zero) == .milliseconds(250))
    #expect(MemoryWatch.pause(used: .max, limit: 1, age: .zero) == .milliseconds(50))
  }

  @Test func aMachineThatLosesMemoryMakesItLookSooner() {
    let limit: Int64 = 1 << 30
    func mayHaveGrown(_ loss: Int64, used: Int64) -> Bool {
      MemoryWatch.mayHaveGrown(used: used, limit: limit, availableThen: 8 << 30, availableNow: 8 << 30 - loss)
    }
    #expect(!mayHaveGrown(limit / 8, used: 0))
    #expect(mayHaveGrown(limit / 2, used: 0))
    // The nearer the limit, the less it takes.
    #expect(mayHaveGrown(limit / 8, used: limit / 10 * 9))
    #expect(!mayHaveGrown(-limit, used: limit / 10 * 9))
  }
}
