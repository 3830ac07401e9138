public import Formats
public import KubeProtocol

/// `serving.kserve.io/v1alpha1 ServingRuntime` and `ClusterServingRuntime`: how to serve models of some
/// formats.
public struct ServingRuntime: Sendable, Hashable {
  public var object: KubeObject

  public init(_ object: KubeObject) { self.object = object }

  public var name: String { object.name }
  public var isClusterWide: Bool { object.kind == KubeResource.clusterServingRuntimes.kind }
  public var spec: JSONValue { object.spec ?? [:] }
  public var isDisabled: Bool { spec["disabled"]?.bool ?? false }
  public var isMultiModel: Bool { spec["multiModel"]?.bool ?? false }
  public var protocolVersions: [String] { spec["protocolVersions"]?.array?.compactMap(\.string) ?? [] }
  public var modelFormats: [ModelFormat] {
    (spec["supportedModelFormats"]?.array ?? []).map(ModelFormat.init(json:))
  }
  public var containers: [JSONValue] { spec["containers"]?.array ?? [] }
  public var workerSpec: WorkerSpec? { spec.member("workerSpec").map(WorkerSpec.init(json:)) }
  public var hasWorkers: Bool { workerSpec != nil }
  public var pod: PodSpecView { PodSpecView(json: spec) }
  public var labels: [String: String] { StringMaps.read(spec["labels"]) }
  public var annotations: [String: String] { StringMaps.read(spec["annotations"]) }

  /// What server it is, which decides server-specific defaults.
  public var serverType: String? {
    object.annotations[ServingAnnotation.serverType] ?? Self.serverTypesByName[name]
  }

  private static let serverTypesByName: [String: String] = [
    "kserve-mlserver": "mlserver", "kserve-torchserve": "torchserve", "kserve-tritonserver": "tritonserver",
    "kserve-tensorflow-serving": "tensorflow-serving", "kserve-huggingfaceserver": "huggingfaceserver",
    "kserve-vllmserver": "vllmserver",
  ]

  /// One entry of `supportedModelFormats`.
  public struct ModelFormat: Sendable, Hashable, CustomStringConvertible {
    public var name: String
    public var version: String?
    public var isAutoSelected: Bool
    public var priority: Int64?

    public init(json: JSONValue) {
      name = json["name"]?.string ?? ""
      version = json["version"]?.string.flatMap { $0.isEmpty ? nil : $0 }
      isAutoSelected = json["autoSelect"]?.bool ?? false
      priority = json["priority"]?.int
    }

    public var description: String { version.map { "\(name) \($0)" } ?? name }
  }
}
