internal import Basics
internal import Formats
internal import KubeProtocol

/// NAME READY STATUS RESTARTS AGE, wide: IP NODE NOMINATED NODE READINESS GATES.
enum PodColumns {
  static let all: [TableColumn] = [
    .objectName,
    TableColumn("Ready", description: "The aggregate readiness state of this pod for accepting traffic.") {
      pod, _ in
      let ready = statuses(pod).count { $0["ready"]?.bool == true }
      return .string("\(ready)/\(pod.spec?["containers"]?.array?.count ?? 0)")
    },
    TableColumn("Status", description: "The aggregate status of the containers in this pod.") { pod, _ in
      .string(status(pod))
    },
    TableColumn(
      "Restarts", description: "The number of times the containers in this pod have been restarted."
    ) {
      .string(restarts($0, $1))
    },
    .age,
    TableColumn("IP", priority: 1) { pod, _ in CellValues.text(pod.status?["podIP"], empty: "<none>") },
    TableColumn("Node", priority: 1) { pod, _ in CellValues.text(pod.spec?["nodeName"], empty: "<none>") },
    TableColumn("Nominated Node", priority: 1) { pod, _ in
      CellValues.text(pod.status?["nominatedNodeName"], empty: "<none>")
    },
    TableColumn("Readiness Gates", priority: 1) { pod, _ in
      let gates = pod.spec?["readinessGates"]?.array ?? []
      if gates.isEmpty { return "<none>" }
      let conditions = pod.status?["conditions"]?.array ?? []
      let met = gates.count { gate in
        conditions.contains { $0["type"] == gate["conditionType"] && $0["status"] == "True" }
      }
      return .string("\(met)/\(gates.count)")
    },
  ]

  private static func statuses(_ pod: KubeObject) -> [JSONValue] {
    pod.status?["containerStatuses"]?.array ?? []
  }

  /// The word under STATUS: as upstream's printer finds it, from init containers, containers and deletion.
  static func status(_ pod: KubeObject) -> String {
    var reason = pod.status?["reason"]?.string ?? ""
    if reason.isEmpty { reason = pod.status?["phase"]?.string ?? "Unknown" }
    if let initial = initReason(pod) {
      reason = initial
    } else {
      reason = containersReason(pod, reason)
    }
    guard pod.isBeingDeleted else { return reason }
    if pod.status?["reason"] == "NodeLost" { return "Unknown" }
    return reason == "Succeeded" || reason == "Failed" ? reason : "Terminating"
  }

  /// What an unfinished init container says; nil once all have ended well.
  private static func initReason(_ pod: KubeObject) -> String? {
    let initStatuses = pod.status?["initContainerStatuses"]?.array ?? []
    let count = pod.spec?["initContainers"]?.array?.count ?? initStatuses.count
    for (index, status) in initStatuses.enumerated() {
      let state = status["state"] ?? [:]
      if let terminated = state["terminated"] {
        if terminated["exitCode"]?.int == 0 { continue }
        if let reason = terminated["reason"]?.string, !reason.isEmpty { return "Init:\(reason)" }
        if let signal = terminated["signal"]?.int, signal != 0 { return "Init:Signal:\(signal)" }
        return "Init:ExitCode:\(terminated["exitCode"]?.int ?? 0)"
      }
      if let reason = state.at("waiting", "reason")?.string, !reason.isEmpty, reason != "PodInitializing" {
        return "Init:\(reason)"
      }
      return "Init:\(index)/\(count)"
    }
    return nil
  }

  private static func containersReason(_ pod: KubeObject, _ start: String) -> String {
    var reason = start
    var hasRunning = false
    for status in statuses(pod).reversed() {
      let state = status["state"] ?? [:]
      if let waiting = state.at("waiting", "reason")?.string, !waiting.isEmpty {
        reason = waiting
      } else if let terminated = state["terminated"] {
        if let why = terminated["reason"]?.string, !why.isEmpty {
          reason = why
        } else if let signal = terminated["signal"]?.int, signal != 0 {
          reason = "Signal:\(signal)"
        } else {
          reason = "ExitCode:\(terminated["exitCode"]?.int ?? 0)"
        }
      } else if status["ready"]?.bool == true, state["running"] != nil {
        hasRunning = true
      }
    }
    if reason == "Completed" && hasRunning {
      let isReady = (pod.status?["conditions"]?.array ?? []).contains {
        $0["type"] == "Ready" && $0["status"] == "True"
      }
      return isReady ? "Running" : "NotReady"
    }
    return reason
  }

  /// `3 (5m ago)`.
  private static func restarts(_ pod: KubeObject, _ now: Timestamp) -> String {
    var count: Int64 = 0
    var last: Timestamp?
    for status in statuses(pod) {
      count = count.addingReportingOverflow(status["restartCount"]?.int ?? 0).partialValue
      let finished = status.at("lastState", "terminated", "finishedAt")?.string.flatMap(
        Timestamp.init(rfc3339:))
      if let finished, last.map({ $0 < finished }) ?? true { last = finished }
    }
    guard count > 0, let last else { return String(count) }
    return "\(count) (\(AgeText.since(last, now)) ago)"
  }
}
