import APIServer
import Basics
import Formats
import KubeClient
import KubeProtocol
import KubeStore
import KubeTestSupport
import Linux
import Synchronization
import Telemetry
import Testing

@testable import NodeAgent

/// A pod's status is written in the end, whatever a write meets; of a pod that is gone nothing is written.
@Suite(.timeLimit(.minutes(5))) struct PodStatusWriterTests {
  /// A writer about one pod of an API server in process.
  private struct Bench: Sendable {
    let client: KubeClient
    let transport: FaultyTransport
    let pod: KubeObject
    let writer: PodStatusWriter
    let clock: CountingClock

    func phase() async throws -> String? {
      try await client.find(.pods, namespace: "default", name: "p")?.status?["phase"]?.string
    }

    func write(_ phase: String) { writer.write(["phase": .string(phase)], isUrgent: true) }

    func wait(for phase: String) async throws {
      while try await self.phase() != phase {
        try Task.checkCancellation()
        await Task.yield()
      }
    }
  }

  /// Waits no time, but where it is held; counts how often somebody wanted to.
  private final class CountingClock: SleepingClock {
    private let state = Mutex(0)
    private let gate = Latch()

    init(isHeld: Bool) { if !isHeld { gate.open() } }

    var sleeps: Int { state.withLock { $0 } }
    func release() { gate.open() }
    func now() -> Timestamp { SystemClock().now() }
    func monotonicNow() -> Duration { SystemClock().monotonicNow() }

    func sleep(for duration: Duration) async throws {
      state.withLock { $0 += 1 }
      try await gate.wait()
      try Task.checkCancellation()
      await Task.yield()
    }
  }

  /// Counts the writes of statuses, and lets the first ones meet something.
  private final class Faults: Sendable {
    private let state = Mutex((seen: 0, left: 0))
    let fault: FaultyTransport.Fault

    init(_ fault: FaultyTransport.Fault, count: Int) {
      self.fault = fault
      state.withLock { $0.left = count }
    }

    var seen: Int { state.withLock { $0.seen } }

    func plan(_ request: KubeRequest) -> FaultyTransport.Fault? {
      guard request.method == "PATCH" else { return nil }
      return state.withLock { state in
        state.seen += 1
        state.left -= 1
        return state.left >= 0 ? fault : nil
      }
    }
  }

  private func run(
    _ faults: Faults, isHeld: Bool = false, _ body: @escaping @Sendable (Bench) async throws -> Void
  ) async throws {
    let server = APIServer(store: MemoryStore())
    try await server.start()
    let client = server.client
    let pod = try await client.create(.pods, Self.makePod())
    let transport = FaultyTransport(server)
    transport.setPlan { faults.plan($0) }
    let clock = CountingClock(isHeld: isHeld)
    let bench = Bench(
      client: client, transport: transport, pod: pod,
      writer: PodStatusWriter(
        pod, client: KubeClient(transport), clock: clock, log: Logger("test")), clock: clock)
    defer { bench.writer.stop() }
    try await body(bench)
    await server.stop()
  }

  private static func wait(until isTrue: () -> Bool) async throws {
    while !isTrue() {
      try Task.checkCancellation()
      await Task.yield()
    }
  }

  private static func makePod() -> KubeObject {
    var pod = KubeObject(.pods, namespace: "default", name: "p")
    pod.spec = ["containers": [["name": "c", "image": "i"]]]
    return pod
  }

  static let faults: [(name: String, fault: FaultyTransport.Fault, count: Int)] = [
    ("server error", .refuse(KubeError(.internalError, "planted")), 1),
    ("server errors", .refuse(KubeError(.internalError, "planted")), 4),
    ("conflict", .refuse(KubeError(.conflict, "planted")), 1),
    ("conflicts", .refuse(KubeError(.conflict, "planted")), 3),
    ("too many requests", .refuse(KubeError(.tooManyRequests, "planted")), 2),
    ("forbidden", .refuse(KubeError(.forbidden, "planted")), 2),
    ("lost answer", .loseAnswer, 2),
  ]

  @Test(arguments: faults.indices) func whatFailsIsWrittenInTheEnd(_ index: Int) async throws {
    let (_, fault, count) = Self.faults[index]
    let faults = Faults(fault, count: count)
    try await run(faults) { bench in
      bench.write("Running")
      try await bench.wait(for: "Running")
      try await Self.wait { faults.seen > count }
      #expect(bench.clock.sleeps >= count, "each is followed by a wait")
    }
  }

  /// While one write fails the state moves on: the newest is what counts.
  @Test func theNewestStatusIsWritten() async throws {
    let faults = Faults(.refuse(KubeError(.internalError, "planted")), count: 1)
    try await run(faults, isHeld: true) { bench in
      bench.write("Pending")
      try await Self.wait { bench.clock.sleeps == 1 }
      bench.write("Running")
      bench.write("Succeeded")
      bench.clock.release()
      try await bench.wait(for: "Succeeded")
      #expect(faults.seen == 2, "not one for each")
    }
  }

  /// What fails waits before it is tried again; nobody waits for what is given up.
  private static func giveUp(_ bench: Bench, _ faults: Faults) async throws {
    bench.write("Running")
    try await wait { faults.seen == 1 }
    bench.write("Failed")
    try await wait { faults.seen == 2 }
    #expect(bench.clock.sleeps == 0)
  }

  @Test func aPodThatIsGoneIsLeftAlone() async throws {
    let faults = Faults(.loseAnswer, count: 0)
    try await run(faults) { bench in
      try await bench.client.delete(.pods, namespace: "default", name: "p", gracePeriodSeconds: 0)
      try await Self.giveUp(bench, faults)
    }
  }

  @Test func anotherPodOfTheNameKeepsItsOwnStatus() async throws {
    let faults = Faults(.loseAnswer, count: 0)
    try await run(faults) { bench in
      try await bench.client.delete(.pods, namespace: "default", name: "p", gracePeriodSeconds: 0)
      try await bench.client.create(.pods, Self.makePod())
      try await Self.giveUp(bench, faults)
      #expect(try await bench.phase() == "Pending")
    }
  }

  /// Whether the pod was replaced cannot be asked: then it is not given up.
  @Test func aConflictThatNobodyCanExplainIsTriedAgain() async throws {
    let faults = Faults(.refuse(KubeError(.conflict, "planted")), count: 1)
    try await run(faults) { bench in
      bench.transport.setPlan { request in
        request.method == "GET" ? .refuse(KubeError(.internalError, "planted")) : faults.plan(request)
      }
      bench.write("Running")
      try await bench.wait(for: "Running")
      #expect(bench.clock.sleeps >= 1, "it waited before it tried again")
    }
  }

  @Test func afterTheStopNothingIsWritten() async throws {
    let faults = Faults(.loseAnswer, count: 0)
    try await run(faults) { bench in
      bench.writer.stop()
      bench.write("Running")
      let phase = try await bench.phase()
      #expect(phase == "Pending")
      #expect(faults.seen == 0)
    }
  }
}
