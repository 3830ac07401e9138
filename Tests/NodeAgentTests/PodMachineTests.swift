import Basics
import Formats
import KubeProtocol
import Testing

@testable import NodeAgent

/// Drives a machine by hand.
private struct Driver {
  var machine: PodMachine
  var now = Timestamp(seconds: 1_790_000_000)
  var effects: [PodEffect] = []

  init(_ spec: String, status: String? = nil, keepsFinishedInit: Bool = true) throws {
    machine = PodMachine(
      try makePod(spec, status: status), now: now, hostAddress: "127.0.0.1",
      keepsFinishedInit: keepsFinishedInit)
    machine.podAddress = "127.16.0.1"
    effects = machine.begin()
  }

  mutating func send(_ input: PodInput) { effects = machine.handle(input, now: now) }
  mutating func start(_ name: String) {
    send(.started(container: name, run: run(name), at: now))
  }
  mutating func exit(_ name: String, _ code: Int32, message: String = "") {
    send(.exited(container: name, exit: ContainerExit(code: code, signal: 0, at: now, message: message)))
  }
  mutating func probe(_ name: String, _ kind: ProbeKind, _ success: Bool, counts: Bool = true) {
    let outcome = ProbeOutcome(isSuccess: success, countsFailure: counts, message: "no")
    send(.probed(container: name, run: run(name), kind: kind, outcome))
  }
  func run(_ name: String) -> Int { machine.containers.first { $0.name == name }?.run ?? -1 }

  mutating func status() -> JSONValue { machine.makeStatus(now: now) }
  mutating func container(_ name: String) -> JSONValue {
    let status = self.status()
    let all = (status["containerStatuses"]?.array ?? []) + (status["initContainerStatuses"]?.array ?? [])
    return all.first { $0["name"]?.string == name } ?? .null
  }
  mutating func condition(_ type: String) -> String {
    (status()["conditions"]?.array ?? []).first { $0["type"]?.string == type }?["status"]?.string ?? "absent"
  }
  var started: [String] {
    effects.compactMap { if case .start(let name, _, _) = $0 { name } else { nil } }
  }
  var delays: [Duration] {
    effects.compactMap { if case .wait(.restart, let delay) = $0 { delay } else { nil } }
  }
  var reasons: [String] {
    effects.compactMap { if case .event(_, let reason, _, _) = $0 { reason } else { nil } }
  }
}

private let oneContainer = #"{"containers": [{"name": "main", "image": "sklearnserver"}]}"#

@Suite struct PodMachineTests {
  @Test func aPodWithoutProbesIsReadyOnceItsContainerRuns() throws {
    var driver = try Driver(oneContainer)
    #expect(driver.effects.first == .prepare)
    #expect(driver.status()["phase"] == "Pending")
    #expect(driver.container("main").at("state", "waiting", "reason") == "ContainerCreating")
    driver.send(.prepared)
    #expect(driver.started == ["main"])
    driver.start("main")
    #expect(driver.status()["phase"] == "Running")
    #expect(driver.condition("Ready") == "True")
    #expect(driver.container("main")["started"] == true)
    #expect(driver.effects.contains(.writeStatus(isUrgent: true)))
    #expect(driver.reasons == ["Created", "Started"])
  }

  @Test func initContainersRunOneAfterTheOther() throws {
    var driver = try Driver(
      #"{"initContainers": [{"name": "a"}, {"name": "b"}], "containers": [{"name": "main"}]}"#)
    #expect(driver.container("main").at("state", "waiting", "reason") == "PodInitializing")
    driver.send(.prepared)
    #expect(driver.started == ["a"])
    driver.start("a")
    #expect(driver.status()["phase"] == "Pending")
    driver.exit("a", 0)
    #expect(driver.started == ["b"])
    driver.start("b")
    #expect(driver.condition("Initialized") == "False")
    driver.exit("b", 0)
    #expect(driver.started == ["main"])
    #expect(driver.condition("Initialized") == "True")
    #expect(driver.container("a").at("state", "terminated", "reason") == "Completed")
    #expect(driver.container("a")["ready"] == true)
  }

  @Test func aFailingInitContainerIsRetriedWithItsMessageInTheStatus() throws {
    var driver = try Driver(
      #"{"initContainers": [{"name": "fetch"}], "containers": [{"name": "main"}]}"#)
    driver.send(.prepared)
    driver.start("fetch")
    driver.exit("fetch", 1, message: "no such bucket")
    #expect(driver.started == ["fetch"])
    driver.start("fetch")
    driver.exit("fetch", 1, message: "no such bucket")
    #expect(driver.started.isEmpty)
    #expect(driver.delays == [.seconds(10)])
    let status = driver.container("fetch")
    #expect(status.at("state", "waiting", "reason") == "CrashLoopBackOff")
    #expect(status.at("lastState", "terminated", "message") == "no such bucket")
    #expect(status["restartCount"] == 1)
    #expect(driver.status()["phase"] == "Pending")
  }

  @Test func aFailingInitContainerFailsAPodThatNeverRestarts() throws {
    var driver = try Driver(
      #"{"restartPolicy": "Never", "initContainers": [{"name": "a"}], "containers": [{"name": "main"}]}"#)
    driver.send(.prepared)
    driver.start("a")
    driver.exit("a", 3)
    #expect(driver.effects.contains(.release))
    #expect(driver.status()["phase"] == "Failed")
  }

  @Test func restartsWaitTenSecondsThenTwiceAsLongUpToFiveMinutes() throws {
    var driver = try Driver(oneContainer)
    driver.send(.prepared)
    driver.start("main")
    var waits: [Duration] = []
    driver.exit("main", 1)
    #expect(driver.started == ["main"])
    for _ in 0..<7 {
      driver.start("main")
      driver.exit("main", 1)
      waits += driver.delays
      #expect(driver.reasons == ["BackOff"])
      driver.send(.timer(.restart(container: "main")))
      #expect(driver.started == ["main"])
    }
    #expect(waits == [10, 20, 40, 80, 160, 300, 300].map { .seconds($0) })
    #expect(driver.container("main")["restartCount"] == 8)
  }

  @Test func aLongRunMakesEarlierCrashesForgotten() throws {
    var driver = try Driver(oneContainer)
    driver.send(.prepared)
    driver.start("main")
    for _ in 0..<3 {
      driver.exit("main", 1)
      driver.send(.timer(.restart(container: "main")))
      driver.start("main")
    }
    driver.now = driver.now.adding(.seconds(700))
    driver.exit("main", 1)
    #expect(driver.started == ["main"])
  }

  @Test(arguments: [("Never", 0, "Succeeded"), ("Never", 2, "Failed"), ("OnFailure", 0, "Succeeded")])
  func aPodThatIsNotRestartedEnds(policy: String, code: Int, phase: String) throws {
    var driver = try Driver(#"{"restartPolicy": "\#(policy)", "containers": [{"name": "main"}]}"#)
    driver.send(.prepared)
    driver.start("main")
    driver.exit("main", Int32(code))
    #expect(driver.effects.contains(.release))
    #expect(driver.status()["phase"]?.string == phase)
    #expect(driver.condition("Ready") == "False")
  }

  @Test func readinessFollowsTheProbeWithItsThresholds() throws {
    var driver = try Driver(
      #"""
      {"containers": [{"name": "main",
        "readinessProbe": {"tcpSocket": {"port": 8080}, "failureThreshold": 2}}]}
      """#
    )
    driver.send(.prepared)
    driver.start("main")
    #expect(driver.condition("Ready") == "False")
    #expect(driver.effects.contains(.startProbes(container: "main", run: 1, kinds: [.readiness])))
    driver.probe("main", .readiness, false, counts: false)
    #expect(driver.effects.isEmpty)
    driver.probe("main", .readiness, true)
    #expect(driver.effects == [.writeStatus(isUrgent: true)])
    #expect(driver.condition("Ready") == "True")
    driver.probe("main", .readiness, false)
    #expect(driver.reasons == ["Unhealthy"])
    #expect(driver.condition("Ready") == "True")
    driver.probe("main", .readiness, false)
    #expect(driver.condition("Ready") == "False")
  }

  @Test func theStartupProbeHoldsTheOthersBack() throws {
    var driver = try Driver(
      #"""
      {"containers": [{"name": "main", "startupProbe": {"tcpSocket": {"port": 80}},
        "livenessProbe": {"tcpSocket": {"port": 80}}, "readinessProbe": {"tcpSocket": {"port": 80}}}]}
      """#)
    driver.send(.prepared)
    driver.start("main")
    #expect(driver.effects.contains(.startProbes(container: "main", run: 1, kinds: [.startup])))
    #expect(driver.container("main")["started"] == false)
    driver.probe("main", .startup, true)
    #expect(driver.effects.contains(.startProbes(container: "main", run: 1, kinds: [.readiness, .liveness])))
    #expect(driver.container("main")["started"] == true)
  }

  @Test func aFailedLivenessProbeEndsTheContainerOnce() throws {
    var driver = try Driver(
      #"""
      {"terminationGracePeriodSeconds": 7,
       "containers": [{"name": "main", "livenessProbe": {"tcpSocket": {"port": 80}, "failureThreshold": 1}}]}
      """#)
    driver.send(.prepared)
    driver.start("main")
    driver.probe("main", .liveness, false)
    #expect(driver.reasons == ["Unhealthy", "Killing"])
    #expect(driver.effects.contains(.stop(container: "main", grace: .seconds(7))))
    driver.probe("main", .liveness, false)
    #expect(!driver.effects.contains(.stop(container: "main", grace: .seconds(7))))
    driver.exit("main", 137)
    #expect(driver.started == ["main"])
  }

  @Test func answersOfAnEarlierRunAreIgnored() throws {
    var driver = try Driver(
      #"{"containers": [{"name": "main", "readinessProbe": {"tcpSocket": {"port": 80}}}]}"#)
    driver.send(.prepared)
    driver.start("main")
    driver.exit("main", 1)
    driver.start("main")
    let late = ProbeOutcome(isSuccess: true, countsFailure: true)
    driver.send(.probed(container: "main", run: 1, kind: .readiness, late))
    #expect(driver.condition("Ready") == "False")
  }

  @Test func aDeletedPodStopsWithItsGraceAndFinishesWhenAllHaveEnded() throws {
    var driver = try Driver(#"{"containers": [{"name": "a"}, {"name": "b"}]}"#)
    driver.send(.prepared)
    driver.start("a")
    driver.start("b")
    var deleted = driver.machine.pod.object
    deleted.deletionTimestamp = driver.now
    deleted.json.set(5, at: "metadata", "deletionGracePeriodSeconds")
    driver.send(.updated(deleted))
    #expect(driver.reasons == ["Killing", "Killing"])
    #expect(driver.effects.contains(.stop(container: "a", grace: .seconds(5))))
    driver.exit("a", 0)
    #expect(!driver.effects.contains(.finish))
    driver.exit("b", 0)
    #expect(driver.effects.last == .finish)
  }

  @Test func aPodDeletedWhileItIsPreparedFinishesAtOnce() throws {
    var driver = try Driver(oneContainer)
    var deleted = driver.machine.pod.object
    deleted.deletionTimestamp = driver.now
    driver.send(.updated(deleted))
    #expect(driver.effects.last == .finish)
    driver.send(.prepared)
    #expect(driver.effects.isEmpty)
  }

  @Test func aPodWhoseObjectIsGoneIsStoppedWithinASecond() throws {
    var driver = try Driver(oneContainer)
    driver.send(.prepared)
    driver.start("main")
    driver.send(.removed)
    #expect(driver.effects.contains(.stop(container: "main", grace: .seconds(1))))
    driver.exit("main", 143)
    #expect(driver.effects.last == .finish)
  }

  @Test func anImageThatCannotRunKeepsThePodWaitingWithTheReason() throws {
    var driver = try Driver(oneContainer)
    driver.send(.prepared)
    driver.send(.startFailed(container: "main", run: 1, reason: "ErrImagePull", message: "cannot run here"))
    #expect(driver.reasons == ["Failed"])
    #expect(driver.container("main").at("state", "waiting", "reason") == "ErrImagePull")
    #expect(driver.container("main").at("state", "waiting", "message") == "cannot run here")
    #expect(driver.delays == [.seconds(10)])
    driver.send(.timer(.restart(container: "main")))
    #expect(driver.started == ["main"])
    #expect(driver.container("main")["restartCount"] == 0)
  }

  @Test func tooMuchMemoryIsTheReasonOfTheEnd() throws {
    var driver = try Driver(oneContainer)
    driver.send(.prepared)
    driver.start("main")
    driver.send(.overMemory(container: "main"))
    #expect(driver.effects == [.stop(container: "main", grace: .zero)])
    driver.exit("main", 137)
    #expect(driver.container("main").at("lastState", "terminated", "reason") == "OOMKilled")
  }

  @Test func aRestartOfTheNodeCountsAsARestartOfWhatRan() throws {
    let status = #"""
      {"phase": "Running", "podIP": "127.16.0.9", "startTime": "2026-11-01T00:00:00Z",
       "initContainerStatuses": [{"name": "fetch", "restartCount": 0,
         "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}],
       "containerStatuses": [{"name": "main", "restartCount": 2,
         "state": {"running": {"startedAt": "2026-11-01T00:00:01Z"}}}]}
      """#
    let spec = #"{"initContainers": [{"name": "fetch"}], "containers": [{"name": "main"}]}"#
    var driver = try Driver(spec, status: status)
    driver.send(.prepared)
    #expect(driver.started == ["main"])
    #expect(driver.container("main")["restartCount"] == 3)
    #expect(driver.container("main").at("lastState", "terminated", "exitCode") == 137)
    #expect(driver.status()["startTime"] == "2026-11-01T00:00:00Z")
    var lost = try Driver(spec, status: status, keepsFinishedInit: false)
    lost.send(.prepared)
    #expect(lost.started == ["fetch"])
  }

  @Test func aFinishedPodStaysFinishedAfterARestartOfTheNode() throws {
    let driver = try Driver(
      #"{"restartPolicy": "Never", "containers": [{"name": "main"}]}"#,
      status:
        #"""
        {"phase": "Succeeded",
          "containerStatuses": [{"name": "main", "state": {"terminated": {"exitCode": 0}}}]}
        """#
    )
    #expect(driver.effects == [.release])
  }

  @Test func everyContainerIsLostWithItsSupervisor() throws {
    var driver = try Driver(oneContainer)
    driver.send(.prepared)
    driver.start("main")
    driver.send(.supervisorLost)
    #expect(driver.started == ["main"])
    #expect(driver.container("main")["restartCount"] == 1)
  }

  @Test func conditionsOfOthersStay() throws {
    var driver = try Driver(
      #"{"readinessGates": [{"conditionType": "gate"}], "containers": [{"name": "main"}]}"#,
      status: #"{"conditions": [{"type": "gate", "status": "False"}]}"#)
    driver.send(.prepared)
    driver.start("main")
    #expect(driver.condition("Ready") == "False")
    #expect(driver.condition("ContainersReady") == "True")
    var updated = driver.machine.pod.object
    updated.status = ["conditions": [["type": "gate", "status": "True"]]]
    driver.send(.updated(updated))
    #expect(driver.condition("Ready") == "True")
    #expect(driver.condition("gate") == "True")
  }
}
