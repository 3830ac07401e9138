internal import Synchronization

/// Counts observed times in the buckets of the Prometheus Python client: a view of counters that belong to a
/// `CounterBlock`. Written without locks and without allocating.
struct Histogram: Sendable {
  /// Upper bounds in seconds.
  static let bounds: [Double] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
  ]
  /// Counters that one histogram needs: a bucket per bound, one without, and the sum.
  static let words = bounds.count + 2

  private static let first: Int64 = 5_000_000
  private static let boundNanoseconds: [Int64] = bounds.map { Int64($0 * 1e9) }

  let counters: CounterView

  func observe(nanoseconds: Int64) {
    let bucket =
      nanoseconds <= Self.first
      ? 0 : Self.boundNanoseconds.firstIndex { nanoseconds <= $0 } ?? Self.bounds.count
    counters.add(1, to: bucket)
    counters.add(UInt64(clamping: nanoseconds), to: Self.words - 1)
  }

  /// Observations per bucket (the last has no bound) and their sum.
  func read() -> (buckets: [UInt64], nanoseconds: UInt64) {
    ((0...Self.bounds.count).map { counters[$0] }, counters[Self.words - 1])
  }

  var count: UInt64 { (0...Self.bounds.count).reduce(UInt64(0)) { $0 &+ counters[$1] } }
}

/// Counts batches by the rows in them, in powers of two.
struct SizeHistogram: Sendable {
  static let bounds: [Int] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192]
  static let words = bounds.count + 2

  let counters: CounterView

  func observe(_ size: Int) {
    counters.add(1, to: Self.bounds.firstIndex { size <= $0 } ?? Self.bounds.count)
    counters.add(UInt64(clamping: size), to: Self.words - 1)
  }

  func read() -> (buckets: [UInt64], sum: UInt64) {
    ((0...Self.bounds.count).map { counters[$0] }, counters[Self.words - 1])
  }
}

/// Counters in one piece of memory, on cache lines that nothing else shares.
/// `@unchecked Sendable`: the pointer never changes, and what it points to is atomic.
final class CounterBlock: @unchecked Sendable {
  private let memory: UnsafeMutableRawPointer
  private let words: UnsafeMutablePointer<Atomic<UInt64>>
  private let count: Int

  init(words count: Int) {
    self.count = max(1, count)
    memory = .allocate(byteCount: self.count * MemoryLayout<Atomic<UInt64>>.stride, alignment: 64)
    words = memory.bindMemory(to: Atomic<UInt64>.self, capacity: self.count)
    for index in 0..<self.count { (words + index).initialize(to: Atomic(0)) }
  }

  deinit {
    words.deinitialize(count: count)
    memory.deallocate()
  }

  /// Counters from that position on; valid for as long as the block is.
  func view(at offset: Int) -> CounterView { CounterView(words: words + offset) }
}

/// Some counters of a `CounterBlock`, which outlives the view: the owner of both hands it out.
/// `@unchecked Sendable`: what the pointer leads to is atomic.
struct CounterView: @unchecked Sendable {
  private let words: UnsafeMutablePointer<Atomic<UInt64>>

  fileprivate init(words: UnsafeMutablePointer<Atomic<UInt64>>) { self.words = words }

  subscript(index: Int) -> UInt64 { words[index].load(ordering: .relaxed) }

  func add(_ amount: UInt64, to index: Int) { words[index].wrappingAdd(amount, ordering: .relaxed) }
}

/// A number that only grows.
final class Counter: Sendable {
  private let count = Atomic<UInt64>(0)

  func add(_ amount: UInt64) { count.wrappingAdd(amount, ordering: .relaxed) }
  var value: UInt64 { count.load(ordering: .relaxed) }
}
