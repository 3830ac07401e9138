internal import ControllerKit
internal import Formats
internal import KubeProtocol

/// The conditions of a service whose components are Knative Services; pure.
extension ServiceConditions {
  static func makeOfKnative(_ observed: ServiceObservation) -> [Condition] {
    var ready: [Condition] = []
    var routes: [Condition] = []
    var configurations: [Condition] = []
    for part in observed.components {
      if let failure = part.failure {
        ready.append(
          Condition(
            part.kind.readyCondition, .no, reason: failure.reason.rawValue, message: failure.explanation))
      } else if let message = part.writeFailure {
        ready.append(
          Condition(part.kind.readyCondition, .no, reason: "ReconcileFailed", message: message))
      } else if let object = part.knative {
        let copied = KnativeStatus(kind: part.kind, object: object).conditions
        ready.append(copied[0])
        routes.append(copied[1])
        configurations.append(copied[2])
      } else {
        ready.append(
          Condition(
            part.kind.readyCondition, .unknown, reason: "Uninitialized",
            message: "its Knative Service is not there yet"))
      }
    }
    let reached = aggregate("RoutesReady", routes, of: observed)
    let ingress =
      observed.knativeRouting?.condition ?? Condition("IngressReady", .unknown, reason: "Uninitialized")
    return ready + routes + configurations + [
      reached, aggregate("LatestDeploymentReady", configurations, of: observed), ingress,
      self.ready(ready + [ingress]), Condition("Stopped", .no, severity: "Info"),
    ]
  }

  /// True where all are; else the first that is not, by name.
  private static func aggregate(
    _ type: String, _ parts: [Condition], of observed: ServiceObservation
  ) -> Condition {
    for status in [Condition.Status.no, .unknown] {
      if let part = parts.first(where: { $0.status == status }) {
        return Condition(
          type, status, reason: "\(part.type) not ready", message: part.message, severity: "Info")
      }
    }
    if parts.count < observed.components.count {
      return Condition(type, .unknown, reason: "Uninitialized", severity: "Info")
    }
    return Condition(type, .yes, severity: "Info")
  }
}
