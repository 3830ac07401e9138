internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// Everything the status of a service is computed from.
struct ServiceObservation {
  var service: InferenceService
  var configuration: InferenceServiceConfig
  var mode: DeploymentMode
  /// The runtime that was chosen; nil for own containers and before one was found.
  var runtime: ServingRuntime?
  /// Why nothing was deployed.
  var failure: ServingFailure?
  /// Why a child could not be written.
  var writeFailure: String?
  var deployment: KubeObject?
  var pods: [KubeObject] = []
  /// Warnings about the pods.
  var podEvents: [KubeObject] = []
  var routes: [KubeObject] = []
  /// Nil where host names could not be made.
  var addresses: ServingRoutes?
  var hasEndpoint: Bool?
  var servingPort: Int64 = ServingPod.defaultPort
}

/// Computes `status`, once, at the end of a reconcile; pure.
enum ServiceStatus {
  static func make(_ observed: ServiceObservation, now: Timestamp) -> JSONValue {
    if observed.service.isStopped { return makeStopped(observed, now: now) }
    let old = observed.service.object.status
    var status: JSONValue = [
      "observedGeneration": .int(observed.service.object.generation),
      "deploymentMode": .string(observed.mode.rawValue),
    ]
    let predictor = predictorCondition(observed)
    let ingress = ingressCondition(observed, predictor.status)
    status["conditions"] = conditions(
      [
        predictor, ingress, ready(predictor, ingress),
        Condition("Stopped", .no, severity: "Info"),
      ] + UnusedFields.conditions(observed.service), old: old, now: now)
    if let runtime = observed.runtime {
      status[runtime.isClusterWide ? "clusterServingRuntimeName" : "servingRuntimeName"] = .string(
        runtime.name)
    }
    addAddresses(observed, isDeployed: observed.deployment != nil, &status)
    let model =
      observed.failure.map { ModelStatus(failure: $0, pods: observed.pods) }
      ?? ModelStatus(pods: observed.pods, events: observed.podEvents, now: now)
    status["modelStatus"] = model.json
    return status
  }

  private static func addAddresses(
    _ observed: ServiceObservation, isDeployed: Bool, _ status: inout JSONValue
  ) {
    guard let addresses = observed.addresses, isDeployed else { return }
    if observed.service.transformer == nil {
      status["url"] = .string(addresses.url)
      status["address"] = ["url": .string(addresses.address(targetPort: observed.servingPort))]
    }
    status["components"] = ["predictor": ["url": .string(addresses.predictorURL)]]
  }

  // MARK: conditions

  private static func predictorCondition(_ observed: ServiceObservation) -> Condition {
    if let failure = observed.failure {
      return Condition("PredictorReady", .no, reason: failure.reason.rawValue, message: failure.explanation)
    }
    if let message = observed.writeFailure {
      let cause = ComponentFailure.refusal(message, subject: "the service's objects cannot be written")
      return Condition("PredictorReady", .no, reason: cause.code.rawValue, message: cause.sentence)
    }
    return PredictorReadiness.condition(
      deployment: observed.deployment, pods: observed.pods, events: observed.podEvents)
  }

  private static func ingressCondition(
    _ observed: ServiceObservation, _ predictorReady: Condition.Status
  ) -> Condition {
    guard let addresses = observed.addresses else {
      return Condition(
        "IngressReady", .no, reason: "Predictor ingress not created",
        message: observed.failure?.explanation ?? observed.writeFailure ?? "no host name could be made")
    }
    if observed.deployment == nil {
      return Condition("IngressReady", .no, reason: "Predictor ingress not created")
    }
    return IngressReadiness(
      service: observed.service, configuration: observed.configuration, routes: observed.routes,
      isExposed: addresses.isExposed, hasEndpoint: observed.hasEndpoint
    ).condition(predictorReady: predictorReady)
  }

  /// `Ready` is both; of what is wrong the predictor's word comes first.
  private static func ready(_ predictor: Condition, _ ingress: Condition) -> Condition {
    for status in [Condition.Status.no, .unknown] {
      for part in [predictor, ingress] where part.status == status {
        return Condition("Ready", status, reason: part.reason, message: part.message)
      }
    }
    return Condition("Ready", .yes)
  }

  private static func conditions(_ wanted: [Condition], old: JSONValue?, now: Timestamp) -> JSONValue {
    let types = Set(wanted.map(\.type))
    var list: JSONValue = .array(
      (old?["conditions"]?.array ?? []).filter { types.contains($0["type"]?.string ?? "") })
    for condition in wanted { list = Conditions.setting(condition, in: list, now: now, style: .knative) }
    return list
  }

  // MARK: stopped

  /// A stopped service keeps its mode and nothing else.
  private static func makeStopped(_ observed: ServiceObservation, now: Timestamp) -> JSONValue {
    let stopped = { (type: String) in Condition(type, .no, reason: "Stopped") }
    return [
      "observedGeneration": .int(observed.service.object.generation),
      "deploymentMode": .string(observed.mode.rawValue),
      "conditions": conditions(
        [
          stopped("PredictorReady"), stopped("IngressReady"), stopped("Ready"),
          Condition("Stopped", .yes, severity: "Info"),
        ], old: observed.service.object.status, now: now),
    ]
  }
}
