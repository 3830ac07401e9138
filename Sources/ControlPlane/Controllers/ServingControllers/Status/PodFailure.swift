internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// What keeps a pod from serving, read from its status; pure.
struct PodFailure: Hashable {
  /// `lastFailureInfo.reason`.
  var reason: ServingFailure.Reason
  /// What went wrong, as the program or the node put it.
  var message: String
  /// One word for the condition's reason: a program's own code, else the node's reason.
  var code: String
  /// One sentence for people: pod, container, cause, fix.
  var explanation: String
  var pod: String
  var exitCode: Int64?
  /// When it happened, as the pod's status says.
  var time: String?

  /// Nil for a pod that is ready or still on its way.
  init?(_ pod: KubeObject) {
    guard !PodState.isReady(pod) else { return nil }
    if let failure = Self.unscheduled(pod) ?? Self.container(pod) ?? Self.evicted(pod) {
      self = failure
    } else {
      return nil
    }
  }

  private init(
    _ pod: KubeObject, _ reason: ServingFailure.Reason, code: String, message: String, explanation: String,
    exitCode: Int64? = nil, time: String? = nil
  ) {
    self.reason = reason
    self.code = code
    self.message = message
    self.explanation = explanation
    self.pod = pod.name
    self.exitCode = exitCode
    self.time = time
  }

  // MARK: kinds of failure

  private static func unscheduled(_ pod: KubeObject) -> PodFailure? {
    let condition = pod.status?["conditions"]?.array?.first { $0["type"]?.string == "PodScheduled" }
    guard let condition, condition["status"]?.string == "False" else { return nil }
    let message = condition["message"]?.string ?? "no node takes it"
    let code = condition["reason"]?.string ?? "Unschedulable"
    return PodFailure(
      pod, .runtimeUnhealthy, code: code, message: message,
      explanation: "pod \(pod.name) cannot be placed on a node: \(message)",
      time: condition["lastTransitionTime"]?.string)
  }

  /// The first container that has failed, init containers first, as they run first.
  private static func container(_ pod: KubeObject) -> PodFailure? {
    let isInitializing = (pod.status?["initContainerStatuses"]?.array ?? [])
      .lazy.compactMap { failure(of: $0, in: pod) }.first
    if let isInitializing { return isInitializing }
    let statuses = pod.status?["containerStatuses"]?.array ?? []
    let main = statuses.filter { $0["name"]?.string == ServingPod.modelContainer }
    let others = statuses.filter { $0["name"]?.string != ServingPod.modelContainer }
    return (main + others).lazy.compactMap { failure(of: $0, in: pod) }.first
  }

  private static func evicted(_ pod: KubeObject) -> PodFailure? {
    guard pod.status?["phase"]?.string == "Failed" else { return nil }
    let code = pod.status?["reason"]?.string ?? "PodFailed"
    let message = pod.status?["message"]?.string ?? "the pod failed (\(code))"
    return PodFailure(
      pod, .runtimeUnhealthy, code: code, message: message, explanation: "pod \(pod.name) failed: \(message)")
  }

  private static func failure(of status: JSONValue, in pod: KubeObject) -> PodFailure? {
    if status["ready"]?.bool == true || status.at("state", "terminated", "exitCode")?.int == 0 { return nil }
    let name = status["name"]?.string ?? ""
    let ended =
      endedBadly(status.at("state", "terminated")) ?? endedBadly(status.at("lastState", "terminated"))
    if let ended { return failure(ended, name, in: pod) }
    guard let waiting = status.at("state", "waiting") else { return nil }
    let code = waiting["reason"]?.string ?? ""
    let message = waiting["message"]?.string ?? ""
    // Words for being on the way; with a message the node says what holds it up: a volume, mostly.
    let isBeingPrepared = ["", "PodInitializing", "ContainerCreating"].contains(code)
    if isBeingPrepared && message.isEmpty { return nil }
    let text = message.isEmpty ? code : message
    return PodFailure(
      pod, isBeingPrepared || isStorage(name) ? .modelLoadFailed : .runtimeUnhealthy,
      code: isBeingPrepared ? "PodNotPrepared" : code, message: text,
      explanation: "pod \(pod.name), container \(name) cannot start: \(text)")
  }

  private static func endedBadly(_ terminated: JSONValue?) -> JSONValue? {
    guard let terminated, (terminated["exitCode"]?.int ?? 0) != 0 || terminated["reason"]?.string == "Error"
    else {
      return nil
    }
    return terminated
  }

  private static func failure(_ ended: JSONValue, _ container: String, in pod: KubeObject) -> PodFailure {
    let exitCode = ended["exitCode"]?.int ?? 1
    let left = TerminationMessage(ended["message"]?.string ?? "")
    let nodeReason = ended["reason"]?.string ?? "Error"
    var cause = left?.text ?? "it ended with exit code \(exitCode) and left no message"
    if nodeReason == "OOMKilled" {
      cause = "it used more memory than its limit; raise resources.limits.memory"
    } else if left == nil {
      cause += "; its log says more: kubectl logs \(pod.name) -n \(pod.namespace) -c \(container) --previous"
    }
    let subject = isStorage(container) ? "the model could not be fetched" : "container \(container) failed"
    let nodeCode = nodeReason == "Error" ? ServingFailure.Reason.modelLoadFailed.rawValue : nodeReason
    return PodFailure(
      pod, .modelLoadFailed, code: left.flatMap { $0.code.isEmpty ? nil : $0.code } ?? nodeCode,
      message: left?.text ?? cause, explanation: "pod \(pod.name): \(subject): \(cause)", exitCode: exitCode,
      time: ended["finishedAt"]?.string)
  }

  private static func isStorage(_ container: String) -> Bool { container == ServingPod.storageInitializer }
}

/// Facts of a pod's status that several parts ask for.
enum PodState {
  static func isReady(_ pod: KubeObject) -> Bool {
    guard !pod.isBeingDeleted, pod.status?["phase"]?.string == "Running" else { return false }
    return (pod.status?["conditions"]?.array ?? []).contains {
      $0["type"]?.string == "Ready" && $0["status"]?.string == "True"
    }
  }

  /// Newest first, then by name; without those on their way out.
  static func newestFirst(_ pods: [KubeObject]) -> [KubeObject] {
    pods.filter { !$0.isBeingDeleted }.sorted { left, right in
      let times = (left.creationTimestamp, right.creationTimestamp)
      if times.0 != times.1 {
        guard let first = times.0, let second = times.1 else { return times.0 != nil }
        return first > second
      }
      return left.name < right.name
    }
  }

  /// True while the model is being fetched.
  static func isFetching(_ pod: KubeObject) -> Bool {
    (pod.status?["initContainerStatuses"]?.array ?? []).contains {
      $0["name"]?.string == ServingPod.storageInitializer && $0.at("state", "running") != nil
    }
  }
}
