internal import Basics
internal import Formats
internal import KubeProtocol

/// What happens to a pod.
enum PodInput: Sendable {
  /// The object has changed.
  case updated(KubeObject)
  /// The object is gone from the API.
  case removed
  /// Address, folders and volumes are there.
  case prepared
  case preparationFailed(message: String)
  case started(container: String, run: Int, at: Timestamp)
  /// Could not be started: a waiting reason and its message.
  case startFailed(container: String, run: Int, reason: String, message: String)
  case exited(container: String, exit: ContainerExit)
  /// The program says that it serves.
  case signalledReady(container: String)
  case probed(container: String, run: Int, kind: ProbeKind, ProbeOutcome)
  case overMemory(container: String)
  case timer(PodTimer)
  /// The supervisor process has ended: everything in it is dead.
  case supervisorLost
}

/// An end as the supervisor and the container's files tell it.
struct ContainerExit: Sendable, Hashable {
  var code: Int32
  var signal: Int32
  var at: Timestamp
  /// From the termination log or the tail of the log.
  var message = ""
}

/// What one try of a probe found.
struct ProbeOutcome: Sendable, Hashable {
  var isSuccess: Bool
  /// False for an extra try: its failure means nothing.
  var countsFailure: Bool
  var message = ""
}

/// What the machine wants to be woken for.
enum PodTimer: Sendable, Hashable {
  case retryPreparation
  /// The back-off of a container is over.
  case restart(container: String)
}

/// What is to be done. Order matters within one answer.
enum PodEffect: Sendable, Hashable {
  case prepare
  case start(container: String, run: Int, restart: Int64)
  case stop(container: String, grace: Duration)
  case startProbes(container: String, run: Int, kinds: [ProbeKind])
  case probeNow(container: String)
  case stopProbes(container: String)
  case wait(PodTimer, Duration)
  case event(isWarning: Bool, reason: String, message: String, container: String)
  /// Urgent ones change who gets traffic.
  case writeStatus(isUrgent: Bool)
  /// Everything has ended: folders, address and object go.
  case finish
  /// The containers have ended for good, the pod's object stays.
  case release
}

/// One pod's life, as a pure function of what happens to it: no clocks, no processes, no files. The worker
/// carries the effects out. Behaviour and words follow the kubelet's.
struct PodMachine: Sendable {
  enum Stage: Sendable, Hashable { case preparing, running, terminating, ended }

  private(set) var pod: PodSpec
  var stage: Stage = .preparing
  var containers: [ContainerRecord]
  var startTime: Timestamp
  var podAddress = ""
  var hostAddress: String
  /// Why preparation does not succeed; "" while it has not been tried.
  var preparationProblem = ""
  var isPrepared = false
  /// The status as it was last computed; conditions keep their transition times through it.
  var status: JSONValue

  static let firstBackoff: Duration = .seconds(10)
  static let largestBackoff: Duration = .seconds(300)
  /// A run of this length makes earlier crashes forgotten.
  static let healthyRun: Duration = .seconds(600)

  /// - Parameter keepsFinishedInit: init containers that had succeeded need not run again, because what they
  ///   wrote is still there.
  init(_ object: KubeObject, now: Timestamp, hostAddress: String, keepsFinishedInit: Bool) {
    pod = PodSpec(object)
    self.hostAddress = hostAddress
    status = object.status ?? [:]
    startTime = status["startTime"]?.string.flatMap(Timestamp.init(rfc3339:)) ?? now
    let waiting = pod.initContainers.isEmpty ? "ContainerCreating" : "PodInitializing"
    containers = pod.allContainers.map { ContainerRecord($0, waiting: waiting) }
    let phase = status["phase"]?.string
    if phase == "Succeeded" || phase == "Failed" { stage = .ended }
    for index in containers.indices {
      takeOver(&containers[index], now: now, keepsFinishedInit: keepsFinishedInit)
    }
  }

  /// What an earlier run of the node wrote about a container: a process that ran then is dead now.
  private func takeOver(_ record: inout ContainerRecord, now: Timestamp, keepsFinishedInit: Bool) {
    let member = record.spec.isInit ? "initContainerStatuses" : "containerStatuses"
    let name = record.name
    guard let old = (status[member]?.array ?? []).first(where: { $0["name"]?.string == name }) else { return }
    record.restartCount = max(0, old["restartCount"]?.int ?? 0)
    record.last = ContainerTermination(json: old.at("lastState", "terminated"))
    if let ended = ContainerTermination(json: old.at("state", "terminated")) {
      let isKept = stage == .ended || (record.spec.isInit && ended.exitCode == 0 && keepsFinishedInit)
      if isKept || (ended.exitCode == 0 && pod.restartPolicy != .always) || pod.restartPolicy == .never {
        record.state = .terminated(ended)
      } else {
        record.last = ended
        record.restartCount &+= 1
      }
    } else if let running = old.at("state", "running") {
      let started = running["startedAt"]?.string.flatMap(Timestamp.init(rfc3339:))
      let lost = ContainerTermination(
        exitCode: 137, reason: "ContainerStatusUnknown", message: "The node stopped while the container ran",
        startedAt: started, finishedAt: now, containerID: old["containerID"]?.string ?? "")
      if pod.restartPolicy == .never {
        record.state = .terminated(lost)
      } else {
        record.last = lost
        record.restartCount &+= 1
      }
    }
  }

  /// The first effects.
  mutating func begin() -> [PodEffect] {
    if stage == .ended { return pod.object.isBeingDeleted ? [.finish] : [.release] }
    if pod.object.isBeingDeleted { return terminate() }
    return [.prepare, .writeStatus(isUrgent: false)]
  }

  mutating func handle(_ input: PodInput, now: Timestamp) -> [PodEffect] {
    switch input {
    case .updated(let object):
      pod.object = object
      if object.isBeingDeleted { return terminate() }
      return pod.readinessGates.isEmpty ? [] : [.writeStatus(isUrgent: true)]
    case .removed: return removed()
    case .prepared: return prepared()
    case .preparationFailed(let message): return preparationFailed(message)
    case .started(let name, let run, let time): return started(name, run, time)
    case .startFailed(let name, let run, let reason, let message):
      return startFailed(name, run, reason, message)
    case .exited(let name, let exit): return exited(name, exit, now: now)
    case .signalledReady(let name): return index(name).map { _ in [.probeNow(container: name)] } ?? []
    case .probed(let name, let run, let kind, let outcome): return probed(name, run, kind, outcome)
    case .overMemory(let name): return overMemory(name)
    case .timer(.retryPreparation): return stage == .preparing ? [.prepare] : []
    case .timer(.restart(let name)): return restart(name)
    case .supervisorLost: return supervisorLost(now: now)
    }
  }

  func index(_ name: String) -> Int? { containers.firstIndex { $0.name == name } }

  // MARK: beginning

  private mutating func prepared() -> [PodEffect] {
    guard stage == .preparing else { return [] }
    stage = .running
    isPrepared = true
    preparationProblem = ""
    return advance() + [.writeStatus(isUrgent: false)]
  }

  private mutating func preparationFailed(_ message: String) -> [PodEffect] {
    guard stage == .preparing else { return [] }
    let isNew = preparationProblem != message
    preparationProblem = message
    var effects: [PodEffect] = [.wait(.retryPreparation, .seconds(2))]
    if isNew {
      effects += [
        .event(isWarning: true, reason: "FailedMount", message: message, container: ""),
        .writeStatus(isUrgent: false),
      ]
    }
    return effects
  }

  /// Starts whatever may start now: init containers one after the other, then all others.
  mutating func advance() -> [PodEffect] {
    guard stage == .running else { return [] }
    for index in containers.indices where containers[index].spec.isInit {
      let record = containers[index]
      if record.spec.isSidecar {
        if case .waiting(let reason, _) = record.state, Self.isFresh(reason) {
          return [start(index)] + advance()
        }
        if !record.isStarted { return [] }
        continue
      }
      if record.hasSucceeded { continue }
      if case .waiting(let reason, _) = record.state, Self.isFresh(reason) { return [start(index)] }
      return endIfOver()
    }
    var effects: [PodEffect] = []
    for index in containers.indices where !containers[index].spec.isInit {
      if case .waiting(let reason, _) = containers[index].state, Self.isFresh(reason) {
        effects.append(start(index))
      }
    }
    return effects + endIfOver()
  }

  /// Waiting because it never was its turn, not because of a failure.
  private static func isFresh(_ reason: String) -> Bool {
    reason == "PodInitializing" || reason == "ContainerCreating"
  }

  mutating func start(_ index: Int) -> PodEffect {
    containers[index].state = .starting
    containers[index].run &+= 1
    containers[index].isStarted = false
    containers[index].isReady = false
    containers[index].isOverMemory = false
    containers[index].isStopping = false
    containers[index].successes = [:]
    containers[index].failures = [:]
    return .start(
      container: containers[index].name, run: containers[index].run, restart: containers[index].restartCount)
  }

  /// Where nothing will ever run again, the pod keeps its object and gives the rest back.
  func isOver() -> Bool {
    guard pod.restartPolicy != .always || isFailedByInit() else { return false }
    if isFailedByInit() { return containers.allSatisfy { !$0.isActive } }
    return containers.filter { !$0.spec.isSidecar }.allSatisfy { record in
      guard let end = record.termination else { return false }
      return end.exitCode == 0 || pod.restartPolicy == .never
    }
  }

  func isFailedByInit() -> Bool {
    pod.restartPolicy == .never
      && containers.contains { $0.spec.isInit && !$0.spec.isSidecar && ($0.termination?.exitCode ?? 0) != 0 }
  }

  mutating func endIfOver() -> [PodEffect] {
    guard stage == .running, isOver() else { return [] }
    let sidecars = containers.filter { $0.spec.isSidecar && $0.isActive }
    if !sidecars.isEmpty { return sidecars.map { .stop(container: $0.name, grace: pod.terminationGrace) } }
    stage = .ended
    return [.writeStatus(isUrgent: true), .release]
  }

  // MARK: end

  /// Stops what runs; the pod finishes when the last container has ended.
  mutating func terminate() -> [PodEffect] {
    if stage == .ended { return [.finish] }
    let isFirst = stage != .terminating
    stage = .terminating
    let active = containers.filter(\.isActive)
    if active.isEmpty {
      stage = .ended
      return [.writeStatus(isUrgent: true), .finish]
    }
    let grace = pod.deletionGrace
    var effects: [PodEffect] = []
    for record in active {
      if isFirst {
        effects.append(
          .event(
            isWarning: false, reason: "Killing", message: "Stopping container \(record.name)",
            container: record.name))
        effects.append(.stopProbes(container: record.name))
      }
      effects.append(.stop(container: record.name, grace: grace))
    }
    return effects
  }

  private mutating func removed() -> [PodEffect] {
    if stage == .ended { return [.finish] }
    stage = .terminating
    let active = containers.filter(\.isActive)
    if active.isEmpty {
      stage = .ended
      return [.finish]
    }
    // Nobody waits for this pod any more.
    return active.flatMap { record -> [PodEffect] in
      [.stopProbes(container: record.name), .stop(container: record.name, grace: .seconds(1))]
    }
  }
}
