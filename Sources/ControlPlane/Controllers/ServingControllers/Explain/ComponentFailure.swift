internal import ControllerKit
internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// Why a component's Deployment has no ready pod; pure. Conditions, `lastFailureInfo` and `apus why` all ask
/// here.
enum ComponentFailure {
  /// Of the newest pod that has failed, else of the Deployment and its ReplicaSets; nil while things are on
  /// their way.
  static func find(
    deployment: KubeObject?, replicaSets: [KubeObject] = [], pods: [KubeObject], events: [KubeObject] = []
  ) -> PodFailure? {
    if let failure = PodState.newestFirst(pods).lazy.compactMap({ PodFailure($0, events: events) }).first {
      return failure
    }
    for object in [deployment].compactMap({ $0 }) + replicaSets {
      if let cause = creationFailure(object) { return PodFailure(cause, of: object) }
    }
    return deployment.flatMap { object in deadline(object).map { PodFailure($0, of: object) } }
  }

  /// `ReplicaFailure`: the API refuses the pods.
  private static func creationFailure(_ object: KubeObject) -> FailureCause? {
    guard let condition = Conditions.get(object.status?["conditions"], "ReplicaFailure"),
      condition.status == .yes
    else { return nil }
    return refusal(condition.message, subject: "the pods of \(object.name) cannot be created")
  }

  /// What the API server says about an object that it does not take.
  static func refusal(_ message: String, subject: String) -> FailureCause {
    if let quota = QuotedName.wordAfter("exceeded quota:", in: message) {
      return FailureCause(.quotaExceeded, value: quota, "\(subject): \(message)")
    }
    if QuotedName.find("error looking up service account", in: message) != nil,
      let account = QuotedName.after(": serviceaccount", in: message)
    {
      return FailureCause(
        .notAllowed, value: account, "the ServiceAccount \"\(account)\" of the pods does not exist",
        fix: "create it, or correct serviceAccountName")
    }
    return MissingReference.cause(message, namespace: "")
      ?? FailureCause(
        .notAllowed, value: subject.split(separator: " ").last.map(String.init) ?? "",
        "\(subject): \(message)")
  }

  private static func deadline(_ deployment: KubeObject) -> FailureCause? {
    guard let condition = Conditions.get(deployment.status?["conditions"], "Progressing"),
      condition.reason == "ProgressDeadlineExceeded"
    else { return nil }
    return FailureCause(
      .progressDeadlineExceeded, value: deployment.name,
      "the pods of \(deployment.name) are not ready: \(condition.message)")
  }
}
