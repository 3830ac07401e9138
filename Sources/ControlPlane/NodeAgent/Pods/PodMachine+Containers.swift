internal import Basics
internal import KubeProtocol

extension PodMachine {
  mutating func started(_ name: String, _ run: Int, _ time: Timestamp) -> [PodEffect] {
    guard let index = index(name), containers[index].run == run, case .starting = containers[index].state
    else {
      return []
    }
    containers[index].state = .running(since: time)
    let spec = containers[index].spec
    var effects: [PodEffect] = [
      .event(isWarning: false, reason: "Created", message: "Created container: \(name)", container: name),
      .event(isWarning: false, reason: "Started", message: "Started container \(name)", container: name),
    ]
    if stage == .terminating {
      return effects + [.stop(container: name, grace: pod.deletionGrace)]
    }
    if spec.probe(.startup) != nil {
      effects.append(.startProbes(container: name, run: run, kinds: [.startup]))
    } else {
      effects += passedStartup(index)
    }
    return effects + [.writeStatus(isUrgent: containers[index].isReady)]
  }

  /// Without a startup probe, or after it: the container counts as started and its other probes begin.
  private mutating func passedStartup(_ index: Int) -> [PodEffect] {
    let spec = containers[index].spec
    containers[index].isStarted = true
    var kinds: [ProbeKind] = []
    if spec.probe(.readiness) != nil { kinds.append(.readiness) } else { containers[index].isReady = true }
    if spec.probe(.liveness) != nil { kinds.append(.liveness) }
    var effects: [PodEffect] = []
    if !kinds.isEmpty && (!spec.isInit || spec.isSidecar) {
      effects.append(.startProbes(container: spec.name, run: containers[index].run, kinds: kinds))
    }
    if spec.isSidecar { effects += advance() }
    return effects
  }

  mutating func startFailed(_ name: String, _ run: Int, _ reason: String, _ message: String) -> [PodEffect] {
    guard let index = index(name), containers[index].run == run, case .starting = containers[index].state
    else {
      return []
    }
    containers[index].state = .waiting(reason: reason, message: message)
    containers[index].crashes &+= 1
    if stage == .terminating { return terminate() }
    let isImage = reason == "ErrImagePull"
    let delay = Self.delay(afterFailures: containers[index].crashes)
    return [
      .event(
        isWarning: true, reason: "Failed",
        message: isImage
          ? "Failed to pull image \"\(containers[index].spec.image)\": \(message)" : "Error: \(message)",
        container: name),
      .wait(.restart(container: name), delay),
      .writeStatus(isUrgent: false),
    ]
  }

  mutating func exited(_ name: String, _ exit: ContainerExit, now: Timestamp) -> [PodEffect] {
    guard let index = index(name), containers[index].isActive else { return [] }
    let startedAt: Timestamp? =
      if case .running(let since) = containers[index].state { since } else { nil }
    let wasReady = containers[index].isReady
    let record = containers[index]
    let reason = record.isOverMemory ? "OOMKilled" : (exit.code == 0 ? "Completed" : "Error")
    let termination = ContainerTermination(
      exitCode: exit.code, signal: exit.signal, reason: reason, message: exit.message, startedAt: startedAt,
      finishedAt: exit.at, containerID: record.containerID(pod: pod.object.uid))
    containers[index].state = .terminated(termination)
    containers[index].isReady = false
    containers[index].isStarted = record.spec.isInit && exit.code == 0 && !record.spec.isSidecar
    if let startedAt, exit.at.since(startedAt) >= Self.healthyRun { containers[index].crashes = 0 }
    var effects: [PodEffect] = [.stopProbes(container: name)]
    if stage == .terminating {
      if containers.contains(where: \.isActive) { return effects + [.writeStatus(isUrgent: wasReady)] }
      stage = .ended
      return effects + [.writeStatus(isUrgent: true), .finish]
    }
    if mayRestart(record, exitCode: exit.code) {
      effects += scheduleRestart(index)
    } else {
      effects += advance()
    }
    return effects + [.writeStatus(isUrgent: wasReady)]
  }

  private func mayRestart(_ record: ContainerRecord, exitCode: Int32) -> Bool {
    guard stage == .running else { return false }
    if record.spec.isSidecar { return !isOver() }
    if record.spec.isInit && exitCode == 0 { return false }
    switch pod.restartPolicy {
    case .always: return true
    case .onFailure: return exitCode != 0
    case .never: return false
    }
  }

  /// The first restart is immediate, later ones wait 10 s, 20 s, … 5 min.
  private mutating func scheduleRestart(_ index: Int) -> [PodEffect] {
    containers[index].crashes &+= 1
    let failures = containers[index].crashes
    if failures == 1 { return restart(containers[index].name) }
    return [.wait(.restart(container: containers[index].name), Self.delay(afterFailures: failures - 1))]
      + markBackingOff(index, delay: Self.delay(afterFailures: failures - 1))
  }

  private mutating func markBackingOff(_ index: Int, delay: Duration) -> [PodEffect] {
    let name = containers[index].name
    if let ended = containers[index].termination { containers[index].last = ended }
    let identity = "\(pod.object.name)_\(pod.object.namespace)(\(pod.object.uid))"
    containers[index].state = .waiting(
      reason: "CrashLoopBackOff",
      message: "back-off \(Self.text(delay)) restarting failed container=\(name) pod=\(identity)")
    return [
      .event(
        isWarning: true, reason: "BackOff",
        message: "Back-off restarting failed container \(name) in pod \(identity)", container: name)
    ]
  }

  mutating func restart(_ name: String) -> [PodEffect] {
    guard stage == .running, let index = index(name), !containers[index].isActive else { return [] }
    if let ended = containers[index].termination { containers[index].last = ended }
    // A container that never came to run has not been restarted.
    if containers[index].last != nil { containers[index].restartCount &+= 1 }
    return [start(index)]
  }

  static func delay(afterFailures failures: Int) -> Duration {
    Backoff(initial: firstBackoff, maximum: largestBackoff).delay(attempt: max(0, failures - 1))
  }

  /// `10s`, `1m20s`, `5m0s`, as Go prints durations.
  static func text(_ duration: Duration) -> String {
    let seconds = duration.components.seconds
    return seconds < 60 ? "\(seconds)s" : "\(seconds / 60)m\(seconds % 60)s"
  }

  // MARK: probes

  mutating func probed(_ name: String, _ run: Int, _ kind: ProbeKind, _ outcome: ProbeOutcome) -> [PodEffect]
  {
    guard stage == .running, let index = index(name), containers[index].run == run,
      containers[index].isRunning,
      let probe = containers[index].spec.probe(kind)
    else { return [] }
    if outcome.isSuccess {
      containers[index].failures[kind] = 0
      let successes = (containers[index].successes[kind] ?? 0) &+ 1
      containers[index].successes[kind] = successes
      return successes >= probe.successThreshold ? passed(index, kind) : []
    }
    guard outcome.countsFailure else { return [] }
    containers[index].successes[kind] = 0
    let failures = (containers[index].failures[kind] ?? 0) &+ 1
    containers[index].failures[kind] = failures
    let unhealthy = PodEffect.event(
      isWarning: true, reason: "Unhealthy", message: "\(kind.title) probe failed: \(outcome.message)",
      container: name)
    return [unhealthy] + (failures >= probe.failureThreshold ? failed(index, kind, probe) : [])
  }

  private mutating func passed(_ index: Int, _ kind: ProbeKind) -> [PodEffect] {
    switch kind {
    case .startup:
      guard !containers[index].isStarted else { return [] }
      return passedStartup(index) + [.writeStatus(isUrgent: containers[index].isReady)]
    case .readiness:
      guard !containers[index].isReady else { return [] }
      containers[index].isReady = true
      return [.writeStatus(isUrgent: true)]
    case .liveness: return []
    }
  }

  private mutating func failed(_ index: Int, _ kind: ProbeKind, _ probe: ProbeSpec) -> [PodEffect] {
    let name = containers[index].name
    if kind == .readiness {
      guard containers[index].isReady else { return [] }
      containers[index].isReady = false
      return [.writeStatus(isUrgent: true)]
    }
    guard !containers[index].isStopping else { return [] }
    containers[index].isStopping = true
    return [
      .event(
        isWarning: false, reason: "Killing",
        message: "Container \(name) failed \(kind.rawValue) probe, will be restarted", container: name),
      .stopProbes(container: name),
      .stop(container: name, grace: probe.terminationGrace ?? pod.terminationGrace),
    ]
  }

  // MARK: accidents

  mutating func overMemory(_ name: String) -> [PodEffect] {
    guard let index = index(name), containers[index].isActive, !containers[index].isOverMemory else {
      return []
    }
    containers[index].isOverMemory = true
    return [.stop(container: name, grace: .zero)]
  }

  mutating func supervisorLost(now: Timestamp) -> [PodEffect] {
    var effects: [PodEffect] = []
    for record in containers where record.isActive {
      effects += exited(
        record.name,
        ContainerExit(code: 137, signal: 9, at: now, message: "the pod's supervisor ended unexpectedly"),
        now: now)
    }
    return effects
  }
}
