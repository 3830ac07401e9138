import Basics
import Formats
import KubeProtocol
import Testing

@testable import Commands

@Suite struct EventTextTests {
  private func event(_ name: String, _ member: String, _ time: String, count: Int64 = 1) -> KubeObject {
    var event = KubeObject(.events, namespace: "a", name: name)
    event["type"] = "Normal"
    event["reason"] = .string(name)
    event["message"] = "it was so"
    event["count"] = .int(count)
    event[member] = .string(time)
    return event
  }

  @Test func theOldestComesFirstEachWithItsAge() throws {
    let now = try #require(Timestamp(rfc3339: "2026-11-21T12:00:00Z"))
    let lines = EventText.lines(
      [
        event("Late", "lastTimestamp", "2026-11-21T11:59:15Z", count: 3),
        event("Early", "eventTime", "2026-11-21T09:00:00.000000Z"),
        KubeObject(.events, namespace: "a", name: "odd"),
      ], now: now)
    #expect(
      lines == [
        "    <unknown>  ", "Normal  Early  3h  it was so", "Normal  Late  45s  it was so (3 times)",
      ])
  }
}
