internal import InferenceProtocol
internal import ModelRuntime

/// `sklearn.preprocessing.Normalizer`: each row over its norm.
struct Normalizer: DenseTransformer {
  enum Norm: String, Sendable { case l1, l2, max }

  let identity: EstimatorIdentity
  let featureNames: [String]?
  let norm: Norm

  var takesSparse: Bool { true }
  var nanosecondsPerRow: Double { 20 + 2 * Double(identity.featureCount) }
  var memoryBytes: Int { 0 }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    if let sparse = rows.sparse { return RowMatrix(Normalizer.normalized(sparse, norm)) }
    let rows = try rows.dense(for: identity)
    guard rows.isFloat32 else {
      let values = try RowChecks.doubles(rows, for: identity)
      let result = try apply(values, rows: rows.rows)
      return RowMatrix(rows: rows.rows, columns: rows.columns, values: .float64(result))
    }
    let values = rows.floats()
    try RowChecks.requireFinite(values, allowsNaN: false, for: identity)
    try RowChecks.requireShape(rows, for: identity)
    let result = try apply(values, rows: rows.rows)
    return RowMatrix(rows: rows.rows, columns: rows.columns, values: .float32(result))
  }

  func apply<Number: RealNumber>(_ values: [Number], rows: Int) throws(PredictError) -> [Number] {
    var values = values
    let width = identity.featureCount
    for row in 0..<rows {
      let range = (row * width)..<((row + 1) * width)
      var norm = values.withUnsafeBufferPointer { length(UnsafeBufferPointer(rebasing: $0[range])) }
      // `_handle_zeros_in_scale`.
      if norm < 10 * Number.epsilon { norm = 1 }
      for index in range { values[index] /= norm }
    }
    return values
  }

  private func length<Number: RealNumber>(_ row: UnsafeBufferPointer<Number>) -> Number {
    switch norm {
    case .l1: NumpySums.sum(row.map(\.magnitude))
    case .l2: NumpySums.sumOfSquares(row).squareRoot()
    case .max: row.reduce(0) { Swift.max($0, $1.magnitude) }
    }
  }

  /// scikit-learn's loops over sparse rows: sums in float64, in the entries' order.
  static func normalized(_ sparse: SparseRows, _ norm: Norm) -> SparseRows {
    var result = sparse
    for row in 0..<sparse.rows {
      let entries = sparse.entries(of: row)
      var length = 0.0
      for entry in entries {
        let value = sparse.values[entry]
        switch norm {
        case .l1: length += value.magnitude
        case .l2: length += value * value
        case .max: length = Swift.max(length, value.magnitude)
        }
      }
      if length == 0 { continue }
      if norm == .l2 { length = length.squareRoot() }
      for entry in entries {
        let quotient = sparse.values[entry] / length
        result.values[entry] = sparse.isSingle ? Double(Float(quotient)) : quotient
      }
    }
    return result
  }
}
