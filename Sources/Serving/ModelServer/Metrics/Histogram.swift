internal import Synchronization

/// Counts observed times in the buckets of the Prometheus Python client. Written without locks; one writer
/// per shard keeps the cache lines apart.
final class Histogram: Sendable {
  /// Upper bounds in seconds.
  static let bounds: [Double] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
  ]
  private static let boundNanoseconds: [Int64] = bounds.map { Int64($0 * 1e9) }

  private let buckets: [Counter] = (0...Histogram.bounds.count).map { _ in Counter() }
  private let sum = Counter()

  func observe(nanoseconds: Int64) {
    let bucket = Self.boundNanoseconds.firstIndex { nanoseconds <= $0 } ?? Self.bounds.count
    buckets[bucket].add(1)
    sum.add(UInt64(clamping: nanoseconds))
  }

  /// Observations per bucket (the last has no bound) and their sum.
  func read() -> (buckets: [UInt64], nanoseconds: UInt64) { (buckets.map(\.value), sum.value) }
}

/// A number that only grows.
final class Counter: Sendable {
  private let count = Atomic<UInt64>(0)

  func add(_ amount: UInt64) { count.wrappingAdd(amount, ordering: .relaxed) }
  var value: UInt64 { count.load(ordering: .relaxed) }
}
