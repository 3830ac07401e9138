internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeProtocol

extension PodMachine {
  /// The pod's status as it stands. Conditions that are not this node's stay as they are in the API.
  mutating func makeStatus(now: Timestamp) -> JSONValue {
    let phase = self.phase
    var result: JSONValue = ["phase": .string(phase)]
    // What others wrote (readiness gates) is in the object; the transition times of ours are in the last
    // status.
    let own: Set<String> = ["PodScheduled", "Initialized", "ContainersReady", "Ready"]
    let others = (pod.object.status?["conditions"]?.array ?? []).filter {
      !own.contains($0["type"]?.string ?? "")
    }
    let ours = (status["conditions"]?.array ?? []).filter { own.contains($0["type"]?.string ?? "") }
    var conditions = JSONValue.array(ours + others)
    for condition in makeConditions(phase) {
      conditions = Conditions.setting(condition, in: conditions, now: now, style: .pod)
    }
    result["conditions"] = conditions
    result["hostIP"] = .string(hostAddress)
    if !podAddress.isEmpty {
      result["podIP"] = .string(podAddress)
      result["podIPs"] = [["ip": .string(podAddress)]]
    }
    result["startTime"] = .string(startTime.rfc3339)
    let initial = containers.filter(\.spec.isInit)
    if !initial.isEmpty { result["initContainerStatuses"] = .array(initial.map(containerStatus)) }
    result["containerStatuses"] = .array(containers.filter { !$0.spec.isInit }.map(containerStatus))
    result["qosClass"] = pod.object.status?["qosClass"] ?? .string(qualityOfService)
    if phase == "Failed", isFailedByInit() {
      result["message"] = "an init container failed and the pod's restartPolicy is Never"
    }
    status = result
    return result
  }

  var phase: String {
    if stage == .ended, let old = status["phase"]?.string, old == "Succeeded" || old == "Failed" {
      return old
    }
    if isFailedByInit() { return "Failed" }
    let blocking = containers.filter { $0.spec.isInit && !$0.spec.isSidecar && !$0.hasSucceeded }
    if !blocking.isEmpty { return "Pending" }
    let main = containers.filter { !$0.spec.isInit }
    let ended = main.compactMap(\.termination)
    if ended.count == main.count && !main.isEmpty {
      if stage == .running && !isOver() { return "Running" }
      return ended.allSatisfy { $0.exitCode == 0 } ? "Succeeded" : "Failed"
    }
    // Waiting after an earlier run counts as running: only the first start can be pending.
    let neverRan = main.contains { record in
      if case .waiting = record.state { return record.last == nil }
      if case .starting = record.state { return record.last == nil }
      return false
    }
    return neverRan ? "Pending" : "Running"
  }

  var isReady: Bool {
    areContainersReady
      && pod.readinessGates.allSatisfy { Conditions.isTrue(pod.object.status?["conditions"], $0) }
  }

  private var areContainersReady: Bool { containers.allSatisfy { isCountedReady($0) } && stage == .running }

  private func isCountedReady(_ record: ContainerRecord) -> Bool {
    record.spec.isInit && !record.spec.isSidecar ? record.hasSucceeded : record.isReady
  }

  private func makeConditions(_ phase: String) -> [Condition] {
    let isCompleted = phase == "Succeeded"
    func state(_ type: String, _ isTrue: Bool, _ reason: String, _ message: String) -> Condition {
      if isTrue { return Condition(type, .yes) }
      if isCompleted { return Condition(type, .no, reason: "PodCompleted") }
      if phase == "Failed" { return Condition(type, .no, reason: "PodFailed") }
      return Condition(type, .no, reason: reason, message: message)
    }
    let incomplete = containers.filter { $0.spec.isInit && !isCountedReady($0) }.map(\.name)
    let unready = containers.filter { !$0.spec.isInit && !$0.isReady }.map(\.name)
    let isInitialized = incomplete.isEmpty || isCompleted
    let unreadyText = "containers with unready status: [\(unready.joined(separator: " "))]"
    let gates = pod.readinessGates.filter { !Conditions.isTrue(pod.object.status?["conditions"], $0) }
    let readyProblem =
      areContainersReady && !gates.isEmpty
      ? (
        "ReadinessGatesNotReady",
        "corresponding condition of pod readiness gate \"\(gates[0])\" is not \"True\""
      )
      : ("ContainersNotReady", preparationProblem.isEmpty ? unreadyText : preparationProblem)
    return [
      Condition("PodScheduled", .yes),
      state(
        "Initialized", isInitialized, "ContainersNotInitialized",
        "containers with incomplete status: [\(incomplete.joined(separator: " "))]"),
      state("ContainersReady", areContainersReady, "ContainersNotReady", unreadyText),
      state("Ready", isReady, readyProblem.0, readyProblem.1),
    ]
  }

  private func containerStatus(_ record: ContainerRecord) -> JSONValue {
    var state: JSONValue
    switch record.state {
    case .waiting(let reason, let message):
      var waiting: JSONValue = ["reason": .string(reason)]
      let problem = message.isEmpty && !isPrepared ? preparationProblem : message
      if !problem.isEmpty { waiting["message"] = .string(problem) }
      state = ["waiting": waiting]
    case .starting:
      state = ["waiting": ["reason": record.spec.isInit ? "PodInitializing" : "ContainerCreating"]]
    case .running(let since): state = ["running": ["startedAt": .string(since.rfc3339)]]
    case .terminated(let termination): state = ["terminated": termination.json]
    }
    let hasRun = record.isRunning || record.termination != nil || record.last != nil
    return [
      "name": .string(record.name), "state": state,
      "lastState": record.last.map { ["terminated": $0.json] } ?? [:],
      "ready": .bool(isCountedReady(record)), "restartCount": .int(record.restartCount),
      "image": .string(record.spec.image), "imageID": .string(hasRun ? "apus://\(record.spec.image)" : ""),
      "containerID": hasRun ? .string(record.containerID(pod: pod.object.uid)) : "",
      "started": .bool(record.isStarted && record.isRunning),
    ]
  }

  /// Guaranteed: every container limits cpu and memory, and requests (where given) are the limits.
  private var qualityOfService: String {
    var isGuaranteed = true
    var isBestEffort = true
    for container in pod.allContainers {
      let limits = container.json.at("resources", "limits")
      let requests = container.json.at("resources", "requests")
      for name in ["cpu", "memory"] {
        let limit = limits?[name].flatMap(Quantity.init(json:))
        let request = requests?[name].flatMap(Quantity.init(json:))
        if limit != nil || request != nil { isBestEffort = false }
        if limit == nil || (request != nil && request != limit) { isGuaranteed = false }
      }
    }
    return isGuaranteed ? "Guaranteed" : (isBestEffort ? "BestEffort" : "Burstable")
  }
}
