import Formats
import KubeProtocol
import ServingAPI
import Testing

/// What upstream's CustomResourceDefinitions say, a row per kind.
private let upstreamKinds: [(kind: String, scope: String, short: [String], versions: [String])] = [
  ("InferenceService", "Namespaced", ["isvc"], ["v1beta1"]),
  ("ServingRuntime", "Namespaced", [], ["v1alpha1"]),
  ("ClusterServingRuntime", "Cluster", [], ["v1alpha1"]),
  ("TrainedModel", "Namespaced", ["tm"], ["v1alpha1"]),
  ("InferenceGraph", "Namespaced", ["ig"], ["v1alpha1"]),
  ("ClusterStorageContainer", "Cluster", [], ["v1alpha1"]),
  ("LocalModelCache", "Cluster", [], ["v1alpha1"]),
  ("LocalModelNamespaceCache", "Namespaced", [], ["v1alpha1"]),
  ("LocalModelNode", "Cluster", [], ["v1alpha1"]),
  ("LocalModelNodeGroup", "Cluster", [], ["v1alpha1"]),
  ("LLMInferenceService", "Namespaced", ["llmisvc"], ["v1alpha1", "v1alpha2"]),
  ("LLMInferenceServiceConfig", "Namespaced", [], ["v1alpha1", "v1alpha2"]),
]

private let upstreamColumns: [String: [String]] = [
  "InferenceService": [
    "URL", "Ready", "Prev", "Latest", "PrevRolledoutRevision", "LatestReadyRevision", "Age",
  ],
  "ServingRuntime": ["Disabled", "ModelType", "Containers", "Age"],
  "ClusterServingRuntime": ["Disabled", "ModelType", "Containers", "Age"],
  "TrainedModel": ["URL", "Ready", "Age"], "InferenceGraph": ["URL", "Ready", "Age"],
  "LLMInferenceService": ["URL", "Ready", "Reason", "Age", "URLs"],
  "LLMInferenceServiceConfig": ["Ready", "Reason", "Age"],
]

private let kindsWithoutStatus: Set<String> = [
  "ServingRuntime", "ClusterServingRuntime", "ClusterStorageContainer", "LocalModelNodeGroup",
]

@Suite struct ServingManifestTests {
  @Test func everyKindHasUpstreamsNamesColumnsAndSubresources() throws {
    #expect(ServingCRDs.all.count == upstreamKinds.count)
    for row in upstreamKinds {
      let plural = row.kind.lowercased() + "s"
      let definition = try #require(
        ServingCRDs.all.first { $0.name == "\(plural).serving.kserve.io" }, "\(row.kind)")
      let names = definition.json.at("spec", "names")
      #expect(names?["kind"]?.string == row.kind)
      #expect(names?["listKind"]?.string == "\(row.kind)List")
      #expect(names?["singular"]?.string == row.kind.lowercased())
      #expect((names?["shortNames"]?.array ?? []).compactMap(\.string) == row.short, "\(row.kind)")
      #expect(definition.json.at("spec", "scope")?.string == row.scope, "\(row.kind)")
      let versions = definition.json.at("spec", "versions")?.array ?? []
      #expect(versions.compactMap { $0["name"]?.string } == row.versions, "\(row.kind)")
      #expect(versions.map { $0["storage"]?.bool } == row.versions.map { $0 == row.versions.last })
      for version in versions {
        let columns = (version["additionalPrinterColumns"]?.array ?? []).compactMap { $0["name"]?.string }
        #expect(columns == upstreamColumns[row.kind] ?? [], "\(row.kind)")
        #expect(
          (version["subresources"] == ["status": [:]]) == !kindsWithoutStatus.contains(row.kind),
          "\(row.kind)")
      }
    }
  }

  @Test(arguments: ServingCRDs.all.indices)
  func schemasAreReadableAndReferToKnownTypesOnly(_ index: Int) throws {
    let definition = ServingCRDs.all[index]
    for version in definition.json.at("spec", "versions")?.array ?? [] {
      let json = try #require(version.at("schema", "openAPIV3Schema"))
      let schema = try Schema(openAPIV3: json)
      var unknown: Set<String> = []
      func visit(_ schema: Schema) {
        if let reference = schema.parts.reference, BuiltinSchemas.catalog.definitions[reference] == nil {
          unknown.insert(reference)
        }
        for property in schema.parts.properties { visit(property.schema) }
        if let items = schema.parts.items { visit(items) }
        if let values = schema.parts.additionalProperties { visit(values) }
      }
      visit(schema)
      #expect(unknown == [], "in \(definition.name)")
    }
  }

  /// `kubectl apply` keeps a copy of what it applied in an annotation, all of which together have a bound.
  @Test(arguments: SelfContainedCRDs.all.indices)
  func definitionsForAnyClusterAreStructuralAndSmallEnoughToApply(_ index: Int) throws {
    let definition = SelfContainedCRDs.all[index]
    let bytes = definition.json.encodedText.utf8.count
    #expect(bytes < SelfContainedCRDs.annotationBytes - 32_768, "\(definition.name): \(bytes)")
    for version in definition.json.at("spec", "versions")?.array ?? [] {
      let json = try #require(version.at("schema", "openAPIV3Schema"))
      _ = try Schema.structural(openAPIV3: json)
      #expect(!json.encodedText.contains("$ref"))
      #expect(!json.encodedText.contains("x-kubernetes-patch-"))
    }
  }

  @Test func definitionsForAnyClusterStillValidateAndKnowTheirFields() throws {
    let definition = try #require(
      SelfContainedCRDs.all.first { $0.name == "inferenceservices.serving.kserve.io" })
    let json = try #require(definition.json.at("spec", "versions")?[0]?.at("schema", "openAPIV3Schema"))
    let schema = try Schema.structural(openAPIV3: json)
    func unknown(_ spec: String) throws -> [String] {
      var object = try makeService(spec).json
      return SchemaPruner(schema: schema, catalog: SchemaCatalog()).prune(&object)
    }
    func invalid(_ spec: String) throws -> [String] {
      SchemaValidator(schema: schema, catalog: SchemaCatalog()).validate(try makeService(spec).json, at: "")
        .map(\.field)
    }
    for (spec, field) in [
      (#"{"predictor":{"sklearn":{"storageUrl":"x"}}}"#, "spec.predictor.sklearn.storageUrl"),
      (#"{"predictor":{"model":{"env":[{"nam":"x"}]}}}"#, "spec.predictor.model.env[0].nam"),
      (#"{"predictor":{"minReplica":1}}"#, "spec.predictor.minReplica"),
      (
        #"{"predictor":{"containers":[{"readinessProbe":{"httpGe":{}}}]}}"#,
        "spec.predictor.containers[0].readinessProbe.httpGe"
      ),
      (
        #"{"predictor":{},"transformer":{"containers":[{"resources":{"limit":{}}}]}}"#,
        "spec.transformer.containers[0].resources.limit"
      ),
      (#"{"predictor":{},"canary":[{"predictor":{"sklear":{}}}]}"#, "spec.canary[0].predictor.sklear"),
      (#"{"predictor":{},"explainer":{"arts":{}}}"#, "spec.explainer.arts"),
    ] {
      #expect(try unknown(spec) == [field])
    }
    for (spec, field) in [
      (#"{"predictor":{"minReplicas":"1"}}"#, "spec.predictor.minReplicas"),
      (#"{"predictor":{"scaleMetric":"load"}}"#, "spec.predictor.scaleMetric"),
      (
        #"{"predictor":{"storageUris":[{"uri":"gs://a","mountPath":"x"}]}}"#,
        "spec.predictor.storageUris[0].mountPath"
      ),
      (#"{"predictor":{"sklearn":{"args":"x"}}}"#, "spec.predictor.sklearn.args"),
      (#"{"transformer":{}}"#, "spec.predictor"),
    ] {
      #expect(try invalid(spec) == [field])
    }
  }
}
