internal import Formats
public import KubeProtocol

/// `serving.kserve.io/v1alpha1 TrainedModel`: one of the models of a multi-model service.
public struct TrainedModel: Sendable, Hashable {
  public var object: KubeObject

  public init(_ object: KubeObject) { self.object = object }

  public var name: String { object.name }
  public var namespace: String { object.namespace }
  /// The service that serves it, in its own namespace.
  public var inferenceService: String { object.json.at("spec", "inferenceService")?.string ?? "" }
  public var storageURI: String { object.json.at("spec", "model", "storageUri")?.string ?? "" }
  public var framework: String { object.json.at("spec", "model", "framework")?.string ?? "" }
  /// What it needs of the predictor's memory.
  public var memory: Quantity? { object.json.at("spec", "model", "memory").flatMap(Quantity.init(json:)) }

  /// Its entry in the list that the predictor's loader reads.
  public var entry: ModelListEntry {
    ModelListEntry(
      name: name, storageURI: storageURI, framework: framework,
      memory: object.json.at("spec", "model", "memory").map { $0.string ?? $0.encodedText } ?? "")
  }
}
