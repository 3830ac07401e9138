internal import Basics
internal import Linux
internal import ModelRuntime

/// Everything that is counted, in the text form that a scraper asked for. With thousands of models that is
/// work for a worker.
struct MetricsReport {
  /// Beyond so many models those that were never asked have no histograms, and the text is long.
  static let listedModels = 100

  var contentType: String { text.format.contentType }
  private var text: PrometheusText
  private let models: [ModelEntry]

  /// - Parameter accept: the scraper's Accept header.
  init(
    _ metrics: ServerMetrics, models: [ModelEntry], queueLength: Int, accept: String? = nil,
    repository: ModelRepository? = nil, scheduler: InferenceScheduler? = nil
  ) {
    text = PrometheusText(PrometheusText.Format(accept: accept))
    self.models = models
    writeTimes()
    writeRequests(metrics, queueLength)
    writeCalls()
    writeBatches()
    writeModels()
    if let repository { writeRepository(repository) }
    if let scheduler { writeCache(scheduler) }
    writeProcess(metrics)
  }

  var body: Bytes { Bytes(text.finished().utf8) }
  var string: String { text.finished() }

  // MARK: parts

  private static let timeBounds: [String] = Histogram.bounds.map { "\($0)" }
  private static let sizeBounds: [String] = SizeHistogram.bounds.map { "\($0).0" }

  private func labels(_ model: ModelEntry, _ more: [(String, String)] = []) -> String {
    var labels = [("model_name", model.name)]
    if let version = model.version { labels.append(("model_version", version)) }
    return PrometheusText.rendered(labels + more)
  }

  private mutating func writeTimes() {
    let histograms: [(name: String, help: String, pick: @Sendable (ModelMetrics.Shard) -> Histogram)] = [
      ("request_preprocess_seconds", "pre-process request latency", { $0.preprocess }),
      ("request_postprocess_seconds", "post-process request latency", { $0.postprocess }),
      ("request_predict_seconds", "predict request latency", { $0.predict }),
      ("request_explain_seconds", "explain request latency", { $0.explain }),
      ("apus_model_queue_seconds", "time that requests waited for a worker", { $0.queue }),
    ]
    for (name, help, pick) in histograms {
      text.family(name, help, "histogram")
      for model in models {
        let merged = model.metrics.merged(pick)
        if models.count > Self.listedModels, !merged.buckets.contains(where: { $0 > 0 }) { continue }
        text.histogram(
          name, rendered: labels(model), merged.buckets, bounds: Self.timeBounds,
          sum: "\(Double(merged.nanoseconds) / 1e9)")
      }
    }
  }

  private mutating func writeRequests(_ metrics: ServerMetrics, _ queueLength: Int) {
    text.family("apus_server_requests_total", "answers by status code", "counter")
    for (index, status) in (ServerMetrics.statuses.map(String.init) + ["other"]).enumerated() {
      let count = metrics.total { $0.answers[index].value }
      if count > 0 { text.sample("apus_server_requests_total", [("code", status)], String(count)) }
    }
    text.family("apus_server_grpc_calls_total", "gRPC calls by status code", "counter")
    for (index, code) in ServerMetrics.callCodes.enumerated() {
      let count = metrics.total { $0.calls[index].value }
      if count > 0 { text.sample("apus_server_grpc_calls_total", [("code", code)], String(count)) }
    }
    let (started, finished) = (metrics.startedCount, metrics.finishedCount)
    text.gauge(
      "apus_server_requests_in_flight", "requests not answered yet", String(started &- min(started, finished))
    )
    text.gauge("apus_server_queue_length", "predictions that wait for a worker thread", String(queueLength))
  }

  private mutating func writeCalls() {
    text.family("apus_model_predictions_total", "requests answered by the model", "counter")
    for model in models {
      text.sample(
        "apus_model_predictions_total", rendered: labels(model), String(model.metrics.predictions))
    }
    text.family("apus_model_failures_total", "requests that got no outputs, by reason", "counter")
    for model in models {
      for failure in ModelMetrics.Failure.allCases {
        let count = model.metrics.total { $0.failures(failure) }
        if count == 0 { continue }
        text.sample(
          "apus_model_failures_total", rendered: labels(model, [("reason", failure.label)]), String(count))
      }
    }
    text.family("apus_model_pending", "requests that wait for a worker or are with one", "gauge")
    for model in models {
      let count = model.lane.pendingCount
      if models.count > Self.listedModels, count == 0 { continue }
      text.sample("apus_model_pending", rendered: labels(model), String(count))
    }
  }

  private mutating func writeBatches() {
    text.family("apus_model_batch_rows", "rows that were computed together", "histogram")
    for model in models where model.settings.batching != nil {
      let merged = model.metrics.mergedBatches()
      text.histogram(
        "apus_model_batch_rows", rendered: labels(model), merged.buckets, bounds: Self.sizeBounds,
        sum: "\(merged.sum).0")
    }
  }

  private mutating func writeModels() {
    text.family("apus_model_load_seconds", "time that loading the model took", "gauge")
    for model in models {
      if let seconds = model.loadSeconds {
        text.sample("apus_model_load_seconds", rendered: labels(model), "\(seconds)")
      }
    }
    text.family("apus_model_memory_bytes", "memory that unloading the model would give back", "gauge")
    for model in models {
      if let bytes = model.loaded?.memoryBytes {
        text.sample("apus_model_memory_bytes", rendered: labels(model), String(bytes))
      }
    }
    text.family("apus_model_ready", "1 where the model answers predictions", "gauge")
    for model in models {
      text.sample("apus_model_ready", rendered: labels(model), model.loaded == nil ? "0" : "1")
    }
  }

  private mutating func writeRepository(_ repository: ModelRepository) {
    text.gauge(
      "apus_repository_memory_bytes", "memory that all loaded models take", String(repository.budget.bytes))
    text.counter(
      "apus_repository_evictions_total", "models that were unloaded to make room for others",
      repository.budget.evictions)
  }

  private mutating func writeCache(_ scheduler: InferenceScheduler) {
    guard let bytes = scheduler.cacheBytes else { return }
    text.gauge("apus_response_cache_bytes", "memory that kept answers take", String(bytes))
    text.family("apus_response_cache_hits_total", "requests answered from the response cache", "counter")
    for model in models {
      let hits = model.metrics.total(\.cacheHits)
      if hits > 0 { text.sample("apus_response_cache_hits_total", rendered: labels(model), String(hits)) }
    }
    text.family("apus_response_cache_misses_total", "requests that had to be computed", "counter")
    for model in models {
      let misses = model.metrics.total(\.cacheMisses)
      if misses > 0 {
        text.sample("apus_response_cache_misses_total", rendered: labels(model), String(misses))
      }
    }
  }

  private mutating func writeProcess(_ metrics: ServerMetrics) {
    if let bytes = ProcessStatistics.residentBytes {
      text.gauge("process_resident_memory_bytes", "Resident memory size in bytes.", String(bytes))
    }
    if let descriptors = ProcessStatistics.openDescriptors {
      text.gauge("process_open_fds", "Number of open file descriptors.", String(descriptors))
    }
    text.gauge(
      "process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
      "\(metrics.startTime)")
    text.family("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", "counter")
    text.sample("process_cpu_seconds_total", [], "\(ProcessStatistics.processorSeconds)")
  }
}

extension ServerMetrics {
  /// The Prometheus text form of everything.
  func exposition(models: [ModelEntry], queueLength: Int) -> String {
    MetricsReport(self, models: models, queueLength: queueLength).string
  }
}
