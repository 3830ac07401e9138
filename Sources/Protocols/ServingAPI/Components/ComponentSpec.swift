public import Formats

/// What predictor, transformer and explainer have in common: a pod spec and how many of it. A view of the
/// JSON, so that nothing a user wrote is lost.
public struct ComponentSpec: Sendable, Hashable {
  public var json: JSONValue

  public init(json: JSONValue) { self.json = json }

  // MARK: scale

  /// 1 where it is not set; 0 lets the component go to sleep.
  public var minReplicas: Int64? { json["minReplicas"]?.int }
  /// 0 or nothing: no bound of its own.
  public var maxReplicas: Int64? { json["maxReplicas"]?.int }
  public var scaleTarget: Int64? { json["scaleTarget"]?.int }
  public var scaleMetric: ScaleMetric? { json["scaleMetric"]?.string.flatMap(ScaleMetric.init(rawValue:)) }
  public var scaleMetricType: MetricTargetType? {
    json["scaleMetricType"]?.string.flatMap(MetricTargetType.init(rawValue:))
  }
  public var autoScaling: AutoScalingSpec? { json.member("autoScaling").map(AutoScalingSpec.init(json:)) }
  /// Most requests that one pod is given at a time; 0 or nothing: no bound.
  public var containerConcurrency: Int64? { json["containerConcurrency"]?.int }

  // MARK: traffic

  /// Seconds that a request may take.
  public var timeoutSeconds: Int64? { json["timeout"]?.int }
  /// The latest revision's share of the traffic; the rest goes to the one that was rolled out before.
  public var canaryTrafficPercent: Int64? { json["canaryTrafficPercent"]?.int }
  public var logger: LoggerSpec? { json.member("logger").map(LoggerSpec.init(json:)) }
  public var batcher: BatcherSpec? { json.member("batcher").map(BatcherSpec.init(json:)) }

  // MARK: pods

  public var labels: [String: String] { StringMaps.read(json["labels"]) }
  public var annotations: [String: String] { StringMaps.read(json["annotations"]) }
  /// `apps/v1 DeploymentStrategy`, as it was written.
  public var deploymentStrategy: JSONValue? { json.member("deploymentStrategy") }
  public var pod: PodSpecView { PodSpecView(json: json) }
  public var containers: [JSONValue] { pod.containers }
  public var initContainers: [JSONValue] { pod.initContainers }
  /// Several models for one component, each with its own place.
  public var storageURIs: [MountedURI] { (json["storageUris"]?.array ?? []).map(MountedURI.init(json:)) }
  /// The ClusterStorageContainer that fetches `storageUris`, by name.
  public var storageContainerName: String? { json.nonEmptyText("storageContainerName") }

  /// The members that belong to a core/v1 PodSpec, in the order they were written.
  public var podSpec: JSONValue { pod.podSpec }

  /// `storageUris[]`.
  public struct MountedURI: Sendable, Hashable {
    public var uri: String
    public var mountPath: String

    public init(json: JSONValue) {
      uri = json["uri"]?.string ?? ""
      mountPath = json.nonEmptyText("mountPath") ?? ServingPod.modelPath
    }
  }
}

/// `scaleMetric`: what the scale of a component follows.
public enum ScaleMetric: String, Sendable, Hashable, CaseIterable {
  case cpu
  case memory
  /// Requests at the same time, per pod.
  case concurrency
  /// Requests per second, per pod.
  case rps
}

/// How a metric's target is to be read, as in `autoscaling/v2`.
public enum MetricTargetType: String, Sendable, Hashable, CaseIterable {
  case utilization = "Utilization"
  case value = "Value"
  case averageValue = "AverageValue"
}

/// JSON objects of strings as Swift maps.
enum StringMaps {
  static func read(_ value: JSONValue?) -> [String: String] {
    var map: [String: String] = [:]
    for member in value?.object?.members ?? [] { map[member.key] = member.value.string }
    return map
  }
}

extension JSONValue {
  /// A member that is an object; a null or a value of another type reads as missing.
  func member(_ name: String) -> JSONValue? {
    guard let value = self[name], value.object != nil else { return nil }
    return value
  }

  /// A text member; the empty text reads as missing.
  func nonEmptyText(_ name: String) -> String? { self[name]?.string.flatMap { $0.isEmpty ? nil : $0 } }

  func texts(_ name: String) -> [String] { (self[name]?.array ?? []).compactMap(\.string) }

  /// The members of an object that are named in `fields`, in the order they were written.
  func picking(_ fields: Set<String>) -> JSONValue {
    .object(JSONObject((object?.members ?? []).filter { fields.contains($0.key) }.map { ($0.key, $0.value) }))
  }
}
