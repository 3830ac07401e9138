internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import ServingAPI

/// Which Deployments of a service call which: transformers and explainers call the predictor, inside the
/// cluster, where no gateway sees it.
struct ComponentCalls: Sendable {
  let deployments: Informer

  private static let predictor = "predictor"
  private static let callers: Set<String> = ["transformer", "explainer"]

  private static func component(_ deployment: KubeObject) -> String {
    deployment.labels[ServingLabel.component] ?? ""
  }

  private func siblings(_ deployment: KubeObject) -> [KubeObject] {
    deployment.controllerReference.map { deployments.owned(by: $0.uid) } ?? []
  }

  /// The predictors that are scaled by requests and get what a caller gets; none for other Deployments.
  func called(by deployment: KubeObject) -> [KubeObject] {
    guard Self.callers.contains(Self.component(deployment)) else { return [] }
    return siblings(deployment).filter {
      Self.component($0) == Self.predictor
        && $0.annotations[GatewayAnnotation.scaledBy] == GatewayAnnotation.requests
        && LivePair(deployment: $0).role == .stable
    }
  }

  /// Whether somebody who calls this Deployment has a pod, or is about to.
  func hasCaller(_ deployment: KubeObject) -> Bool {
    guard Self.component(deployment) == Self.predictor else { return false }
    return siblings(deployment).contains {
      Self.callers.contains(Self.component($0)) && !$0.isBeingDeleted
        && (LivePair(deployment: $0).wantedReplicas > 0 || ($0.status?["replicas"]?.int ?? 0) > 0)
    }
  }

  /// A report with the load of callers counted for the called too. Nobody waits there: who calls has a pod.
  func extended(_ report: LoadReport) -> LoadReport {
    var extended = report
    for load in report.loads {
      guard let deployment = deployments.get(load.service) else { continue }
      for called in called(by: deployment) {
        extended.loads.append(
          LoadReport.ServiceLoad(
            service: called.key, requestSeconds: load.requestSeconds, arrivals: load.arrivals,
            inFlight: load.inFlight))
      }
    }
    return extended
  }
}
