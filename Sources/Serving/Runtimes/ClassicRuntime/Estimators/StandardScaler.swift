internal import InferenceProtocol
internal import ModelRuntime

/// `sklearn.preprocessing.StandardScaler`: `(X - mean_) / scale_` in the type of X.
struct StandardScaler: Transformer {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  /// nil with `with_mean=False`.
  let mean: [Double]?
  /// nil with `with_std=False`.
  let scale: [Double]?
  /// Since 1.8 float32 rows are calculated in float32; before, in float64 and rounded after each step.
  let roundsStatisticsFirst: Bool

  var nanosecondsPerRow: Double { 20 + 3 * Double(identity.featureCount) }
  var memoryBytes: Int { ((mean?.count ?? 0) + (scale?.count ?? 0)) * 8 }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    if rows.isFloat32 {
      var values = rows.floats()
      try RowChecks.requireFinite(values, allowsNaN: true, for: identity)
      try RowChecks.requireShape(rows, for: identity)
      if roundsStatisticsFirst { scaleSingle(&values) } else { scaleMixed(&values) }
      return RowMatrix(rows: rows.rows, columns: rows.columns, values: .float32(values))
    }
    var values = rows.doubles()
    try RowChecks.requireFinite(values, allowsNaN: true, for: identity)
    try RowChecks.requireShape(rows, for: identity)
    scaleDouble(&values)
    return RowMatrix(rows: rows.rows, columns: rows.columns, values: .float64(values))
  }

  private func scaleDouble(_ values: inout [Double]) {
    forEachColumn(mean, &values) { $0 -= $1 }
    forEachColumn(scale, &values) { $0 /= $1 }
  }

  private func scaleMixed(_ values: inout [Float]) {
    forEachColumn(mean, &values) { $0 = Float(Double($0) - $1) }
    forEachColumn(scale, &values) { $0 = Float(Double($0) / $1) }
  }

  private func scaleSingle(_ values: inout [Float]) {
    forEachColumn(mean, &values) { $0 -= Float($1) }
    forEachColumn(scale, &values) { $0 /= Float($1) }
  }

  private func forEachColumn<Element>(
    _ statistics: [Double]?, _ values: inout [Element], _ body: (inout Element, Double) -> Void
  ) {
    guard let statistics, !statistics.isEmpty else { return }
    var column = 0
    for index in values.indices {
      body(&values[index], statistics[column])
      column += 1
      if column == statistics.count { column = 0 }
    }
  }
}
