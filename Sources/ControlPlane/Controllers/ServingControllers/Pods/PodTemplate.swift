internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// The pods of a component, as a Deployment's template has them: what a revision is a revision of.
struct PodTemplate: Sendable, Hashable {
  var labels: [String: String]
  var annotations: [String: String]
  var spec: JSONValue

  init(labels: [String: String], annotations: [String: String], spec: JSONValue) {
    self.labels = labels
    self.annotations = annotations
    self.spec = spec
  }

  /// From what `json` gave; nil for other JSON.
  init?(json: JSONValue?) {
    guard let json, let spec = json["spec"], spec["containers"]?.array != nil else { return nil }
    self.spec = spec
    labels = KubeObject.stringMap(json.at("metadata", "labels"))
    annotations = KubeObject.stringMap(json.at("metadata", "annotations"))
  }

  /// `core/v1 PodTemplateSpec`.
  var json: JSONValue {
    var metadata: JSONValue = [:]
    metadata["labels"] = KubeObject.stringMapJSON(labels)
    metadata["annotations"] = KubeObject.stringMapJSON(annotations)
    return ["metadata": metadata, "spec": spec]
  }

  /// The container that takes requests: a transformer in the same pod comes before the model.
  var servingContainer: JSONValue { Self.servingContainer(of: spec) }

  static func servingContainer(of pod: JSONValue) -> JSONValue {
    let containers = pod["containers"]?.array ?? []
    func named(_ name: String) -> JSONValue? { containers.first { $0["name"]?.string == name } }
    return named(ServingPod.transformerContainer) ?? named(ServingPod.modelContainer) ?? containers.first
      ?? [:]
  }

  /// The port that Service port 80 leads to.
  var servingPort: Int64 { servingContainer.firstPort }
}
