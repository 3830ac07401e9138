internal import ModelRuntime

/// `gblinear`: one weight per feature and output, a bias per output. Missing values add nothing.
struct LinearBooster: Sendable {
  /// `[feature][output]`, then the biases.
  let weights: [Float]
  let features: Int
  let outputs: Int

  /// Adds to sums that hold the base margins, in the features' order.
  func add(_ batch: RowBatch, to sums: UnsafeMutablePointer<Float>) {
    let columns = batch.columns
    switch batch.values {
    case .float32(let values): add(batch.rows, sums) { values[$0 &* columns &+ $1] }
    case .float64(let values): add(batch.rows, sums) { Float(values[$0 &* columns &+ $1]) }
    case .int32(let values): add(batch.rows, sums) { Float(values[$0 &* columns &+ $1]) }
    case .int64(let values): add(batch.rows, sums) { Float(values[$0 &* columns &+ $1]) }
    }
  }

  @inline(__always)
  private func add(
    _ rows: Int, _ sums: UnsafeMutablePointer<Float>, _ value: (_ row: Int, _ column: Int) -> Float
  ) {
    weights.withUnsafeBufferPointer { weights in
      for row in 0..<rows {
        for output in 0..<outputs {
          var sum = weights[features &* outputs &+ output] + sums[row &* outputs &+ output]
          for feature in 0..<features {
            let number = value(row, feature)
            if number.isNaN { continue }
            sum += number * weights[feature &* outputs &+ output]
          }
          sums[row &* outputs &+ output] = sum
        }
      }
    }
  }
}
