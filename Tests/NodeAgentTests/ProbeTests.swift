import Basics
import Formats
import Testing

@testable import NodeAgent

private func probe(_ json: JSONValue) -> ProbeSpec {
  ProbeSpec(
    json: json,
    container: ContainerSpec(
      json: ["name": "c", "ports": [["name": "http", "containerPort": 8080]]], isInit: false))
}

@Suite struct ProbeTests {
  @Test func untilItsFirstSuccessAProbeIsTriedWithGrowingSteps() {
    var schedule = ProbeSchedule(probe(["tcpSocket": ["port": 1], "periodSeconds": 1]))
    var elapsed: Duration = .zero
    var tries: [ProbeSchedule.Try] = []
    for _ in 0..<10 {
      let next = schedule.next(after: elapsed)
      tries.append(next)
      elapsed = next.at
    }
    #expect(tries.map(\.at) == [5, 15, 35, 75, 155, 315, 635, 1000, 1500, 2000].map { .milliseconds($0) })
    #expect(
      tries.map(\.countsFailure) == [false, false, false, false, false, false, false, true, false, true])
  }

  @Test func afterItsFirstSuccessAProbeKeepsItsPeriod() {
    var schedule = ProbeSchedule(probe(["tcpSocket": ["port": 1], "periodSeconds": 10]))
    _ = schedule.next(after: .zero)
    schedule.succeeded()
    #expect(schedule.next(after: .milliseconds(6)) == .init(at: .seconds(10), countsFailure: true))
    #expect(schedule.next(after: .seconds(10)) == .init(at: .seconds(20), countsFailure: true))
    // A try that took longer than the period does not pile up others behind it.
    #expect(schedule.next(after: .seconds(95)) == .init(at: .seconds(95), countsFailure: true))
  }

  @Test func nothingIsTriedBeforeTheInitialDelay() {
    var schedule = ProbeSchedule(probe(["tcpSocket": ["port": 1], "initialDelaySeconds": 3]))
    #expect(schedule.next(after: .zero) == .init(at: .seconds(3), countsFailure: false))
  }

  @Test func handlersAreReadWithTheirDefaults() {
    let get = probe(["httpGet": ["port": "http", "path": "v1/models"], "timeoutSeconds": 0])
    #expect(get.action == .httpGet(host: nil, port: 8080, path: "/v1/models", isHTTPS: false, headers: []))
    #expect(get.timeout == .seconds(1))
    #expect(get.period == .seconds(10))
    #expect(get.failureThreshold == 3)
    #expect(probe(["tcpSocket": ["port": 9, "host": "localhost"]]).action == .tcpSocket(host: nil, port: 9))
    #expect(probe(["exec": ["command": ["true"]]]).action == .execute(["true"]))
    for json: JSONValue in [
      ["grpc": ["port": 1]], [:], ["httpGet": ["port": "nope"]], ["tcpSocket": ["port": 70_000]],
      ["exec": [:]],
    ] {
      guard case .invalid(let reason) = probe(json).action else {
        Issue.record("\(json.encodedText) should be refused")
        continue
      }
      #expect(!reason.isEmpty)
    }
  }
}
