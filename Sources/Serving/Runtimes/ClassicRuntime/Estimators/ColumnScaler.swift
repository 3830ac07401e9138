internal import InferenceProtocol
internal import ModelRuntime

/// Scalers that calculate with one or two statistics per column: `StandardScaler`, `MinMaxScaler`,
/// `MaxAbsScaler`, `RobustScaler`.
struct ColumnScaler: DenseTransformer {
  enum Step: Sendable {
    case subtract([Double])
    case divide([Double])
    case multiply([Double])
    case add([Double])
    case clip(Double, Double)
  }

  let identity: EstimatorIdentity
  let featureNames: [String]?
  /// Each rounded to the rows' type before the next; statistics are one number per feature.
  let steps: [Step]
  /// Statistics are rounded to float32 before they meet float32 rows (`StandardScaler` since 1.8).
  let roundsStatisticsFirst: Bool

  var allowsNaN: Bool { true }
  var takesSparse: Bool { true }
  var nanosecondsPerRow: Double { 20 + 1.5 * Double(steps.count * identity.featureCount) }
  var memoryBytes: Int { steps.count * identity.featureCount * 8 }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    guard let sparse = rows.sparse else { return try transformDense(rows) }
    try RowChecks.requireFinite(sparse.values, allowsNaN: true, for: identity)
    try RowChecks.requireShape(rows, for: identity)
    var result = sparse
    for step in steps {
      switch step {
      case .divide(let scale):
        result = result.mapped { value, column in
          let product = value * (1 / scale[column])
          return sparse.isSingle ? Double(Float(product)) : product
        }
      case .clip(let low, let high): result = result.mapped { value, _ in min(max(value, low), high) }
      default:
        throw .invalidInput(
          "Cannot center sparse matrices: pass `with_mean=False` instead. (\(identity.className))")
      }
    }
    return RowMatrix(result)
  }

  private func transformDense(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    let rows = try rows.dense(for: identity)
    if rows.isFloat32 {
      let values = rows.floats()
      try RowChecks.requireFinite(values, allowsNaN: true, for: identity)
      try RowChecks.requireShape(rows, for: identity)
      let result = try apply(values, rows: rows.rows)
      return RowMatrix(rows: rows.rows, columns: rows.columns, values: .float32(result))
    }
    let values = try RowChecks.doubles(rows, allowsNaN: true, for: identity)
    return RowMatrix(
      rows: rows.rows, columns: rows.columns, values: .float64(try apply(values, rows: rows.rows)))
  }

  func apply<Number: RealNumber>(_ values: [Number], rows: Int) throws(PredictError) -> [Number] {
    var values = values
    values.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      for row in 0..<rows { scale(base + row * identity.featureCount) }
    }
    return values
  }

  /// Scales one row in place; allocates nothing.
  func scale<Number: RealNumber>(_ row: UnsafeMutablePointer<Number>) {
    for step in steps {
      switch step {
      case .subtract(let numbers): update(row, numbers) { $0 - $1 }
      case .divide(let numbers): update(row, numbers) { $0 / $1 }
      case .multiply(let numbers): update(row, numbers) { $0 * $1 }
      case .add(let numbers): update(row, numbers) { $0 + $1 }
      case .clip(let low, let high):
        let (low, high) = (Number(wide: low), Number(wide: high))
        for column in 0..<identity.featureCount {
          if row[column] < low { row[column] = low }
          if row[column] > high { row[column] = high }
        }
      }
    }
  }

  @inline(__always)
  private func update<Number: RealNumber>(
    _ row: UnsafeMutablePointer<Number>, _ numbers: [Double], _ body: (Double, Double) -> Double
  ) {
    numbers.withUnsafeBufferPointer { numbers in
      for column in numbers.indices {
        let number = roundsStatisticsFirst ? Number(wide: numbers[column]).wide : numbers[column]
        row[column] = Number(wide: body(row[column].wide, number))
      }
    }
  }
}
