import Basics
import Testing

@testable import NodeAgent

@Suite struct MemoryWatchTests {
  @Test func theNearerTheLimitTheOftenerItLooks() {
    let limit: Int64 = 1 << 30
    let shares: [Int64] = [0, limit / 3, limit / 8 * 5, limit / 10 * 9, limit]
    let pauses = shares.map { MemoryWatch.pause(used: $0, limit: limit, age: .seconds(60)) }
    #expect(pauses == pauses.sorted(by: >))
    #expect(pauses.first == .seconds(2))
    #expect(pauses.last == .milliseconds(50))
    #expect(MemoryWatch.pause(used: 0, limit: limit, age: .zero) == .milliseconds(250))
    #expect(MemoryWatch.pause(used: .max, limit: 1, age: .zero) == .milliseconds(50))
  }
}
