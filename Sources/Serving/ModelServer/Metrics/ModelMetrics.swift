/// Times of one model's requests, one shard per event loop plus one for the worker threads.
final class ModelMetrics: Sendable {
  struct Shard: Sendable {
    let preprocess = Histogram()
    let predict = Histogram()
    let postprocess = Histogram()
    let explain = Histogram()
  }

  let shards: [Shard]

  init(shards count: Int) { shards = (0..<max(1, count)).map { _ in Shard() } }

  func shard(_ index: Int) -> Shard { shards[index < shards.count ? index : 0] }

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
}
