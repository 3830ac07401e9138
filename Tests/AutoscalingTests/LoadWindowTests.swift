import Testing

@testable import Autoscaling

struct LoadWindowTests {
  private func close(_ left: Double, _ right: Double) -> Bool { abs(left - right) < 1e-9 }

  @Test func aConstantLoadHasItsOwnAverageOverAnyTime() {
    var window = LoadWindow(length: .seconds(60))
    for second in 0..<200 {
      window.add(7, from: .seconds(second), to: .seconds(second + 1))
    }
    #expect(close(window.average(over: .seconds(60), until: .seconds(200)), 7))
    #expect(close(window.average(over: .seconds(6), until: .seconds(200)), 7))
  }

  @Test func averagesDoNotDependOnWhenReportsCome() {
    // The same load, reported by two gateways at odd times.
    var window = LoadWindow(length: .seconds(60))
    var times: [Duration] = [.zero, .zero]
    let steps: [Duration] = [.milliseconds(700), .milliseconds(1300)]
    for gateway in 0..<2 {
      while times[gateway] < .seconds(91) {
        let next = times[gateway] + steps[gateway]
        window.add(3 * next.inSeconds - 3 * times[gateway].inSeconds, from: times[gateway], to: next)
        times[gateway] = next
      }
    }
    #expect(abs(window.average(over: .seconds(60), until: .seconds(91)) - 6) < 1e-6)
    #expect(abs(window.average(over: .seconds(6), until: .seconds(91)) - 6) < 1e-6)
  }

  @Test func aYoungWindowIsAveragedOverItsAge() {
    var window = LoadWindow(length: .seconds(60))
    window.add(40, from: .seconds(10), to: .seconds(14))
    #expect(close(window.average(over: .seconds(60), until: .seconds(14)), 10))
    // A first moment is not taken for a flood.
    var first = LoadWindow(length: .seconds(60))
    first.add(0.5, from: .seconds(10), to: .milliseconds(10_100))
    #expect(close(first.average(over: .seconds(60), until: .milliseconds(10_100)), 0.5))
  }

  @Test func whatIsOlderThanTheWindowNoLongerCounts() {
    var window = LoadWindow(length: .seconds(10))
    window.add(5, from: .zero, to: .seconds(1))
    #expect(close(window.average(over: .seconds(10), until: .seconds(10)), 0.5))
    #expect(window.average(over: .seconds(10), until: .seconds(11)) == 0)
    #expect(!window.isEmpty(until: .seconds(10)))
    #expect(window.isEmpty(until: .seconds(12)))
    window.add(20, from: .seconds(500), to: .seconds(501))
    #expect(close(window.average(over: .seconds(10), until: .seconds(501)), 2))
  }

  @Test func halfOfASecondCountsHalf() {
    var window = LoadWindow(length: .seconds(10))
    window.add(4, from: .zero, to: .seconds(1))
    window.add(0, from: .seconds(1), to: .milliseconds(10_500))
    #expect(close(window.average(over: .seconds(10), until: .milliseconds(10_500)), 0.2))
  }

  @Test func anIntervalLongerThanTheWindowIsCutToIt() {
    var window = LoadWindow(length: .seconds(5))
    window.add(3600, from: .zero, to: .seconds(3600))
    #expect(close(window.average(over: .seconds(5), until: .seconds(3600)), 1))
  }

  @Test func numbersThatCannotBeAreIgnored() {
    var window = LoadWindow(length: .seconds(5))
    window.add(.nan, from: .zero, to: .seconds(1))
    window.add(.infinity, from: .zero, to: .seconds(1))
    window.add(-1, from: .zero, to: .seconds(1))
    window.add(1, from: .seconds(2), to: .seconds(1))
    #expect(window.average(over: .seconds(5), until: .seconds(2)) == 0)
    #expect(window.isEmpty(until: .seconds(2)))
  }
}
