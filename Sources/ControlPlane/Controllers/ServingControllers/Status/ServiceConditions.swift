internal import ControllerKit
internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// The conditions of a service that is not stopped; pure.
enum ServiceConditions {
  static func make(_ observed: ServiceObservation) -> [Condition] {
    makeOfParts(observed) + configuration(observed)
  }

  /// A ConfigMap that is not usable takes no readiness away: what was decoded before it stays in force.
  private static func configuration(_ observed: ServiceObservation) -> [Condition] {
    guard let problem = observed.configurationProblem else { return [] }
    return [
      Condition(
        "ConfigurationValid", .no, reason: "InvalidConfiguration",
        message: ConfigurationCause.make(problem).sentence, severity: "Warning")
    ]
  }

  private static func makeOfParts(_ observed: ServiceObservation) -> [Condition] {
    if observed.usesKnative { return makeOfKnative(observed) }
    var parts = observed.components.map { component($0, waitingFor: observed.isWaitingFor) }
    if observed.isBesideModelMesh { parts.insert(ofModelMesh(observed), at: 0) }
    let isReady = parts.allSatisfy { $0.status == .yes }
    let ingress = ingress(observed, areComponentsReady: isReady)
    var conditions = parts + [ingress, ready(parts + [ingress])]
    conditions.append(Condition("Stopped", .no, severity: "Info"))
    conditions += latest(observed)
    if let canary = canary(observed) { conditions.append(canary) }
    if observed.mode == .knative { conditions += knative(observed, parts, ingress) }
    return conditions
  }

  // MARK: what counts towards Ready

  private static func component(_ part: ComponentObservation, waitingFor wanted: String?) -> Condition {
    let type = part.kind.readyCondition
    if let failure = part.failure {
      return Condition(type, .no, reason: failure.reason.rawValue, message: failure.explanation)
    }
    if let message = part.writeFailure {
      let cause = ComponentFailure.refusal(message, subject: "the service's objects cannot be written")
      return Condition(type, .no, reason: cause.code.rawValue, message: cause.sentence)
    }
    if let wanted, part.deployment == nil {
      return Condition(type, .unknown, reason: "Waiting", message: "waiting for \(wanted)")
    }
    let own = ComponentReadiness.condition(
      part.kind, deployment: part.deployment, pods: part.pods, events: part.podEvents)
    guard let workers = part.workers else { return own }
    return joined(
      own,
      ComponentReadiness.condition(
        part.kind, deployment: workers.deployment, pods: workers.pods, events: part.podEvents))
  }

  /// Head and workers: the worse one decides, both are told.
  private static func joined(_ head: Condition, _ workers: Condition) -> Condition {
    if head.status == .yes && workers.status == .yes { return head }
    let worse = head.status == .no || (head.status == .unknown && workers.status != .no) ? head : workers
    func text(_ condition: Condition) -> String {
      condition.message.isEmpty ? condition.status.rawValue : condition.message
    }
    return Condition(
      head.type, worse.status, reason: worse.reason,
      message: "predictor-container: \(text(head)), worker-container: \(text(workers))")
  }

  private static func ingress(_ observed: ServiceObservation, areComponentsReady: Bool) -> Condition {
    guard let hosts = observed.hosts else {
      let predictor = observed.predictor
      return Condition(
        "IngressReady", .no, reason: "Predictor ingress not created",
        message: predictor?.failure?.explanation ?? predictor?.writeFailure ?? "no host name could be made")
    }
    if let missing = observed.components.first(where: { $0.deployment == nil }) {
      return Condition("IngressReady", .no, reason: "\(missing.kind.title) ingress not created")
    }
    return IngressReadiness(observed, hosts).condition(areComponentsReady: areComponentsReady)
  }

  /// `Ready` is all of them; of what is wrong the first one's word comes first.
  static func ready(_ parts: [Condition]) -> Condition {
    for status in [Condition.Status.no, .unknown] {
      for part in parts where part.status == status {
        return Condition("Ready", status, reason: part.reason, message: part.message)
      }
    }
    return Condition("Ready", .yes)
  }

  // MARK: what does not

  /// How far the spec's own revisions are, where something else may be serving meanwhile.
  private static func latest(_ observed: ServiceObservation) -> [Condition] {
    let isSplit = observed.components.contains { $0.plan?.revisions.canary != nil }
    guard observed.mode == .knative || isSplit else { return [] }
    let type = "LatestDeploymentReady"
    for part in observed.components {
      guard let plan = part.plan else {
        return [
          Condition(type, .no, reason: "\(part.kind.readyCondition) not ready", severity: "Info")
        ]
      }
      if plan.revisions.isCurrentReady { continue }
      let revision = plan.revisions.current.name
      let pods = part.allPods.filter { $0.labels[Revision.label] == revision }
      let failure = ComponentFailure.find(deployment: nil, pods: pods, events: part.podEvents)
      let cause =
        isSplit
        ? CanaryCause.make(revision: revision, service: observed.service.name, failure: failure)
        : failure?.cause
      return [
        Condition(
          type, cause == nil ? .unknown : .no,
          reason: cause?.code.rawValue ?? "\(part.kind.configurationCondition) not ready",
          message: cause?.sentence ?? "revision \(revision) is not ready yet and gets no requests",
          severity: "Info")
      ]
    }
    return [Condition(type, .yes, severity: "Info")]
  }

  private static func canary(_ observed: ServiceObservation) -> Condition? {
    guard let canaries = observed.predictor?.plan?.canaries, !canaries.isEmpty else { return nil }
    let waiting = canaries.filter { !$0.isReady }
    guard let first = waiting.first, let predictor = observed.predictor else {
      return Condition("CanaryPredictorReady", .yes, reason: "AllCanariesReady", severity: "Info")
    }
    let pods = predictor.allPods.filter {
      $0.labels[ServingLabel.app] == ServingLabel.app(forDeployment: first.workload.name)
    }
    let failure = ComponentFailure.find(deployment: nil, pods: pods, events: predictor.podEvents)
    let names = waiting.map(\.name).joined(separator: ", ")
    let cause = CanaryCause.make(
      revision: first.workload.name, service: observed.service.name, failure: failure)
    return Condition(
      "CanaryPredictorReady", .no, reason: "CanariesNotReady",
      message: cause?.sentence ?? "not ready, and without requests so far: \(names)", severity: "Info")
  }

  /// What upstream copies from Knative's objects, of what stands in for them.
  private static func knative(
    _ observed: ServiceObservation, _ parts: [Condition], _ ingress: Condition
  ) -> [Condition] {
    var conditions: [Condition] = []
    for (part, condition) in zip(observed.components, parts) {
      let isReady = part.plan?.revisions.isCurrentReady ?? false
      conditions.append(
        Condition(
          part.kind.configurationCondition,
          isReady ? .yes : (condition.status == .yes ? .unknown : condition.status),
          reason: isReady ? "" : condition.reason, message: isReady ? "" : condition.message,
          severity: "Info"))
      conditions.append(
        Condition(
          part.kind.routeCondition, ingress.status, reason: ingress.reason, message: ingress.message,
          severity: "Info"))
    }
    conditions.append(
      Condition(
        "RoutesReady", ingress.status,
        reason: ingress.status == .yes
          ? "" : "\(observed.components.first?.kind.routeCondition ?? "") not ready",
        message: ingress.message,
        severity: "Info"))
    conditions.append(
      Condition(
        "KnativeInstalled", .no, reason: "BuiltIn",
        message: "the cluster has no Knative: revisions, traffic and scale are done by Apus itself, on "
          + "Deployments and HTTPRoutes", severity: "Info"))
    return conditions
  }
}
