internal import Basics
internal import Formats
internal import InferenceProtocol
internal import ModelRuntime

/// What was counted of one version of a model, in the shape of Triton's statistics extension.
struct ModelStatistics: Sendable {
  struct Duration: Sendable, Hashable {
    var count: UInt64 = 0
    var nanoseconds: UInt64 = 0

    var json: JSONValue { ["count": .int(count), "ns": .int(nanoseconds)] }
  }

  let name: String
  /// "" for a model without versions.
  let version: String
  /// Milliseconds since 1970; 0 before the first.
  let lastInference: UInt64
  /// Requests that were computed, each row of a batch being one with Triton: here each request.
  let inferenceCount: UInt64
  let executionCount: UInt64
  let memoryBytes: Int
  /// By Triton's names, in its order; the numbers are the fields of gRPC's `InferStatistics`.
  let durations: [(name: String, number: Int, duration: Duration)]

  init(_ entry: ModelEntry, clock: any WallClock) {
    let metrics = entry.metrics
    func duration(_ pick: (ModelMetrics.Shard) -> Histogram) -> Duration {
      let merged = metrics.merged(pick)
      return Duration(count: merged.buckets.reduce(0, &+), nanoseconds: merged.nanoseconds)
    }
    var infer = duration { $0.predict }
    let explain = duration { $0.explain }
    infer.count &+= explain.count
    infer.nanoseconds &+= explain.nanoseconds
    let input = duration { $0.preprocess }
    let output = duration { $0.postprocess }
    let queue = duration { $0.queue }
    let hits = metrics.total { $0.cacheHits }
    let failures = ModelMetrics.Failure.allCases.reduce(UInt64(0)) { sum, failure in
      sum &+ metrics.total { $0.failures(failure) }
    }
    let batches = metrics.mergedBatches()
    name = entry.name
    version = entry.version ?? ""
    memoryBytes = entry.loaded?.memoryBytes ?? 0
    executionCount = max(batches.buckets.reduce(0, &+), infer.count)
    inferenceCount = max(batches.sum, infer.count)
    lastInference = infer.count == 0 ? 0 : Self.milliseconds(of: entry, clock)
    let success = Duration(
      count: output.count,
      nanoseconds: input.nanoseconds &+ queue.nanoseconds &+ infer.nanoseconds &+ output.nanoseconds)
    durations = [
      ("success", 1, success), ("fail", 2, Duration(count: failures)), ("queue", 3, queue),
      ("compute_input", 4, input), ("compute_infer", 5, infer), ("compute_output", 6, output),
      ("cache_hit", 7, Duration(count: hits)),
      ("cache_miss", 8, Duration(count: metrics.total { $0.cacheMisses })),
    ]
  }

  private static func milliseconds(of entry: ModelEntry, _ clock: any WallClock) -> UInt64 {
    let (seconds, attoseconds) = clock.monotonicNow().components
    let age = seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000 &- entry.lane.lastUse
    let now = clock.now()
    let wall = UInt64(clamping: now.seconds &* 1000 &+ Int64(now.nanoseconds) / 1_000_000)
    return wall &- min(wall, UInt64(clamping: age) / 1_000_000)
  }

  var json: JSONValue {
    var durations = JSONObject()
    for (name, _, duration) in self.durations { durations[name] = duration.json }
    return [
      "name": .string(name), "version": .string(version), "last_inference": .int(lastInference),
      "inference_count": .int(inferenceCount), "execution_count": .int(executionCount),
      "inference_stats": .object(durations), "batch_stats": [],
      "memory_usage": [["type": "CPU", "id": 0, "byte_size": .int(memoryBytes)]],
    ]
  }
}
