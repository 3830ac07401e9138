internal import ModelRuntime

/// What an estimator's complaints name: its class and how many features it was fitted on.
struct EstimatorIdentity: Sendable, Hashable {
  var className: String
  var featureCount: Int
}

/// The checks that scikit-learn makes before it predicts, in its order and in its words.
enum RowChecks {
  static func requireFinite<Number: BinaryFloatingPoint>(
    _ values: [Number], allowsNaN: Bool, for identity: EstimatorIdentity
  ) throws(PredictError) {
    if values.allSatisfy(\.isFinite) { return }
    if values.contains(where: \.isNaN), !allowsNaN {
      throw .invalidInput(
        "Input X contains NaN.\n\(identity.className) does not accept missing values encoded as NaN natively."
      )
    }
    if values.contains(where: \.isInfinite) {
      let type = Number.self == Float.self ? "float32" : "float64"
      throw .invalidInput("Input X contains infinity or a value too large for dtype('\(type)').")
    }
  }

  /// `check_array` of numbers that estimators hand on among themselves, where it names none of them.
  static func requireFinite(handedOn values: [Double], allowsNaN: Bool = false) throws(PredictError) {
    if values.allSatisfy(\.isFinite) { return }
    if !allowsNaN, values.contains(where: \.isNaN) { throw .invalidInput("Input contains NaN.") }
    if values.contains(where: \.isInfinite) {
      throw .invalidInput("Input contains infinity or a value too large for dtype('float64').")
    }
  }

  /// At least one row, and as many columns as the estimator was fitted on.
  static func requireShape(_ rows: RowMatrix, for identity: EstimatorIdentity) throws(PredictError) {
    let shape = "shape=(\(rows.rows), \(rows.columns))"
    if rows.rows == 0 {
      throw .invalidInput(
        "Found array with 0 sample(s) (\(shape)) while a minimum of 1 is required by \(identity.className).")
    }
    if rows.columns == 0 {
      throw .invalidInput(
        "Found array with 0 feature(s) (\(shape)) while a minimum of 1 is required by \(identity.className).")
    }
    if rows.columns != identity.featureCount {
      throw .invalidInput(
        "X has \(rows.columns) features, but \(identity.className) is expecting \(identity.featureCount) "
          + "features as input.")
    }
  }

  /// Both checks of `check_array` for a block of numbers.
  static func doubles(
    _ rows: RowMatrix, allowsNaN: Bool = false, for identity: EstimatorIdentity
  ) throws(PredictError) -> [Double] {
    let rows = try rows.dense(for: identity)
    let values = rows.doubles()
    try requireFinite(values, allowsNaN: allowsNaN, for: identity)
    try requireShape(rows, for: identity)
    return values
  }
}
