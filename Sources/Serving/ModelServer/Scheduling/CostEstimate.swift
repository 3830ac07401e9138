internal import Synchronization

/// What a prediction of so many rows takes, learned from those that were computed. Read and written by any
/// thread without locks and without allocating; a lost update does no harm.
public final class CostEstimate: Sendable {
  /// Nanoseconds per row as a double's bits, by the power of two of the rows; 0 where nothing was measured.
  private let measured: InlineAtomics
  private let structural: Double

  private static let classes = 24
  /// The weight of a measurement below the estimate, and of one above it: threads that lose the processor
  /// only ever measure too much.
  private static let fallingWeight = 0.25
  private static let risingWeight = 0.0625
  /// A call that took longer than so many times the estimate lost the processor on the way.
  private static let credibleFactor = 4.0
  /// Estimates of less than this are too short to tell that by.
  private static let leastCredibleNanoseconds = 20_000.0

  /// - Parameter nanosecondsPerRow: the model's own guess, which holds until there are measurements.
  public init(nanosecondsPerRow: Double) {
    structural = nanosecondsPerRow.isFinite ? max(0, nanosecondsPerRow) : .infinity
    measured = InlineAtomics(count: Self.classes)
  }

  /// The expected cost of one call with so many rows.
  public func nanoseconds(rows: Int) -> Double {
    guard rows > 0 else { return 0 }
    var index = Self.classIndex(rows)
    while index >= 0 {
      let bits = measured[index]
      // A row costs no more in company: a smaller class gives an upper bound.
      if bits != 0 { return Double(bitPattern: bits) * Double(rows) }
      index -= 1
    }
    return structural * Double(rows)
  }

  /// Takes a measurement in.
  public func record(rows: Int, nanoseconds: Int64) {
    guard rows > 0, nanoseconds >= 0 else { return }
    let index = Self.classIndex(rows)
    var sample = max(Double(nanoseconds) / Double(rows), .leastNormalMagnitude)
    let bits = measured[index]
    guard bits != 0 else {
      measured[index] = sample.bitPattern
      return
    }
    let old = Double(bitPattern: bits)
    let credible = max(old * Self.credibleFactor, Self.leastCredibleNanoseconds / Double(rows))
    sample = min(sample, credible)
    let weight = sample < old ? Self.fallingWeight : Self.risingWeight
    measured[index] = max(old + (sample - old) * weight, .leastNormalMagnitude).bitPattern
  }

  private static func classIndex(_ rows: Int) -> Int {
    min(classes - 1, Int.bitWidth - 1 - rows.leadingZeroBitCount)
  }
}

/// A fixed number of relaxed atomic words in one block of memory.
/// `@unchecked Sendable`: the pointer never changes, and what it points to is atomic.
final class InlineAtomics: @unchecked Sendable {
  private let words: UnsafeMutablePointer<Atomic<UInt64>>
  let count: Int

  init(count: Int) {
    self.count = max(1, count)
    words = .allocate(capacity: self.count)
    for index in 0..<self.count { (words + index).initialize(to: Atomic(0)) }
  }

  deinit {
    words.deinitialize(count: count)
    words.deallocate()
  }

  subscript(index: Int) -> UInt64 {
    get { words[index].load(ordering: .relaxed) }
    set { words[index].store(newValue, ordering: .relaxed) }
  }

  func add(_ amount: UInt64, to index: Int) { words[index].wrappingAdd(amount, ordering: .relaxed) }
}
