import Basics
import ControllerKit
import Formats
import KubeClient
import KubeProtocol
import Linux
import Synchronization
import Testing

@Suite struct EventRecorderTests {
  /// Keeps events as a server would, and tells when a number of requests has been answered.
  final class Events: KubeTransport {
    private struct State {
      var requests: [KubeRequest] = []
      var waiter: (count: Int, continuation: CheckedContinuation<Void, Never>)?
    }
    private let state = Mutex(State())

    func send(_ request: KubeRequest) async throws -> KubeResponse {
      let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
        state.requests.append(request)
        guard let waiter = state.waiter, state.requests.count >= waiter.count else { return nil }
        state.waiter = nil
        return waiter.continuation
      }
      waiter?.resume()
      return KubeResponse(status: 200, body: .json(request.json))
    }

    func requests(_ count: Int) async -> [KubeRequest] {
      await withCheckedContinuation { continuation in
        let isThere = state.withLock { state in
          if state.requests.count >= count { return true }
          state.waiter = (count, continuation)
          return false
        }
        if isThere { continuation.resume() }
      }
      return state.withLock { $0.requests }
    }
  }

  private let pod: KubeObject = {
    var pod = KubeObject(.pods, namespace: "n", name: "p")
    pod.uid = "u"
    return pod
  }()

  @Test func aRepeatedEventRaisesTheCount() async {
    let events = Events()
    let clock = SimulatedClock()
    let recorder = EventRecorder(client: KubeClient(events), component: "tester", host: "node", clock: clock)
    let running = Task { await recorder.run() }
    recorder.record(pod, .warning, reason: "BackOff", message: "again")
    var requests = await events.requests(1)
    #expect(requests[0].method == "POST")
    #expect(requests[0].path == "/api/v1/namespaces/n/events")
    #expect(requests[0].json.at("involvedObject", "uid") == "u")
    #expect(requests[0].json["source"] == ["component": "tester", "host": "node"])
    #expect(requests[0].json["count"] == 1)
    clock.advance(by: .seconds(5))
    recorder.record(pod, .warning, reason: "BackOff", message: "again")
    requests = await events.requests(2)
    #expect(requests[1].method == "PATCH")
    #expect(requests[1].json["count"] == 2)
    #expect(requests[1].json["lastTimestamp"] == .string(clock.now().rfc3339))
    running.cancel()
    await running.value
  }

  @Test func oneObjectCannotFloodTheServer() async {
    let events = Events()
    let recorder = EventRecorder(client: KubeClient(events), component: "tester", clock: SimulatedClock())
    for number in 0..<100 { recorder.record(pod, .normal, reason: "R", message: "\(number)") }
    var other = pod
    other.uid = "other"
    recorder.record(other, .normal, reason: "Last", message: "of another object")
    let running = Task { await recorder.run() }
    let requests = await events.requests(26)
    #expect(requests.count == 26)
    #expect(requests.last?.json["reason"] == "Last")
    running.cancel()
    await running.value
  }
}
