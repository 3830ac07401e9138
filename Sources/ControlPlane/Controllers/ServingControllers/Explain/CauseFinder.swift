internal import ControllerKit
internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// Finds the one thing that stops a service; pure. Reads what the controller reads, with the same functions,
/// so that both say the same sentence.
struct CauseFinder {
  let evidence: ServiceEvidence
  let service: InferenceService

  init(_ evidence: ServiceEvidence) {
    self.evidence = evidence
    service = InferenceService(evidence.service)
  }

  private var conditions: JSONValue? { evidence.service.status?["conditions"] }

  var isReady: Bool { Conditions.isTrue(conditions, "Ready") && isObserved }

  /// Whether the status is of the spec as it is now.
  var isObserved: Bool {
    (evidence.service.status?["observedGeneration"]?.int ?? 0) >= evidence.service.generation
  }

  func find() -> FailureCause? {
    if service.isStopped { return nil }
    if let cause = selection() ?? component("predictor") ?? component("transformer") ?? component("explainer")
    {
      return cause
    }
    if let cause = told() ?? canary() { return cause }
    if isReady { return nil }
    let ready = Conditions.get(conditions, "Ready")
    let message = ready.map(\.message) ?? ""
    return FailureCause(
      .notReadyYet, value: "",
      message.isEmpty ? "the service is still being set up" : "the service is not ready yet: \(message)",
      fix: "wait, for instance by `apus wait \(service.name)`")
  }

  // MARK: the runtime

  var selectionForModel: RuntimeSelection? {
    guard let model = service.predictor.model else { return nil }
    return RuntimeSelection(
      model: model, hasWorkers: service.predictor.workerSpec != nil,
      namespaceRuntimes: evidence.namespaceRuntimes.map(ServingRuntime.init),
      clusterRuntimes: evidence.clusterRuntimes.map(ServingRuntime.init))
  }

  /// Why no runtime can be had, where the service does without one now.
  private func selection() -> FailureCause? {
    guard !isReady, let selection = selectionForModel else { return nil }
    do throws(ServingFailure) {
      _ = try selection.choose()
      return nil
    } catch {
      return error.cause
    }
  }

  // MARK: components

  static let roleAnnotation = "apus.dev/role"
  static let revisionLabel = "apus.dev/revision"

  static func isOwnPair(_ deployment: KubeObject) -> Bool {
    ["stable", "", nil].contains(deployment.annotations[roleAnnotation])
  }

  func deployments(of component: String) -> [KubeObject] {
    evidence.deployments.filter { $0.labels[ServingLabel.component] == component }
      .sorted { (Self.isOwnPair($0) ? 0 : 1, $0.name) < (Self.isOwnPair($1) ? 0 : 1, $1.name) }
  }

  func pods(of deployment: KubeObject) -> [KubeObject] {
    evidence.pods.filter {
      $0.labels[ServingLabel.app] == ServingLabel.app(forDeployment: deployment.name)
    }
  }

  /// Of the component's own pair: what keeps its newest pod from serving.
  private func component(_ kind: String) -> FailureCause? {
    for deployment in deployments(of: kind) where Self.isOwnPair(deployment) {
      let pods = PodState.newestFirst(pods(of: deployment))
      // What the newest pod is fine with is over, whatever older ones still say.
      if let newest = pods.first, PodState.isReady(newest) { continue }
      let found = ComponentFailure.find(deployment: deployment, pods: pods, events: evidence.events)
      if let found { return found.cause }
    }
    return nil
  }

  /// A revision beside the one that serves.
  private func canary() -> FailureCause? {
    for deployment in evidence.deployments where !Self.isOwnPair(deployment) && !isWithdrawn(deployment) {
      let pods = pods(of: deployment)
      guard !pods.contains(where: PodState.isReady) else { continue }
      let failure = ComponentFailure.find(deployment: deployment, pods: pods, events: evidence.events)
      let revision =
        deployment.annotations[Self.revisionLabel].flatMap { $0.isEmpty ? nil : $0 }
        ?? deployment.name
      if let cause = CanaryCause.make(revision: revision, service: service.name, failure: failure) {
        return cause
      }
    }
    return nil
  }

  /// A revision that is to get no requests, as after `apus rollout undo`: whatever it does is nobody's
  /// trouble.
  private func isWithdrawn(_ deployment: KubeObject) -> Bool {
    guard LivePair(deployment: deployment).role == .revision else { return false }
    let component = deployment.labels[ServingLabel.component] ?? "predictor"
    return evidence.service.spec?.at(component, "canaryTrafficPercent")?.int == 0
  }

  // MARK: the status

  /// What the controller says, where the objects alone do not tell: its own words, with a code.
  private func told() -> FailureCause? {
    guard isObserved, !isReady else { return nil }
    let types = [
      "PredictorReady", "TransformerReady", "ExplainerReady", "IngressReady", "RoutesReady", "Ready",
    ]
    for type in types {
      guard let condition = Conditions.get(conditions, type), condition.status == .no,
        !condition.message.isEmpty
      else { continue }
      guard let code = FailureCode(reason: condition.reason) else {
        // Words of a Deployment or a gateway that something else will explain, or that pass.
        if type.hasPrefix("Ingress") || type == "RoutesReady" {
          let isMissing = condition.reason == "EndpointsNotReady"
          return FailureCause(
            isMissing ? .noEndpoint : .routeNotAccepted, value: service.name, condition.message, fix: "")
        }
        continue
      }
      return StorageReference.finding(condition.message)
        ?? FailureCause(code, value: "", condition.message, fix: "")
    }
    return nil
  }
}
