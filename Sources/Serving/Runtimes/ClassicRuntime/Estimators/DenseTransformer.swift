internal import InferenceProtocol
internal import ModelRuntime

/// A transformer of numbers that leaves float32 rows float32 and makes float64 of all others.
protocol DenseTransformer: Transformer {
  var allowsNaN: Bool { get }

  /// - Parameter values: `rows` rows of as many features as the transformer was fitted on, checked.
  /// - Returns: `rows` rows of `outputColumns`.
  func apply<Number: RealNumber>(_ values: [Number], rows: Int) throws(PredictError) -> [Number]
}

extension DenseTransformer {
  var allowsNaN: Bool { false }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    let rows = try rows.dense(for: identity)
    return rows.isFloat32 ? try transform(rows, as: Float.self) : try transform(rows, as: Double.self)
  }

  private func transform<Number: RealNumber>(
    _ rows: RowMatrix, as type: Number.Type
  ) throws(PredictError) -> RowMatrix {
    let values = Number.read(rows)
    try RowChecks.requireFinite(values, allowsNaN: allowsNaN, for: identity)
    try RowChecks.requireShape(rows, for: identity)
    let result = try apply(values, rows: rows.rows)
    return RowMatrix(rows: rows.rows, columns: outputColumns, values: Number.values(result))
  }
}
