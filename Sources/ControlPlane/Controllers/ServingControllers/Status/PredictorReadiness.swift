internal import ControllerKit
internal import Formats
internal import KubeProtocol

/// The condition `PredictorReady` of a Deployment and its pods, by upstream's rules; pure.
enum PredictorReadiness {
  static func condition(
    deployment: KubeObject?, pods: [KubeObject], events: [KubeObject] = []
  ) -> Condition {
    guard let deployment else { return Condition("PredictorReady", .unknown, reason: "DeploymentNotFound") }
    var condition = fromDeployment(deployment)
    let replicas = deployment.spec?["replicas"]?.int ?? 1
    let ready = pods.count(where: PodState.isReady)
    if ready == 0 && replicas > 0 {
      if let failure = ComponentFailure.find(deployment: deployment, pods: pods, events: events) {
        return Condition("PredictorReady", .no, reason: failure.code, message: failure.explanation)
      }
      // The pods are nearer to the truth than the Deployment's count of them.
      if condition.status == .yes {
        condition = Condition(
          "PredictorReady", .no, reason: "MinimumReplicasUnavailable",
          message: "no pod of the predictor is ready")
      }
    }
    return condition
  }

  /// Available True → True; Progressing False → False; still progressing → Unknown unless available;
  /// Available False and ReplicaFailure True win.
  private static func fromDeployment(_ deployment: KubeObject) -> Condition {
    let conditions = deployment.status?["conditions"]
    func found(_ type: String) -> Condition? { Conditions.get(conditions, type) }
    func made(_ status: Condition.Status, _ source: Condition?) -> Condition {
      Condition("PredictorReady", status, reason: source?.reason ?? "", message: source?.message ?? "")
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
