internal import Formats
public import KubeProtocol

/// The CustomResourceDefinitions of the serving kinds, as they are installed.
///
/// Their schemas refer to core types by `$ref` (`#/definitions/io.k8s.api.core.v1.Container`): they are
/// meant for a server that has those definitions, as the embedded one has. `SelfContainedCRDs` are for
/// others.
public enum ServingCRDs {
  public static let all: [KubeObject] = [
    inferenceService, servingRuntime, clusterServingRuntime, trainedModel, inferenceGraph,
    clusterStorageContainer, localModelCache, localModelNamespaceCache, localModelNode, localModelNodeGroup,
    llmInferenceService, llmInferenceServiceConfig,
  ]

  typealias Column = (name: String, type: String, path: String, priority: Int64)

  /// One version of a kind.
  struct Version {
    var name: String
    var isStored = true
    var columns: [Column] = []
    var spec: JSONValue
    /// Nil for a kind whose status is no subresource.
    var status: JSONValue?
    /// Members beside `spec` and `status`.
    var further: [CoreSchemas.Property] = []
  }

  public static let inferenceService = make(
    .inferenceServices, shortNames: ["isvc"],
    [
      Version(
        name: "v1beta1",
        columns: [
          url, ready,
          ("Prev", "integer", ".status.components.predictor.traffic[?(@.tag=='prev')].percent", 0),
          ("Latest", "integer", ".status.components.predictor.traffic[?(@.latestRevision==true)].percent", 0),
          (
            "PrevRolledoutRevision", "string",
            ".status.components.predictor.traffic[?(@.tag=='prev')].revisionName", 0
          ),
          (
            "LatestReadyRevision", "string",
            ".status.components.predictor.traffic[?(@.latestRevision==true)].revisionName", 0
          ),
          age,
        ], spec: InferenceServiceSchema.spec, status: InferenceServiceStatusSchema.status)
    ])

  public static let servingRuntime = make(
    .servingRuntimes, [Version(name: "v1alpha1", columns: runtimeColumns, spec: ServingRuntimeSchema.spec)])

  public static let clusterServingRuntime = make(
    .clusterServingRuntimes,
    [Version(name: "v1alpha1", columns: runtimeColumns, spec: ServingRuntimeSchema.spec)])

  public static let trainedModel = make(
    .trainedModels, shortNames: ["tm"],
    [
      Version(
        name: "v1alpha1", columns: [url, ready, age], spec: SmallKindSchemas.trainedModelSpec,
        status: SmallKindSchemas.trainedModelStatus)
    ])

  public static let inferenceGraph = make(
    .inferenceGraphs, shortNames: ["ig"],
    [
      Version(
        name: "v1alpha1", columns: [url, ready, age], spec: SmallKindSchemas.inferenceGraphSpec,
        status: SmallKindSchemas.inferenceGraphStatus)
    ])

  public static let clusterStorageContainer = make(
    .clusterStorageContainers,
    [
      Version(
        name: "v1alpha1", spec: SmallKindSchemas.storageContainerSpec,
        further: [("disabled", JSONValue.flag.described("Not used for any model."))])
    ])

  public static let localModelCache = make(
    .localModelCaches,
    [
      Version(name: "v1alpha1", spec: LocalModelSchemas.cacheSpec, status: LocalModelSchemas.cacheStatus)
    ])

  public static let localModelNamespaceCache = make(
    .localModelNamespaceCaches,
    [
      Version(name: "v1alpha1", spec: LocalModelSchemas.cacheSpec, status: LocalModelSchemas.cacheStatus)
    ])

  public static let localModelNode = make(
    .localModelNodes,
    [Version(name: "v1alpha1", spec: LocalModelSchemas.nodeSpec, status: LocalModelSchemas.nodeStatus)])

  public static let localModelNodeGroup = make(
    .localModelNodeGroups,
    [
      Version(
        name: "v1alpha1", spec: LocalModelSchemas.nodeGroupSpec,
        further: [("status", LocalModelSchemas.nodeGroupStatus)])
    ])

  public static let llmInferenceService = make(
    .llmInferenceServices, shortNames: ["llmisvc"],
    [
      Version(
        name: "v1alpha1", isStored: false, columns: llmColumns, spec: LLMServiceSchemas.spec(.v1alpha1),
        status: LLMServiceStatusSchemas.service(.v1alpha1)),
      Version(
        name: "v1alpha2", columns: llmColumns, spec: LLMServiceSchemas.spec(.v1alpha2),
        status: LLMServiceStatusSchemas.service(.v1alpha2)),
    ])

  public static let llmInferenceServiceConfig = make(
    .llmInferenceServiceConfigs,
    [
      Version(
        name: "v1alpha1", isStored: false, columns: [ready, reason, age],
        spec: LLMServiceSchemas.spec(.v1alpha1), status: LLMServiceStatusSchemas.config(.v1alpha1)),
      Version(
        name: "v1alpha2", columns: [ready, reason, age], spec: LLMServiceSchemas.spec(.v1alpha2),
        status: LLMServiceStatusSchemas.config(.v1alpha2)),
    ])

  // MARK: columns

  private static let url: Column = ("URL", "string", ".status.url", 0)
  private static let ready: Column = (
    "Ready", "string", ".status.conditions[?(@.type=='Ready')].status", 0
  )
  private static let reason: Column = (
    "Reason", "string", ".status.conditions[?(@.type=='Ready')].reason", 0
  )
  private static let age: Column = ("Age", "date", ".metadata.creationTimestamp", 0)

  private static let runtimeColumns: [Column] = [
    ("Disabled", "boolean", ".spec.disabled", 0),
    ("ModelType", "string", ".spec.supportedModelFormats[*].name", 0),
    ("Containers", "string", ".spec.containers[*].name", 0), age,
  ]

  private static let llmColumns: [Column] = [
    url, ready, reason, age, ("URLs", "string", ".status.addresses[*].url", 1),
  ]

  // MARK: make

  private static func make(
    _ resource: KubeResource, shortNames: [String] = [], _ versions: [Version]
  ) -> KubeObject {
    var names: JSONValue = [
      "kind": .string(resource.kind), "listKind": .string("\(resource.kind)List"),
      "plural": .string(resource.plural), "singular": .string(resource.kind.lowercased()),
    ]
    if !shortNames.isEmpty { names["shortNames"] = .array(shortNames.map { .string($0) }) }
    var object = KubeObject(.customResourceDefinitions, name: resource.qualifiedName)
    object.spec = [
      "group": .string(resource.group), "names": names,
      "scope": .string(resource.isNamespaced ? "Namespaced" : "Cluster"),
      "versions": .array(versions.map(makeVersion)),
    ]
    return object
  }

  private static func makeVersion(_ version: Version) -> JSONValue {
    var properties: [CoreSchemas.Property] = [
      ("apiVersion", .text), ("kind", .text), ("metadata", ["type": "object"]), ("spec", version.spec),
    ]
    properties += version.further
    if !version.further.contains(where: { $0.name == "status" }) {
      properties.append(("status", version.status ?? ["type": "object"]))
    }
    var json: JSONValue = ["name": .string(version.name), "served": true, "storage": .bool(version.isStored)]
    if !version.columns.isEmpty {
      json["additionalPrinterColumns"] = .array(version.columns.map(makeColumn))
    }
    json["schema"] = ["openAPIV3Schema": .fields(properties)]
    if version.status != nil { json["subresources"] = ["status": [:]] }
    return json
  }

  private static func makeColumn(_ column: Column) -> JSONValue {
    var json: JSONValue = [
      "name": .string(column.name), "type": .string(column.type), "jsonPath": .string(column.path),
    ]
    if column.priority != 0 { json["priority"] = .int(column.priority) }
    return json
  }
}
