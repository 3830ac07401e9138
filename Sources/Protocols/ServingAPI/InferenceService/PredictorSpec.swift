public import Formats

/// `spec.predictor`.
public struct PredictorSpec: Sendable, Hashable {
  public var json: JSONValue

  public init(json: JSONValue) { self.json = json }

  public var component: ComponentSpec { ComponentSpec(json: json) }
  public var name: String? { json.nonEmptyText("name") }
  public var model: ModelSpec? { json["model"].map(ModelSpec.init(json:)) }
  public var workerSpec: WorkerSpec? { json.member("workerSpec").map(WorkerSpec.init(json:)) }

  /// The framework fields that are set, in the table's order.
  public var frameworks: [(framework: PredictorFramework, spec: JSONValue)] {
    PredictorFramework.all.compactMap { framework in
      json[framework.field].flatMap { $0.isNull ? nil : (framework, $0) }
    }
  }

  /// A predictor made of the user's own containers.
  public var isCustom: Bool { model == nil && frameworks.isEmpty && !component.containers.isEmpty }

  /// The one model of the predictor; nil for several, and for one that `storage` names.
  public var storageURI: String? {
    if let model { return model.storageURI?.nonEmpty }
    if let spec = frameworks.first?.spec { return spec.nonEmptyText("storageUri") }
    let container =
      component.pod.container(named: ServingPod.modelContainer) ?? component.containers.first
    return container?.environmentValue(ServingPod.storageURIVariable)?.nonEmpty
  }

  /// A transformer in the predictor's own pod.
  public var hasCollocatedTransformer: Bool {
    component.pod.container(named: ServingPod.transformerContainer) != nil
  }

  /// A predictor that starts without a model and is given TrainedModels: one without storage whose format is
  /// not `huggingface`, or an own container that says `MULTI_MODEL_SERVER=true`.
  public var isMultiModel: Bool {
    if isCustom {
      return component.containers.first?.environmentValue("MULTI_MODEL_SERVER")?.lowercased() == "true"
    }
    guard let spec = model ?? frameworks.first.map({ ModelSpec(json: $0.spec) }) else { return false }
    let format = model?.formatName ?? frameworks.first?.framework.field
    return spec.hasNoStorage && component.storageURIs.isEmpty && format?.lowercased() != "huggingface"
  }

  /// Every container-like part with its field path, for checks that hold for all of them.
  public var containerParts: [(path: String, json: JSONValue)] {
    var parts: [(String, JSONValue)] = []
    for (index, container) in component.containers.enumerated() {
      parts.append(("containers[\(index)]", container))
    }
    for (index, container) in component.initContainers.enumerated() {
      parts.append(("initContainers[\(index)]", container))
    }
    if let model { parts.append(("model", model.json)) }
    for entry in frameworks { parts.append((entry.framework.field, entry.spec)) }
    for (index, container) in (workerSpec?.containers ?? []).enumerated() {
      parts.append(("workerSpec.containers[\(index)]", container))
    }
    for (index, container) in (workerSpec?.pod.initContainers ?? []).enumerated() {
      parts.append(("workerSpec.initContainers[\(index)]", container))
    }
    return parts
  }
}
