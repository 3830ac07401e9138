internal import ModelRuntime

/// What is counted of one version of a model, one shard per event loop plus one for the worker threads.
final class ModelMetrics: Sendable {
  /// Why a call got no outputs.
  enum Failure: Int, CaseIterable {
    case invalidInput, failed, unsupported, unavailable, overloaded, deadlineExceeded, cancelled

    var label: String {
      switch self {
      case .invalidInput: "invalid_input"
      case .failed: "failed"
      case .unsupported: "unsupported"
      case .unavailable: "unavailable"
      case .overloaded: "overloaded"
      case .deadlineExceeded: "deadline_exceeded"
      case .cancelled: "cancelled"
      }
    }
  }

  /// Where one thread counts. A view: the metrics must outlive it.
  struct Shard: Sendable {
    let preprocess: Histogram
    let predict: Histogram
    let postprocess: Histogram
    let explain: Histogram
    let queue: Histogram
    let batch: SizeHistogram
    private let counters: CounterView

    static let words = 5 * Histogram.words + SizeHistogram.words + 16

    init(_ block: CounterBlock, at offset: Int) {
      preprocess = Histogram(counters: block.view(at: offset))
      predict = Histogram(counters: block.view(at: offset + Histogram.words))
      postprocess = Histogram(counters: block.view(at: offset + 2 * Histogram.words))
      explain = Histogram(counters: block.view(at: offset + 3 * Histogram.words))
      queue = Histogram(counters: block.view(at: offset + 4 * Histogram.words))
      batch = SizeHistogram(counters: block.view(at: offset + 5 * Histogram.words))
      counters = block.view(at: offset + 5 * Histogram.words + SizeHistogram.words)
    }

    func count(_ failure: Failure) { counters.add(1, to: failure.rawValue) }
    func countCacheHit() { counters.add(1, to: 8) }
    func countCacheMiss() { counters.add(1, to: 9) }

    func failures(_ failure: Failure) -> UInt64 { counters[failure.rawValue] }
    var cacheHits: UInt64 { counters[8] }
    var cacheMisses: UInt64 { counters[9] }
  }

  /// Whole cache lines per shard.
  private static let stride = (Shard.words + 7) / 8 * 8

  private let block: CounterBlock
  private let count: Int

  init(shards count: Int) {
    self.count = max(1, count)
    block = CounterBlock(words: self.count * Self.stride)
  }

  func shard(_ index: Int) -> Shard {
    Shard(block, at: (index >= 0 && index < count ? index : count - 1) * Self.stride)
  }

  var shards: [Shard] { (0..<count).map { shard($0) } }

  /// Buckets and sum of one of the histograms over all shards.
  func merged(_ histogram: (Shard) -> Histogram) -> (buckets: [UInt64], nanoseconds: UInt64) {
    var buckets = [UInt64](repeating: 0, count: Histogram.bounds.count + 1)
    var sum: UInt64 = 0
    for shard in shards {
      let read = histogram(shard).read()
      for (index, count) in read.buckets.enumerated() { buckets[index] &+= count }
      sum &+= read.nanoseconds
    }
    return (buckets, sum)
  }

  func mergedBatches() -> (buckets: [UInt64], sum: UInt64) {
    var buckets = [UInt64](repeating: 0, count: SizeHistogram.bounds.count + 1)
    var sum: UInt64 = 0
    for shard in shards {
      let read = shard.batch.read()
      for (index, count) in read.buckets.enumerated() { buckets[index] &+= count }
      sum &+= read.sum
    }
    return (buckets, sum)
  }

  func total(_ count: (Shard) -> UInt64) -> UInt64 { shards.reduce(UInt64(0)) { $0 &+ count($1) } }

  /// Answers computed so far.
  var predictions: UInt64 { total { $0.predict.count &+ $0.explain.count } }
}

extension ModelMetrics.Failure {
  init(_ failure: InferenceFailure) {
    switch failure {
    case .predict(.invalidInput): self = .invalidInput
    case .predict(.failed): self = .failed
    case .predict(.unsupported): self = .unsupported
    case .predict(.unavailable), .notReady: self = .unavailable
    case .overloaded: self = .overloaded
    case .deadlineExceeded: self = .deadlineExceeded
    case .cancelled: self = .cancelled
    }
  }
}
