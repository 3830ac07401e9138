internal import Formats
public import KubeProtocol

/// The CustomResourceDefinitions of the serving kinds, as they are installed.
///
/// Their schemas refer to core types by `$ref` (`#/definitions/io.k8s.api.core.v1.Container`): they are
/// meant for a server that has those definitions, as the embedded one has.
public enum ServingCRDs {
  public static let all: [KubeObject] = [inferenceService, servingRuntime, clusterServingRuntime]

  public static let inferenceService = make(
    .inferenceServices, shortNames: ["isvc"],
    columns: [
      ("URL", "string", ".status.url"),
      ("Ready", "string", ".status.conditions[?(@.type=='Ready')].status"),
      ("Prev", "integer", ".status.components.predictor.traffic[?(@.tag=='prev')].percent"),
      ("Latest", "integer", ".status.components.predictor.traffic[?(@.latestRevision==true)].percent"),
      (
        "PrevRolledoutRevision", "string",
        ".status.components.predictor.traffic[?(@.tag=='prev')].revisionName"
      ),
      (
        "LatestReadyRevision", "string",
        ".status.components.predictor.traffic[?(@.latestRevision==true)].revisionName"
      ),
      ("Age", "date", ".metadata.creationTimestamp"),
    ],
    spec: InferenceServiceSchema.spec,
    status: ["type": "object", "x-kubernetes-preserve-unknown-fields": true])

  public static let servingRuntime = make(
    .servingRuntimes, shortNames: [], columns: runtimeColumns, spec: ServingRuntimeSchema.spec, status: nil)

  public static let clusterServingRuntime = make(
    .clusterServingRuntimes, shortNames: [], columns: runtimeColumns, spec: ServingRuntimeSchema.spec,
    status: nil)

  private static let runtimeColumns: [(name: String, type: String, path: String)] = [
    ("Disabled", "boolean", ".spec.disabled"),
    ("ModelType", "string", ".spec.supportedModelFormats[*].name"),
    ("Containers", "string", ".spec.containers[*].name"),
    ("Age", "date", ".metadata.creationTimestamp"),
  ]

  /// - Parameter status: the schema of a status that is its own subresource; nil for kinds without one.
  private static func make(
    _ resource: KubeResource, shortNames: [String], columns: [(name: String, type: String, path: String)],
    spec: JSONValue, status: JSONValue?
  ) -> KubeObject {
    let properties: [CoreSchemas.Property] = [
      ("apiVersion", .text), ("kind", .text), ("metadata", ["type": "object"]), ("spec", spec),
      ("status", status ?? ["type": "object"]),
    ]
    var version: JSONValue = [
      "name": .string(resource.version), "served": true, "storage": true,
      "additionalPrinterColumns": .array(
        columns.map { ["name": .string($0.name), "type": .string($0.type), "jsonPath": .string($0.path)] }),
      "schema": ["openAPIV3Schema": .fields(properties)],
    ]
    if status != nil { version["subresources"] = ["status": [:]] }
    var names: JSONValue = [
      "kind": .string(resource.kind), "listKind": .string("\(resource.kind)List"),
      "plural": .string(resource.plural), "singular": .string(resource.kind.lowercased()),
    ]
    if !shortNames.isEmpty { names["shortNames"] = .array(shortNames.map { .string($0) }) }
    var object = KubeObject(.customResourceDefinitions, name: resource.qualifiedName)
    object.spec = [
      "group": .string(resource.group), "names": names,
      "scope": .string(resource.isNamespaced ? "Namespaced" : "Cluster"), "versions": [version],
    ]
    return object
  }
}
