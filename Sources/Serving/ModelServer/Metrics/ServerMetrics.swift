internal import Linux
internal import ModelRuntime

/// The server's own counters, one shard per event loop plus one for the worker threads; merged on scrape.
public final class ServerMetrics: Sendable {
  struct Shard: Sendable {
    /// Answers by status; the last counter takes every other status.
    let answers: [Counter] = (0...ServerMetrics.statuses.count).map { _ in Counter() }
    let started = Counter()
    let finished = Counter()

    func countAnswer(_ status: Int) {
      let index = ServerMetrics.statuses.firstIndex(of: status) ?? ServerMetrics.statuses.count
      answers[index].add(1)
    }
  }

  static let statuses: [Int] = [200, 400, 404, 405, 413, 415, 500, 501, 503, 504]
  let shards: [Shard]

  /// - Parameter loops: how many event loops record; one more shard is for worker threads.
  public init(loops: Int) { shards = (0...max(1, loops)).map { _ in Shard() } }

  /// The shard that worker threads share.
  var workerShard: Int { shards.count - 1 }

  /// Requests so far, answered or not.
  var startedCount: UInt64 { shards.reduce(UInt64(0)) { $0 &+ $1.started.value } }

  func shard(_ index: Int) -> Shard { shards[index < shards.count ? index : shards.count - 1] }

  /// The Prometheus text form of everything.
  func exposition(models: [ModelEntry], queueLength: Int) -> String {
    var text = PrometheusText()
    let histograms: [(name: String, help: String, pick: @Sendable (ModelMetrics.Shard) -> Histogram)] = [
      ("request_preprocess_seconds", "pre-process request latency", { $0.preprocess }),
      ("request_postprocess_seconds", "post-process request latency", { $0.postprocess }),
      ("request_predict_seconds", "predict request latency", { $0.predict }),
      ("request_explain_seconds", "explain request latency", { $0.explain }),
    ]
    for (name, help, pick) in histograms {
      text.family(name, help, "histogram")
      for model in models {
        let merged = model.metrics.merged(pick)
        text.histogram(name, [("model_name", model.name)], merged.buckets, merged.nanoseconds)
      }
    }
    writeRequests(&text, queueLength: queueLength)
    writeModels(&text, models)
    writeProcess(&text)
    return text.text
  }

  private func writeRequests(_ text: inout PrometheusText, queueLength: Int) {
    text.family("apus_server_requests_total", "answers by status code", "counter")
    for (index, status) in (Self.statuses.map(String.init) + ["other"]).enumerated() {
      let count = shards.reduce(UInt64(0)) { $0 &+ $1.answers[index].value }
      if count > 0 { text.sample("apus_server_requests_total", [("code", status)], String(count)) }
    }
    let started = startedCount
    let finished = shards.reduce(UInt64(0)) { $0 &+ $1.finished.value }
    text.gauge(
      "apus_server_requests_in_flight", "requests not answered yet", String(started &- min(started, finished))
    )
    text.gauge("apus_server_queue_length", "predictions that wait for a worker thread", String(queueLength))
  }

  private func writeModels(_ text: inout PrometheusText, _ models: [ModelEntry]) {
    text.family("apus_model_load_seconds", "time that loading the model took", "gauge")
    for model in models {
      if let seconds = model.loadSeconds {
        text.sample("apus_model_load_seconds", [("model_name", model.name)], "\(seconds)")
      }
    }
    text.family("apus_model_memory_bytes", "memory that unloading the model would give back", "gauge")
    for model in models {
      if let bytes = model.loaded?.memoryBytes {
        text.sample("apus_model_memory_bytes", [("model_name", model.name)], String(bytes))
      }
    }
    text.family("apus_model_ready", "1 where the model answers predictions", "gauge")
    for model in models {
      text.sample("apus_model_ready", [("model_name", model.name)], model.loaded == nil ? "0" : "1")
    }
  }

  private func writeProcess(_ text: inout PrometheusText) {
    if let bytes = ProcessStatistics.residentBytes {
      text.gauge("process_resident_memory_bytes", "Resident memory size in bytes.", String(bytes))
    }
    if let descriptors = ProcessStatistics.openDescriptors {
      text.gauge("process_open_fds", "Number of open file descriptors.", String(descriptors))
    }
    text.family("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", "counter")
    text.sample("process_cpu_seconds_total", [], "\(ProcessStatistics.processorSeconds)")
  }
}
