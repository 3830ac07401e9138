import Telemetry
import Testing

struct TracingConfigurationTests {
  private func read(_ variables: [String: String]) -> TracingConfiguration? {
    TracingConfiguration(serviceName: "apus-server") { variables[$0] }
  }

  @Test func nothingIsSentUnlessAnEndpointIsNamed() {
    #expect(read([:]) == nil)
    #expect(read(["OTEL_SERVICE_NAME": "x"]) == nil)
    let endpoint = ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"]
    #expect(read(endpoint) != nil)
    #expect(read(endpoint.merging(["OTEL_SDK_DISABLED": "TRUE"]) { $1 }) == nil)
    #expect(read(endpoint.merging(["OTEL_TRACES_EXPORTER": "none"]) { $1 }) == nil)
  }

  @Test func theStandardVariablesAreRead() throws {
    let configuration = try #require(
      read([
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318/",
        "OTEL_EXPORTER_OTLP_HEADERS": "api-key=a%20b, x=1,broken,=none",
        "OTEL_RESOURCE_ATTRIBUTES": "service.name=a,zone=eu", "OTEL_SERVICE_NAME": "iris",
        "OTEL_BSP_MAX_QUEUE_SIZE": "10", "OTEL_BSP_SCHEDULE_DELAY": "250",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "nonsense", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_TRACES_SAMPLER": "unknown", "OTEL_PROPAGATORS": "b3",
      ]))
    #expect(configuration.endpoint == "http://collector:4318/v1/traces")
    #expect(configuration.headers.map(\.name) == ["api-key", "x"])
    #expect(configuration.headers.map(\.value) == ["a b", "1"])
    #expect(configuration.resource.contains(Span.Attribute("zone", .text("eu"))))
    #expect(configuration.resource.filter { $0.name == "service.name" }.map(\.value) == [.text("iris")])
    #expect(configuration.queueSize == 10)
    #expect(configuration.batchSize == 512)
    #expect(configuration.delay == .milliseconds(250))
    #expect(configuration.warnings.count == 2)
    #expect(!configuration.acceptsContext)
  }

  @Test func theSignalsOwnEndpointIsTakenAsItIs() {
    let configuration = read([
      "OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://b/x",
    ])
    #expect(configuration?.endpoint == "http://b/x")
    #expect(configuration?.resource.first == Span.Attribute("service.name", .text("apus-server")))
  }
}
