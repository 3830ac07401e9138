public import Formats
public import KubeProtocol

/// `serving.kserve.io/v1beta1 InferenceService`: a typed view of the object's JSON.
///
/// Members of a wrong type read as missing: the API server has checked the object against the schema.
public struct InferenceService: Sendable, Hashable {
  public var object: KubeObject

  public init(_ object: KubeObject) { self.object = object }

  public var name: String { object.name }
  public var namespace: String { object.namespace }
  public var labels: [String: String] { object.labels }
  public var annotations: [String: String] { object.annotations }
  public var predictor: PredictorSpec { PredictorSpec(json: object.json.at("spec", "predictor") ?? [:]) }
  public var transformer: ComponentSpec? {
    object.json.at("spec", "transformer").map(ComponentSpec.init(json:))
  }
  public var explainer: ComponentSpec? { object.json.at("spec", "explainer").map(ComponentSpec.init(json:)) }
  public var canaries: [JSONValue] { object.json.at("spec", "canary")?.array ?? [] }

  /// `"true"` in any case stops the service: its children are deleted, its spec stays.
  public var isStopped: Bool { annotations[ServingAnnotation.stop]?.lowercased() == "true" }
  public var isClusterLocal: Bool { labels[ServingLabel.visibility] == ServingLabel.clusterLocal }

  /// Mode in which it runs: what its status says, else its annotation, else `fallback`. A mode that was once
  /// taken stays until the service is made anew.
  public func deploymentMode(default fallback: DeploymentMode) -> DeploymentMode {
    let stored = object.json.at("status", "deploymentMode")?.string.flatMap(DeploymentMode.init(name:))
    return stored ?? annotations[ServingAnnotation.deploymentMode].flatMap(DeploymentMode.init(name:))
      ?? fallback
  }

  /// Deployment and Service of the predictor.
  public var predictorName: String {
    predictor.name.map { "\(name)-\($0)-predictor" } ?? "\(name)-predictor"
  }
}

/// `spec.predictor`.
public struct PredictorSpec: Sendable, Hashable {
  public var json: JSONValue

  public init(json: JSONValue) { self.json = json }

  public var component: ComponentSpec { ComponentSpec(json: json) }
  public var name: String? { json["name"]?.string.flatMap { $0.isEmpty ? nil : $0 } }
  public var model: ModelSpec? { json["model"].map(ModelSpec.init(json:)) }
  public var workerSpec: JSONValue? { json["workerSpec"] }

  /// The framework fields that are set, in the table's order.
  public var frameworks: [(framework: PredictorFramework, spec: JSONValue)] {
    PredictorFramework.all.compactMap { framework in
      json[framework.field].flatMap { $0.isNull ? nil : (framework, $0) }
    }
  }

  /// A predictor made of the user's own containers.
  public var isCustom: Bool { model == nil && frameworks.isEmpty && !component.containers.isEmpty }

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
    for (index, container) in (workerSpec?["containers"]?.array ?? []).enumerated() {
      parts.append(("workerSpec.containers[\(index)]", container))
    }
    return parts
  }
}
