internal import InferenceProtocol
internal import ModelRuntime
internal import TreeEngine

/// Trees, and the sums of their leaves' values over rows that were checked as scikit-learn checks them.
struct TreeEnsemble: Sendable {
  /// Which numbers rows may hold besides finite ones.
  enum Accepted: Sendable {
    case finite
    /// NaN means "missing".
    case missing
    /// Histogram gradient boosting checks nothing.
    case anything
  }

  let identity: EstimatorIdentity
  let trees: TreeForest
  let accepted: Accepted
  /// Whether rows are rounded to float32 before they are compared with thresholds.
  let isSingle: Bool
  /// What the sums start from, one number per output.
  let start: [Double]
  /// Where trees see some of the columns only, nobody looks at the others.
  var checkedColumns: [Int]?

  var outputs: Int { trees.outputs }
  var nanosecondsPerRow: Double { 40 + trees.estimatedNanosecondsPerRow }
  var memoryBytes: Int { trees.memoryBytes + start.count * 8 }

  /// `[rows][outputs]`, added up in tree order from `start`.
  func sums(_ rows: RowMatrix) throws(PredictError) -> [Double] {
    // Before memory is taken: rows without columns may be any number.
    try check(rows)
    var sums: [Double] = []
    sums.reserveCapacity(rows.rows * outputs)
    for _ in 0..<rows.rows { sums.append(contentsOf: start) }
    add(checked: rows, to: &sums)
    return sums
  }

  /// Adds the trees to sums that are there, `[rows][outputs]`.
  func add(checked rows: RowMatrix, to sums: inout [Double]) {
    let scratch = UnsafeMutableRawBufferPointer.allocate(
      byteCount: trees.scratchBytes(rows: rows.rows), alignment: 16)
    defer { scratch.deallocate() }
    rows.withBatch(isSingle: isSingle) { batch in
      sums.withUnsafeMutableBufferPointer { sums in
        if let sums = sums.baseAddress, let scratch = scratch.baseAddress {
          trees.add(batch, to: sums, scratch: scratch)
        }
      }
    }
  }

  /// The checks of `check_array`, in its words.
  func check(_ rows: RowMatrix) throws(PredictError) {
    if checkedColumns != nil { try RowChecks.requireShape(rows, for: identity) }
    if !rows.withBatch(isSingle: isSingle, { accepts($0) }) {
      let rows = checkedColumns.map { rows.selecting($0) } ?? rows
      if isSingle {
        try RowChecks.requireFinite(rows.floats(), allowsNaN: accepted == .missing, for: identity)
      } else {
        try RowChecks.requireFinite(rows.doubles(), allowsNaN: accepted == .missing, for: identity)
      }
    }
    try RowChecks.requireShape(rows, for: identity)
  }

  /// Whether no number is one that the library refuses.
  func accepts(_ batch: RowBatch) -> Bool {
    if accepted == .anything { return true }
    switch batch.values {
    case .int32, .int64: return true
    case .float32(let values): return accepts(batch) { accepts(values[$0]) }
    case .float64(let values):
      return isSingle ? accepts(batch) { accepts(Float(values[$0])) } : accepts(batch) { accepts(values[$0]) }
    }
  }

  @inline(__always)
  private func accepts(_ number: some BinaryFloatingPoint) -> Bool {
    number.isFinite || (accepted == .missing && number.isNaN)
  }

  @inline(__always)
  private func accepts(_ batch: RowBatch, _ isAccepted: (Int) -> Bool) -> Bool {
    guard let checkedColumns else {
      for index in 0..<(batch.rows &* batch.columns) where !isAccepted(index) { return false }
      return true
    }
    for row in 0..<batch.rows {
      for column in checkedColumns where !isAccepted(row &* batch.columns &+ column) { return false }
    }
    return true
  }

  // MARK: Without allocations

  /// Bytes for the sums of so many rows, before the trees' own scratch.
  func sumBytes(rows: Int) -> Int { (rows * outputs * 8 + 15) & ~15 }

  func scratchBytes(rows: Int) -> Int { sumBytes(rows: rows) + trees.scratchBytes(rows: rows) }

  /// Fills the sums at the start of `scratch`; nil where the rows must be refused.
  func sums(_ batch: RowBatch, scratch: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Double>? {
    guard batch.columns == identity.featureCount, batch.rows > 0, accepts(batch) else { return nil }
    let sums = scratch.bindMemory(to: Double.self, capacity: batch.rows * outputs)
    start.withUnsafeBufferPointer { start in
      for row in 0..<batch.rows {
        for output in 0..<outputs { sums[row &* outputs &+ output] = start[output] }
      }
    }
    trees.add(batch, to: sums, scratch: scratch + sumBytes(rows: batch.rows))
    return sums
  }
}

extension RowMatrix {
  /// Calls `body` with the numbers as one block; types that rows do not come in are converted.
  func withBatch<Result>(isSingle: Bool, _ body: (RowBatch) -> Result) -> Result {
    switch values {
    case .float32(let values): return call(values, 0, body) { .float32($0) }
    case .float64(let values): return call(values, 0, body) { .float64($0) }
    case .int32(let values): return call(values, 0, body) { .int32($0) }
    case .int64(let values): return call(values, 0, body) { .int64($0) }
    default:
      if isSingle { return call(floats(), 0, body) { .float32($0) } }
      return call(doubles(), 0, body) { .float64($0) }
    }
  }

  /// - Parameter nothing: what is pointed at where there are no rows.
  private func call<Element, Result>(
    _ values: [Element], _ nothing: Element, _ body: (RowBatch) -> Result,
    _ wrap: (UnsafePointer<Element>) -> RowBatch.Values
  ) -> Result {
    func make(_ start: UnsafePointer<Element>) -> Result {
      body(RowBatch(rows: values.isEmpty ? 0 : rows, columns: columns, values: wrap(start)))
    }
    return values.isEmpty ? make([nothing]) : make(values)
  }
}
