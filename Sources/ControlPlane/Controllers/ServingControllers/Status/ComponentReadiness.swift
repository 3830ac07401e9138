internal import ControllerKit
internal import Formats
internal import KubeProtocol

/// The condition `PredictorReady` (or its like) of a component's Deployment and pods, by upstream's rules;
/// pure.
enum ComponentReadiness {
  /// - Parameters:
  ///   - pods: those that requests are sent to.
  ///   - events: warnings about them.
  static func condition(
    _ kind: ComponentKind = .predictor, deployment: KubeObject?, pods: [KubeObject],
    events: [KubeObject] = []
  ) -> Condition {
    let type = kind.readyCondition
    guard let deployment else { return Condition(type, .unknown, reason: "DeploymentNotFound") }
    var condition = fromDeployment(type, deployment)
    let replicas = deployment.spec?["replicas"]?.int ?? 1
    let ready = pods.count(where: PodState.isReady)
    if ready == 0 && replicas > 0 {
      if let failure = ComponentFailure.find(deployment: deployment, pods: pods, events: events) {
        return Condition(type, .no, reason: failure.code, message: failure.explanation)
      }
      // The pods are nearer to the truth than the Deployment's count of them.
      if condition.status == .yes {
        condition = Condition(
          type, .no, reason: "MinimumReplicasUnavailable", message: "no pod of the \(kind.rawValue) is ready")
      }
    }
    return condition
  }

  /// Available True → True; Progressing False → False; still progressing → Unknown unless available;
  /// Available False and ReplicaFailure True win.
  private static func fromDeployment(_ type: String, _ deployment: KubeObject) -> Condition {
    let conditions = deployment.status?["conditions"]
    func found(_ type: String) -> Condition? { Conditions.get(conditions, type) }
    func made(_ status: Condition.Status, _ source: Condition?) -> Condition {
      Condition(type, status, reason: source?.reason ?? "", message: source?.message ?? "")
    }
    if let failure = found("ReplicaFailure"), failure.status == .yes { return made(.no, failure) }
    let available = found("Available")
    if let available, available.status == .no { return made(.no, available) }
    if let progressing = found("Progressing") {
      if progressing.status == .no, !progressing.message.isEmpty { return made(.no, progressing) }
      if progressing.reason == "NewReplicaSetAvailable" { return made(.yes, nil) }
    }
    if available?.status == .yes { return made(.yes, nil) }
    return made(.unknown, found("Progressing"))
  }
}
