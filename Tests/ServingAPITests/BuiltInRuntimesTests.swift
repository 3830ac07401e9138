import Formats
import KubeProtocol
import ServingAPI
import Testing

@Suite struct BuiltInRuntimesTests {
  @Test func theyFitTheirSchemaAndDoNotClash() throws {
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
}
