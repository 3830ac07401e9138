internal import ModelRuntime
internal import TreeEngine

/// Trees with a linear function in each leaf: the engine finds the leaves, here they are evaluated, added.
struct LinearLeafSums: Sendable {
  let leaves: TreeForest
  let trees: [LightGBMTree]
  let outputs: Int

  var columns: Int { leaves.columns }

  /// Leaf numbers of one row, the row as float64, and the engine's scratch.
  func scratchBytes() -> Int {
    (trees.count + columns + 2) * 8 + leaves.scratchBytes(rows: 1) + 16
  }

  func add(_ batch: RowBatch, to sums: UnsafeMutablePointer<Double>, scratch: UnsafeMutableRawPointer) {
    let numbers = scratch.assumingMemoryBound(to: Double.self)
    let row = numbers + trees.count
    let rest = scratch + (((trees.count + columns) * 8 + 15) & ~15)
    for index in 0..<batch.rows {
      LightGBMRows.copy(index, of: batch, to: row)
      for tree in 0..<trees.count { numbers[tree] = 0 }
      let one = RowBatch(rows: 1, columns: columns, values: .float64(UnsafePointer(row)))
      leaves.add(one, to: numbers, scratch: rest)
      for tree in 0..<trees.count {
        sums[index &* outputs &+ tree % outputs] += value(tree, Int(numbers[tree]), row)
      }
    }
  }

  @inline(__always)
  private func value(_ tree: Int, _ leaf: Int, _ row: UnsafeMutablePointer<Double>) -> Double {
    guard let linear = trees[tree].linear else { return trees[tree].leafValues[leaf] }
    var sum = linear.constants[leaf]
    for term in linear.starts[leaf]..<linear.starts[leaf + 1] {
      let number = row[linear.features[term]]
      if number.isNaN { return trees[tree].leafValues[leaf] }
      sum += linear.coefficients[term] * number
    }
    return sum
  }
}

/// Rows as LightGBM's predictor sees them: float64, tiny values cut to zero, integers through float32.
enum LightGBMRows {
  static func copy(_ row: Int, of batch: RowBatch, to target: UnsafeMutablePointer<Double>) {
    let start = row &* batch.columns
    switch batch.values {
    case .float32(let values): copy(batch.columns, target) { Double(values[start &+ $0]) }
    case .float64(let values): copy(batch.columns, target) { values[start &+ $0] }
    case .int32(let values): copy(batch.columns, target) { Double(Float(values[start &+ $0])) }
    case .int64(let values): copy(batch.columns, target) { Double(Float(values[start &+ $0])) }
    }
  }

  @inline(__always)
  private static func copy(
    _ columns: Int, _ target: UnsafeMutablePointer<Double>, _ value: (Int) -> Double
  ) {
    for column in 0..<columns {
      let number = value(column)
      target[column] = number.magnitude > LightGBMZero.threshold || number.isNaN ? number : 0
    }
  }
}
