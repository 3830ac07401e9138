internal import ControllerKit
internal import Formats
public import KubeProtocol
internal import ServingAPI

extension Explanation {
  /// Explains a TrainedModel: its conditions, the service that is to serve it, and what the agent beside the
  /// server says; pure.
  public init(_ evidence: TrainedModelEvidence) {
    let finder = TrainedModelCause(evidence)
    name = evidence.model.name
    namespace = evidence.model.namespace
    cause = finder.find()
    isReady = finder.isReady && cause == nil
    chain = finder.chain(isReady: isReady)
  }

  /// Nothing is made of an InferenceGraph here.
  public init(graph: KubeObject) {
    name = graph.name
    namespace = graph.namespace
    isReady = false
    cause = FailureCause(
      .unsupportedMode, value: "InferenceGraph",
      "this release stores and checks InferenceGraphs and does not run them",
      fix: "send the requests to the services of its nodes")
    chain = [Link(0, "InferenceGraph", graph.name, .failed, "stored, and not run")]
    let services = InferenceGraph(graph).nodes.flatMap(\.steps).compactMap(\.serviceName)
    chain += Set(services).sorted().map { Link(1, "InferenceService", $0, .note, "named by a step") }
  }
}

/// Why a TrainedModel is not served; pure.
struct TrainedModelCause {
  private let evidence: TrainedModelEvidence
  private let model: TrainedModel
  private let parent: Explanation?
  private let conditions: [Condition]

  init(_ evidence: TrainedModelEvidence) {
    self.evidence = evidence
    model = TrainedModel(evidence.model)
    if case .known(let service) = evidence.parent { parent = Explanation(service) } else { parent = nil }
    conditions = (evidence.model.status?["conditions"]?.array ?? []).compactMap(Condition.init(json:))
  }

  var isReady: Bool { conditions.contains { $0.type == "Ready" && $0.status == .yes } }

  private var isObserved: Bool {
    (evidence.model.status?["observedGeneration"]?.int ?? 0) >= evidence.model.generation
  }

  private var report: (failure: AgentReport, pod: String)? {
    for tail in evidence.agentLogs {
      if let failure = AgentReport(of: model.name, in: tail.lines) { return (failure, tail.pod) }
    }
    return nil
  }

  // MARK: the cause

  func find() -> FailureCause? {
    let service = model.inferenceService
    if case .missing = evidence.parent {
      return FailureCause(
        .invalidSpec, value: "spec.inferenceService",
        "there is no InferenceService \"\(service)\" in namespace \(model.namespace) to serve the model",
        fix: "create it, or correct spec.inferenceService")
    }
    guard isObserved, !conditions.isEmpty else {
      return FailureCause(
        .notReadyYet, value: model.name, "the TrainedModel has not been taken up by the controller yet",
        fix: "wait")
    }
    if let cause = wrongSpec(service) ?? parentIsNotReady(service) { return cause }
    if let report { return notServed(report.failure) }
    if isReady { return nil }
    let first = conditions.first { $0.status != .yes }
    return FailureCause(
      .notReadyYet, value: model.name, first?.message ?? "the TrainedModel is not ready yet")
  }

  private func isFalse(_ type: String) -> Bool {
    conditions.contains { $0.type == type && $0.status == .no }
  }

  private func message(_ type: String) -> String {
    conditions.first { $0.type == type }?.message ?? ""
  }

  /// What waiting does not mend.
  private func wrongSpec(_ service: String) -> FailureCause? {
    if isFalse(TrainedModelPlan.isMultiModel) {
      return FailureCause(
        .invalidSpec, value: "spec.inferenceService",
        "InferenceService \"\(service)\" serves a model of its own and takes no TrainedModels",
        fix: "name a service whose predictor has no storageUri, storage and storageUris in "
          + "spec.inferenceService")
    }
    if isFalse(TrainedModelPlan.frameworkSupported) {
      return FailureCause(
        .noSupportingRuntime, value: model.framework, message(TrainedModelPlan.frameworkSupported),
        fix: "correct spec.model.framework, or name another service in spec.inferenceService")
    }
    if isFalse(TrainedModelPlan.memoryAvailable) {
      let wanted = model.entry.memory
      return FailureCause(
        .outOfMemory, value: wanted,
        "the models of InferenceService \"\(service)\" leave no room for \(wanted) within the memory limit "
          + "of its container",
        fix: "raise the memory limit of \"\(service)\", remove models from it, or correct spec.model.memory")
    }
    return nil
  }

  private func parentIsNotReady(_ service: String) -> FailureCause? {
    guard isFalse(TrainedModelPlan.serviceReady) else { return nil }
    guard let cause = parent?.cause else {
      return FailureCause(
        .notReadyYet, value: service, "InferenceService \"\(service)\", which serves the model, is not ready",
        fix: "see `apus why \(service) -n \(model.namespace)`")
    }
    return FailureCause(
      cause.code, value: cause.value.isEmpty ? service : cause.value,
      "InferenceService \"\(service)\", which serves the model, is not ready: \(cause.cause)", fix: cause.fix,
      details: cause.details.merging(["inferenceService": service]) { $1 })
  }

  private func notServed(_ failure: AgentReport) -> FailureCause {
    let parts = ContainerCause.split(failure.text)
    let subject = failure.code.isStorage ? "the model could not be fetched" : "the model is not served"
    let general =
      failure.code == .unreadable
      ? "correct what lies at spec.model.storageUri, or spec.model.framework" : nil
    return FailureCause(
      failure.code, value: failure.code == .notReadyYet ? model.name : model.storageURI,
      "\(subject): \(parts.cause)", fix: parts.fix ?? general,
      details: ["inferenceService": model.inferenceService, "container": MultiModelPod.agentContainer])
  }

  // MARK: the chain

  func chain(isReady: Bool) -> [Explanation.Link] {
    let ready = conditions.first { $0.type == "Ready" }
    let isWaiting = find()?.code == .notReadyYet
    var links = [
      Explanation.Link(
        0, "TrainedModel", model.name, isReady ? .good : isWaiting ? .waiting : .failed,
        self.isReady ? evidence.model.status?["url"]?.string ?? "" : ready.map(Self.text) ?? "no status yet")
    ]
    for condition in conditions where condition.type != "Ready" && condition.status != .yes {
      let isSame = condition.message == ready?.message
      links.append(
        Explanation.Link(
          1, "condition", condition.type, condition.status == .no ? .failed : .waiting,
          isSame ? "\(condition.status.rawValue), as above" : Self.text(condition)))
    }
    for gap in evidence.gaps { links.append(Explanation.Link(1, "gap", model.name, .note, gap)) }
    if let report {
      let state: Explanation.Link.State = report.failure.code == .notReadyYet ? .waiting : .failed
      links.append(
        Explanation.Link(1, "agent", "of pod \(report.pod)", state, report.failure.text))
    }
    if case .missing = evidence.parent {
      links.append(
        Explanation.Link(1, "InferenceService", model.inferenceService, .failed, "does not exist"))
    }
    // All of a service that is the cause; of another that it is there.
    let isWhole = isFalse(TrainedModelPlan.serviceReady)
    for var link in parent?.chain ?? [] where isWhole || link.depth == 0 {
      link.depth += 1
      links.append(link)
    }
    return links
  }

  private static func text(_ condition: Condition) -> String {
    let parts = [condition.reason, condition.message].filter { !$0.isEmpty }
    return parts.isEmpty ? "\(condition.type) is \(condition.status.rawValue)" : parts.joined(separator: ": ")
  }
}
