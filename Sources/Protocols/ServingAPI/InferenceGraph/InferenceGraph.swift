public import Formats
public import KubeProtocol

/// `serving.kserve.io/v1alpha1 InferenceGraph`: services that answer together.
public struct InferenceGraph: Sendable, Hashable {
  /// The node where a request enters.
  public static let rootName = "root"

  public var object: KubeObject

  public init(_ object: KubeObject) { self.object = object }

  public var name: String { object.name }
  public var namespace: String { object.namespace }
  public var spec: JSONValue { object.spec ?? [:] }
  /// In the order in which they were written.
  public var nodes: [GraphNode] {
    (spec["nodes"]?.object?.members ?? []).map { GraphNode(name: $0.key, json: $0.value) }
  }
  public var minReplicas: Int64? { spec["minReplicas"]?.int }
  public var maxReplicas: Int64? { spec["maxReplicas"]?.int }
  public var scaleTarget: Int64? { spec["scaleTarget"]?.int }
  public var scaleMetric: ScaleMetric? { spec["scaleMetric"]?.string.flatMap(ScaleMetric.init(rawValue:)) }
  public var timeoutSeconds: Int64? { spec["timeout"]?.int }
  public var resources: JSONValue? { spec.member("resources") }
  public var affinity: JSONValue? { spec.member("affinity") }
  public var tolerations: [JSONValue] { spec["tolerations"]?.array ?? [] }
  public var nodeSelector: [String: String] { StringMaps.read(spec["nodeSelector"]) }
  public var nodeName: String? { spec.nonEmptyText("nodeName") }
  public var serviceAccountName: String? { spec.nonEmptyText("serviceAccountName") }
  /// `routerTimeouts`, in seconds.
  public var serverReadTimeout: Int64? { spec.at("routerTimeouts", "serverRead")?.int }
  public var serverWriteTimeout: Int64? { spec.at("routerTimeouts", "serverWrite")?.int }
  public var serverIdleTimeout: Int64? { spec.at("routerTimeouts", "serverIdle")?.int }
  public var serviceClientTimeout: Int64? { spec.at("routerTimeouts", "serviceClient")?.int }
  public var isStopped: Bool { object.annotations[ServingAnnotation.stop]?.lowercased() == "true" }
}

/// One node of a graph.
public struct GraphNode: Sendable, Hashable {
  /// How a node's steps are used.
  public enum RouterType: String, Sendable, Hashable, CaseIterable {
    case sequence = "Sequence"
    case splitter = "Splitter"
    case ensemble = "Ensemble"
    case `switch` = "Switch"
  }

  public var name: String
  public var json: JSONValue

  public init(name: String, json: JSONValue) {
    self.name = name
    self.json = json
  }

  public var routerType: RouterType? { json["routerType"]?.string.flatMap(RouterType.init(rawValue:)) }
  public var steps: [GraphStep] { (json["steps"]?.array ?? []).map(GraphStep.init(json:)) }
}

/// One step of a node.
public struct GraphStep: Sendable, Hashable {
  public var json: JSONValue

  public init(json: JSONValue) { self.json = json }

  public var name: String? { json.nonEmptyText("name") }
  public var nodeName: String? { json.nonEmptyText("nodeName") }
  public var serviceName: String? { json.nonEmptyText("serviceName") }
  public var serviceURL: String? { json.nonEmptyText("serviceUrl") }
  /// `$request` or `$response`.
  public var data: String? { json.nonEmptyText("data") }
  public var mapsPredictionsToInstances: Bool { json["mapPredictionsToInstances"]?.bool ?? false }
  public var weight: Int64? { json["weight"]?.int }
  /// A GJSON path.
  public var condition: String? { json.nonEmptyText("condition") }
  /// Its failure ends the graph's answer.
  public var isHardDependency: Bool { json["dependency"]?.string == "Hard" }
}
