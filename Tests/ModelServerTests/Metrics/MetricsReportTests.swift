import InferenceProtocol
import ModelRuntime
import Testing

@testable import ModelServer

struct MetricsReportTests {
  private func repository() throws -> ModelRepository {
    var settings = ModelSettings()
    settings.batching = BatchSettings()
    let repository = ModelRepository(metricShards: 2, settings: settings) { _ throws(ModelLoadError) in
      FakeModel()
    }
    try repository.load("iris")
    return repository
  }

  private func report(
    _ repository: ModelRepository, _ metrics: ServerMetrics = ServerMetrics(loops: 1), accept: String? = nil
  ) -> MetricsReport {
    MetricsReport(
      metrics, models: repository.entries(), queueLength: 3, accept: accept, repository: repository)
  }

  @Test(
    "the scraper chooses the format",
    arguments: [
      (nil, false), ("", false), ("*/*", false), ("text/plain", false),
      ("application/openmetrics-text; version=1.0.0", true),
      ("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1", true),
      ("application/openmetrics-text;q=0.2,text/plain;q=0.8", false), ("nonsense;;,=", false),
    ] as [(String?, Bool)])
  func formats(accept: String?, isOpenMetrics: Bool) {
    #expect((PrometheusText.Format(accept: accept) == .openMetrics) == isOpenMetrics)
  }

  @Test func openMetricsNamesCountersWithoutTheirEndingAndEnds() throws {
    let report = try report(repository(), accept: "application/openmetrics-text")
    #expect(report.contentType == "application/openmetrics-text; version=1.0.0; charset=utf-8")
    #expect(report.string.contains("# TYPE apus_model_predictions counter\n"))
    #expect(report.string.contains("apus_model_predictions_total{model_name=\"iris\"} 0\n"))
    #expect(report.string.hasSuffix("# EOF\n"))
    #expect(try !self.report(repository()).string.contains("# EOF"))
  }

  @Test func everythingThatIsCountedIsShown() throws {
    let repository = try repository()
    let metrics = ServerMetrics(loops: 1)
    let model = try #require(repository.entry("iris")).metrics
    model.shard(0).predict.observe(nanoseconds: 6_000_000)
    model.shard(1).predict.observe(nanoseconds: 1000)
    model.shard(1).queue.observe(nanoseconds: 20_000_000_000)
    model.shard(1).batch.observe(3)
    model.shard(0).count(.overloaded)
    metrics.shard(0).countAnswer(200)
    metrics.shard(1).countAnswer(418)
    metrics.shard(0).countCall(0)
    metrics.shard(0).countCall(99)
    let text = report(repository, metrics).string
    for line in [
      "request_predict_seconds_bucket{model_name=\"iris\",le=\"0.005\"} 1",
      "request_predict_seconds_bucket{model_name=\"iris\",le=\"0.01\"} 2",
      "request_predict_seconds_sum{model_name=\"iris\"} 0.006001",
      "apus_model_queue_seconds_bucket{model_name=\"iris\",le=\"10.0\"} 0",
      "apus_model_queue_seconds_bucket{model_name=\"iris\",le=\"+Inf\"} 1",
      "apus_model_batch_rows_bucket{model_name=\"iris\",le=\"4.0\"} 1",
      "apus_model_batch_rows_sum{model_name=\"iris\"} 3.0",
      "apus_model_predictions_total{model_name=\"iris\"} 2",
      "apus_model_failures_total{model_name=\"iris\",reason=\"overloaded\"} 1",
      "apus_server_requests_total{code=\"200\"} 1", "apus_server_requests_total{code=\"other\"} 1",
      "apus_server_grpc_calls_total{code=\"OK\"} 1", "apus_server_grpc_calls_total{code=\"UNKNOWN\"} 1",
      "apus_server_queue_length 3", "apus_model_memory_bytes{model_name=\"iris\"} 4096",
      "apus_repository_memory_bytes 4096", "apus_repository_evictions_total 0",
    ] {
      #expect(text.contains("\(line)\n"), "\(line)")
    }
  }

  @Test func namesAreEscaped() {
    var text = PrometheusText()
    text.sample("a", [("l", "\"\\\n")], "1")
    #expect(text.text == "a{l=\"\\\"\\\\\\n\"} 1\n")
  }
}
