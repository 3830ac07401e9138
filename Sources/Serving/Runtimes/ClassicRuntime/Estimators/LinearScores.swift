internal import InferenceProtocol
internal import ModelRuntime

/// `X @ coef_.T + intercept_`.
///
/// scikit-learn computes it with BLAS, whose sums differ between batch and row and between processors. Here
/// each score is the plain sum in feature order, so it lies within n·ε·Σ|xᵢwᵢ| of any of them. Of sparse rows
/// scipy makes the same plain sum over the entries, in their order.
struct LinearScores: Sendable {
  /// One row per score, each `featureCount` long.
  let coefficients: [Double]
  let intercepts: [Double]
  let featureCount: Int
  /// The coefficients are float32: products with float32 rows are calculated in float32.
  let hasSingleCoefficients: Bool
  /// The intercepts do not widen float32 scores.
  let hasSingleIntercepts: Bool

  /// Scores per row.
  var count: Int { intercepts.count }
  var nanosecondsPerRow: Double { 40 + 1.5 * Double(coefficients.count) }
  var memoryBytes: Int { (coefficients.count + intercepts.count) * 8 }

  /// Whether numpy's scores of such rows are float32.
  func isSingle(_ rows: RowMatrix) -> Bool {
    hasSingleCoefficients && hasSingleIntercepts && rows.isFloat32
  }

  /// `[rows][count]`, after the checks that scikit-learn makes.
  func callAsFunction(_ rows: RowMatrix, for identity: EstimatorIdentity) throws(PredictError) -> [Double] {
    if let sparse = rows.sparse { return try sparseScores(sparse, rows, identity) }
    let rows = try rows.dense(for: identity)
    if hasSingleCoefficients, rows.isFloat32 {
      let values = rows.floats()
      try RowChecks.requireFinite(values, allowsNaN: false, for: identity)
      try RowChecks.requireShape(rows, for: identity)
      return singleScores(values, rows: rows.rows)
    }
    let values = try RowChecks.doubles(rows, for: identity)
    return [Double](unsafeUninitializedCapacity: rows.rows * count) { scores, initialized in
      values.withUnsafeBufferPointer { values in
        if let base = values.baseAddress, let scores = scores.baseAddress {
          for row in 0..<rows.rows { score(base + row * featureCount, into: scores + row * count) }
        }
      }
      initialized = rows.rows * count
    }
  }

  /// The scores of one row; allocates nothing.
  func score(_ row: UnsafePointer<Double>, into scores: UnsafeMutablePointer<Double>) {
    coefficients.withUnsafeBufferPointer { coefficients in
      intercepts.withUnsafeBufferPointer { intercepts in
        for index in 0..<intercepts.count {
          var sum = 0.0
          let start = index &* featureCount
          for feature in 0..<featureCount { sum += row[feature] * coefficients[start &+ feature] }
          scores[index] = sum + intercepts[index]
        }
      }
    }
  }

  /// The scores of one row, calculated in float32 as far as numpy does; allocates nothing.
  func scoreSingle(_ row: UnsafePointer<Float>, into scores: UnsafeMutablePointer<Double>) {
    coefficients.withUnsafeBufferPointer { coefficients in
      intercepts.withUnsafeBufferPointer { intercepts in
        for index in 0..<intercepts.count {
          var sum: Float = 0
          let start = index &* featureCount
          for feature in 0..<featureCount { sum += row[feature] * Float(coefficients[start &+ feature]) }
          scores[index] =
            hasSingleIntercepts ? Double(sum + Float(intercepts[index])) : Double(sum) + intercepts[index]
        }
      }
    }
  }

  private func singleScores(_ values: [Float], rows: Int) -> [Double] {
    [Double](unsafeUninitializedCapacity: rows * count) { scores, initialized in
      values.withUnsafeBufferPointer { values in
        if let base = values.baseAddress, let scores = scores.baseAddress {
          for row in 0..<rows { scoreSingle(base + row * featureCount, into: scores + row * count) }
        }
      }
      initialized = rows * count
    }
  }

  private func sparseScores(
    _ sparse: SparseRows, _ rows: RowMatrix, _ identity: EstimatorIdentity
  ) throws(PredictError) -> [Double] {
    try RowChecks.requireFinite(sparse.values, allowsNaN: false, for: identity)
    try RowChecks.requireShape(rows, for: identity)
    var scores: [Double] = []
    scores.reserveCapacity(sparse.rows * count)
    for row in 0..<sparse.rows {
      for index in 0..<count {
        var sum = 0.0
        let start = index * featureCount
        for entry in sparse.entries(of: row) {
          sum += sparse.values[entry] * coefficients[start + Int(sparse.indices[entry])]
        }
        scores.append(sum + intercepts[index])
      }
    }
    return scores
  }
}
