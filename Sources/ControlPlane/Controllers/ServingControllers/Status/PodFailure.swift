internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// What keeps a pod from serving, read from its status and the events about it; pure.
struct PodFailure: Hashable {
  var cause: FailureCause
  var pod: String
  var exitCode: Int64?
  /// When it happened, as the pod's status says.
  var time: String?

  /// `lastFailureInfo.reason`.
  var reason: ServingFailure.Reason { ServingFailure.Reason(cause.code) }
  /// One word for the condition's reason.
  var code: String { cause.code.rawValue }
  /// One sentence for people: cause, fix.
  var message: String { cause.sentence }
  var explanation: String { cause.sentence }

  /// Nil for a pod that is ready or still on its way.
  /// - Parameter events: those about this pod and any others.
  init?(_ pod: KubeObject, events: [KubeObject] = []) {
    guard !PodState.isReady(pod) else { return nil }
    let view = PodView(pod, events: events)
    if let unscheduled = Self.unscheduled(view) {
      self.init(pod, unscheduled.cause, time: unscheduled.time)
    } else if let found = view.statuses.lazy.compactMap({ ContainerCause(view: view, status: $0).find() })
      .first
    {
      self.init(pod, found.cause, exitCode: found.exitCode, time: found.time)
    } else if let ended = Self.evicted(pod) {
      self.init(pod, ended)
    } else {
      return nil
    }
  }

  /// A failure that is not a pod's own: that of its Deployment or ReplicaSet.
  init(_ cause: FailureCause, of object: KubeObject) { self.init(object, cause) }

  private init(_ pod: KubeObject, _ cause: FailureCause, exitCode: Int64? = nil, time: String? = nil) {
    self.cause = cause
    self.pod = pod.name
    self.exitCode = exitCode
    self.time = time
  }

  private static func unscheduled(_ view: PodView) -> (cause: FailureCause, time: String?)? {
    let pod = view.pod
    let condition = pod.status?["conditions"]?.array?.first { $0["type"]?.string == "PodScheduled" }
    guard let condition, condition["status"]?.string == "False" else { return nil }
    let message = condition["message"]?.string ?? "no node takes it"
    let cause =
      MissingReference.cause(message, namespace: pod.namespace, cache: LocalModelMatch(pod))
      ?? FailureCause(.unschedulable, value: pod.name, "the pod cannot be placed on a node: \(message)")
    return (cause, condition["lastTransitionTime"]?.string)
  }

  private static func evicted(_ pod: KubeObject) -> FailureCause? {
    guard pod.status?["phase"]?.string == "Failed" else { return nil }
    let reason = pod.status?["reason"]?.string ?? "PodFailed"
    let message = pod.status?["message"]?.string ?? "the pod failed (\(reason))"
    return FailureCause(
      FailureCode(reason: reason) ?? .evicted, value: reason, "the node ended the pod: \(message)")
  }
}
