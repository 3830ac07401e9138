internal import InferenceProtocol
internal import ModelRuntime

/// A batch as one row-major block, in the element type that it arrived in (as numpy would hold it).
struct RowMatrix: Sendable {
  let rows: Int
  let columns: Int
  /// Numbers only, `rows * columns` of them.
  let values: TensorValues

  /// Whether numpy would calculate with it in float32.
  var isFloat32: Bool {
    if case .float32 = values { return true }
    return false
  }

  /// `astype(float64)`.
  func doubles() -> [Double] { values.doubles() ?? [] }

  /// `astype(float32)`: one rounding, straight from the type it arrived in.
  func floats() -> [Float] {
    switch values {
    case .bool(let values): values.map { $0 ? 1 : 0 }
    case .int8(let values): values.map { Float($0) }
    case .int16(let values): values.map { Float($0) }
    case .int32(let values): values.map { Float($0) }
    case .int64(let values): values.map { Float($0) }
    case .uint8(let values): values.map { Float($0) }
    case .uint16(let values): values.map { Float($0) }
    case .uint32(let values): values.map { Float($0) }
    case .uint64(let values): values.map { Float($0) }
    case .float32(let values): values
    case .float64(let values): values.map { Float($0) }
    case .strings: []
    case .raw: values.unpacked().doubles().map { $0.map { Float($0) } } ?? []
    }
  }
}

/// What an estimator's complaints name: its class and how many features it was fitted on.
struct EstimatorIdentity: Sendable, Hashable {
  var className: String
  var featureCount: Int
}

/// The checks that scikit-learn makes before it predicts, in its order and in its words.
enum RowChecks {
  static func requireFinite(
    _ values: [Double], allowsNaN: Bool, for identity: EstimatorIdentity
  ) throws(PredictError) {
    if values.allSatisfy(\.isFinite) { return }
    try report(
      hasNaN: values.contains(where: \.isNaN), hasInfinity: values.contains(where: \.isInfinite),
      allowsNaN: allowsNaN, type: "float64", identity)
  }

  static func requireFinite(
    _ values: [Float], allowsNaN: Bool, for identity: EstimatorIdentity
  ) throws(PredictError) {
    if values.allSatisfy(\.isFinite) { return }
    try report(
      hasNaN: values.contains(where: \.isNaN), hasInfinity: values.contains(where: \.isInfinite),
      allowsNaN: allowsNaN, type: "float32", identity)
  }

  private static func report(
    hasNaN: Bool, hasInfinity: Bool, allowsNaN: Bool, type: String, _ identity: EstimatorIdentity
  ) throws(PredictError) {
    if hasNaN, !allowsNaN {
      throw .invalidInput(
        "Input X contains NaN.\n\(identity.className) does not accept missing values encoded as NaN natively."
      )
    }
    if hasInfinity {
      throw .invalidInput("Input X contains infinity or a value too large for dtype('\(type)').")
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
}
