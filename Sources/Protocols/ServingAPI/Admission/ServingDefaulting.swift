internal import Formats
public import KubeProtocol

/// What admission fills in on the serving kinds before they are stored; pure and idempotent.
public enum ServingDefaulting {
  /// - Parameter caches: every LocalModelCache and LocalModelNamespaceCache there is; nil where they are not
  ///   known: then what is said about them stays.
  public static func apply(
    to object: KubeObject, configuration: InferenceServiceConfig, caches: [LocalModelCache]? = nil
  ) -> KubeObject {
    guard object.groupVersionKind.group == KubeResource.inferenceServices.group else { return object }
    let result: KubeObject
    let uri: String?
    switch object.kind {
    case KubeResource.inferenceServices.kind:
      result = InferenceServiceDefaults.apply(to: object, configuration: configuration)
      uri = InferenceService(result).predictor.storageURI
    case KubeResource.llmInferenceServices.kind:
      result = defaultLLMService(object)
      uri = result.json.at("spec", "model", "uri")?.string
    default: return object
    }
    guard let caches else { return result }
    return defaultLocalModel(result, uri: uri, configuration: configuration, caches: caches)
  }

  /// The model's name, and the label that groups share.
  private static func defaultLLMService(_ object: KubeObject) -> KubeObject {
    var result = object
    if let model = object.json.at("spec", "model"), model.object != nil, model.nonEmptyText("name") == nil,
      !object.name.isEmpty
    {
      result.json.set(.string(object.name), at: "spec", "model", "name")
    }
    var labels = result.labels
    labels[ServingLabel.routingGroup] =
      object.json.at("spec", "router", "route")?.nonEmptyText("group")
    if labels != result.labels { result.labels = labels }
    return result
  }
}
