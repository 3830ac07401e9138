internal import Autoscaling
internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import ServingAPI
internal import Telemetry

/// Brings the Deployments that requests scale to the number of pods that their load asks for. Keyed by
/// Deployment, whose Service has the same name. Writes nothing but `spec.replicas`.
struct RequestScalingReconciler: Reconciler {
  let client: KubeClient
  let deployments: Informer
  let services: Informer
  let configuration: ServingConfiguration
  let events: EventRecorder
  let clock: any SleepingClock
  let book: LoadBook
  let calls: ComponentCalls
  /// Scales written that the cache does not show yet.
  let tracker = WriteTracker()
  private let log = Logger("autoscaler")

  /// How often the scale of a workload with load is looked at.
  private static let period: Duration = .seconds(1)

  func reconcile(_ key: ObjectKey) async throws -> ReconcileResult {
    guard let deployment = deployments.get(key), !deployment.isBeingDeleted,
      case (let service, var scaling)? = policy(deployment)
    else {
      book.forget(key)
      tracker.forget(key)
      return .done
    }
    // Its calls wait for nobody: a predictor is awake as long as its transformer is.
    if calls.hasCaller(deployment) { scaling.minimum = max(1, scaling.minimum) }
    // A scale that the cache does not show would be decided from numbers of before it.
    guard tracker.isSettled(key) else { return .requeue(after: Self.period) }
    let pods = RequestScaler.Pods(
      wanted: Self.count(deployment.spec?["replicas"], default: 1),
      ready: Self.count(deployment.status?["readyReplicas"], default: 0))
    let (decision, isNew) = book.decide(key, scaling, pods, now: clock.monotonicNow())
    if decision.replicas != pods.wanted {
      try await write(decision, pods, scaling, deployment, of: service)
    }
    for problem in isNew ? scaling.problems : [] {
      events.record(service, .warning, reason: "ScalingAnnotationIgnored", message: problem)
    }
    return decision.isAtRest ? .done : .requeue(after: Self.period)
  }

  /// The service that a Deployment is a part of, and how its scale follows requests; nil where it does not.
  private func policy(_ deployment: KubeObject) -> (KubeObject, RequestScaling)? {
    guard deployment.annotations[GatewayAnnotation.scaledBy] == GatewayAnnotation.requests,
      let name = deployment.labels[ServingLabel.inferenceService],
      let stored = services.get(namespace: deployment.namespace, name: name), !stored.isBeingDeleted
    else { return nil }
    let current = configuration.current
    let service = InferenceService(InferenceServiceDefaults.apply(to: stored, configuration: current))
    let component: ComponentSpec? =
      switch deployment.labels[ServingLabel.component] {
      case "transformer": service.transformer
      case "explainer": service.explainer?.component
      default: service.predictor.component
      }
    let mode = service.deploymentMode(default: current.defaultDeploymentMode)
    guard let component, case .requests(let scaling) = ScalingPolicy.of(component, of: service, mode: mode)
    else { return nil }
    return (stored, scaling)
  }

  private func write(
    _ decision: RequestScaler.Decision, _ pods: RequestScaler.Pods, _ scaling: RequestScaling,
    _ deployment: KubeObject, of service: KubeObject
  ) async throws {
    let written: KubeObject
    do {
      written = try await client.patch(
        .deployments, namespace: deployment.namespace, name: deployment.name, subresource: "scale",
        ["spec": ["replicas": .int(decision.replicas)]])
    } catch let error as KubeError where error.reason == .notFound {
      return
    }
    tracker.wrote(deployment.key, written, in: deployments)
    let cause = Self.cause(decision, scaling)
    log.info(
      "scaled",
      [
        "deployment": "\(deployment.key)", "from": "\(pods.wanted)", "to": "\(decision.replicas)",
        "cause": cause,
      ])
    events.record(
      service, .normal, reason: "Scaled",
      message: "\(deployment.name): from \(pods.wanted) to \(decision.replicas) pods: \(cause)")
  }

  /// Why, with the numbers that it comes from.
  private static func cause(_ decision: RequestScaler.Decision, _ scaling: RequestScaling) -> String {
    let unit = scaling.metric == .concurrency ? "requests at a time" : "requests per second"
    let observed = decision.observation
    let load =
      "\(text(observed.stable)) \(unit) over \(scaling.stableWindow), "
      + "\(text(observed.panic)) over \(scaling.panicWindow), target \(text(scaling.target)) per pod"
    return decision.isPanicking ? load + ", in panic" : load
  }

  /// Two digits after the point.
  private static func text(_ value: Double) -> String {
    let hundredths = Int(clamping: Int64((min(value, 1e15) * 100).rounded()))
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
  }

  private static func count(_ value: JSONValue?, default fallback: Int) -> Int {
    value?.int.map { Int(clamping: max(0, $0)) } ?? fallback
  }
}
