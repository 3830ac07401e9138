internal import Formats
public import KubeProtocol

/// What admission fills in on the serving kinds before they are stored; pure and idempotent.
public enum ServingDefaulting {
  public static func apply(to object: KubeObject, configuration: InferenceServiceConfig) -> KubeObject {
    guard object.groupVersionKind.group == KubeResource.inferenceServices.group else { return object }
    switch object.kind {
    case KubeResource.inferenceServices.kind:
      return InferenceServiceDefaults.apply(to: object, configuration: configuration)
    case KubeResource.llmInferenceServices.kind: return defaultLLMService(object)
    default: return object
    }
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
