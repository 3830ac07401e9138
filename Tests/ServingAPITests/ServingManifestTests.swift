import Formats
import KubeProtocol
import ServingAPI
import Testing

@Suite struct ServingManifestTests {
  @Test func theThreeKindsHaveUpstreamsNames() throws {
    let names = ServingCRDs.all.map(\.name)
    #expect(
      names == [
        "inferenceservices.serving.kserve.io", "servingruntimes.serving.kserve.io",
        "clusterservingruntimes.serving.kserve.io",
      ])
    let service = ServingCRDs.inferenceService
    #expect(service.json.at("spec", "names", "shortNames") == ["isvc"])
    #expect(service.json.at("spec", "scope")?.string == "Namespaced")
    #expect(ServingCRDs.clusterServingRuntime.json.at("spec", "scope")?.string == "Cluster")
    let version = try #require(service.json.at("spec", "versions")?[0])
    #expect(version["subresources"] == ["status": [:]])
    #expect(ServingCRDs.servingRuntime.json.at("spec", "versions")?[0]?["subresources"] == nil)
    let columns = (version["additionalPrinterColumns"]?.array ?? []).compactMap { $0["name"]?.string }
    #expect(
      columns == ["URL", "Ready", "Prev", "Latest", "PrevRolledoutRevision", "LatestReadyRevision", "Age"])
  }

  @Test func schemasAreReadableAndReferToKnownTypesOnly() throws {
    for definition in ServingCRDs.all {
      let json = try #require(definition.json.at("spec", "versions")?[0]?.at("schema", "openAPIV3Schema"))
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

  @Test func theBuiltInRuntimesFitTheirSchemaAndDoNotClash() throws {
    let json = try #require(
      ServingCRDs.clusterServingRuntime.json.at("spec", "versions")?[0]?.at("schema", "openAPIV3Schema"))
    let validator = SchemaValidator(schema: try Schema(openAPIV3: json), catalog: BuiltinSchemas.catalog)
    for runtime in BuiltInRuntimes.all {
      #expect(validator.validate(runtime.json, at: "") == [], "\(runtime.name)")
      #expect(ServingRuntimeValidation.causes(runtime, others: BuiltInRuntimes.all) == [], "\(runtime.name)")
      #expect(ServingRuntime(runtime).serverType?.isEmpty == false)
    }
    #expect(BuiltInRuntimes.all.contains { $0.name == "kserve-sklearnserver" })
  }

  @Test func theSklearnRuntimeIsUpstreams() throws {
    let runtime = ServingRuntime(
      try #require(BuiltInRuntimes.all.first { $0.name == "kserve-sklearnserver" }))
    #expect(runtime.protocolVersions == ["v1", "v2"])
    #expect(runtime.modelFormats.map(\.description) == ["sklearn 1"])
    #expect(runtime.modelFormats.first?.isAutoSelected == true)
    #expect(runtime.containers.first?["image"]?.string == "kserve/sklearnserver:latest")
    #expect(
      runtime.containers.first?["args"] == [
        "--model_name={{.Name}}", "--model_dir=/mnt/models", "--http_port=8080",
      ])
    #expect(runtime.annotations["prometheus.kserve.io/port"] == "8080")
  }

  @Test func clashingPrioritiesAreRefused() throws {
    func runtime(_ name: String, _ formats: String) throws -> KubeObject {
      var object = KubeObject(.servingRuntimes, namespace: "team", name: name)
      object.spec = try JSONValue(
        parsing: #"{"protocolVersions":["v1"],"containers":[],"supportedModelFormats":\#(formats)}"#)
      return object
    }
    let first = try runtime("a", #"[{"name":"sklearn","version":"1","autoSelect":true,"priority":1}]"#)
    let second = try runtime("b", #"[{"name":"SKLearn","version":"1","autoSelect":true,"priority":1}]"#)
    #expect(
      ServingRuntimeValidation.causes(second, others: [first]).map(\.message) == [
        "same priority assigned for the model format SKLearn in the servingruntimes a and b in namespace team"
      ])
    let own = try runtime(
      "c",
      #"[{"name":"x","version":"1","autoSelect":true,"priority":1},{"name":"x","version":"2","autoSelect":true,"priority":2}]"#
    )
    #expect(
      ServingRuntimeValidation.causes(own, others: []).map(\.message) == [
        "different priorities assigned for the model format x under the servingruntime c"
      ])
  }
}
