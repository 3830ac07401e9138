internal import Formats
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
    object.spec?.member("transformer").map(ComponentSpec.init(json:))
  }
  public var explainer: ExplainerSpec? { object.spec?.member("explainer").map(ExplainerSpec.init(json:)) }
  /// Further predictors beside the stable one (Standard mode's canaries).
  public var canaries: [CanarySpec] { (object.json.at("spec", "canary")?.array ?? []).map(CanarySpec.init) }
  /// What decides the scale, by annotation; nil takes the mode's default.
  public var autoscalerClass: String? { annotations[ServingAnnotation.autoscalerClass] }
  /// Whether each tag of the traffic gets a URL of its own.
  public var hasTagRouting: Bool { annotations[ServingAnnotation.enableTagRouting] == "true" }

  /// `"true"` in any case stops the service: its children are deleted, its spec stays.
  public var isStopped: Bool { annotations[ServingAnnotation.stop]?.lowercased() == "true" }
  public var isClusterLocal: Bool { labels[ServingLabel.visibility] == ServingLabel.clusterLocal }

  /// `"true"` keeps a service that is ready as it is when its runtime changes.
  public var isAutoUpdateDisabled: Bool { annotations[ServingAnnotation.disableAutoUpdate] == "true" }

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
