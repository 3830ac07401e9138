public import Formats

/// `workerSpec`: the further nodes of a model that is too large for one, in a predictor or in a runtime.
public struct WorkerSpec: Sendable, Hashable {
  public var json: JSONValue

  public init(json: JSONValue) { self.json = json }

  /// Stages that the layers are split into; each stage is a node (or more).
  public var pipelineParallelSize: Int64? { json["pipelineParallelSize"]?.int }
  /// Devices that each layer is split over.
  public var tensorParallelSize: Int64? { json["tensorParallelSize"]?.int }
  public var pod: PodSpecView { PodSpecView(json: json) }
  public var containers: [JSONValue] { pod.containers }
  public var podSpec: JSONValue { pod.podSpec }
  /// Of a runtime's workers.
  public var labels: [String: String] { StringMaps.read(json["labels"]) }
  public var annotations: [String: String] { StringMaps.read(json["annotations"]) }
}
