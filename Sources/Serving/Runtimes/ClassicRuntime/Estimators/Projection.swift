internal import InferenceProtocol
internal import ModelRuntime

/// Transformers that multiply rows with a matrix: `PCA`, `TruncatedSVD`, `FastICA`,
/// `LinearDiscriminantAnalysis`, `PLSRegression`, random projections, …
///
/// scikit-learn multiplies with BLAS; here each number is the plain sum in feature order.
struct Projection: Sendable {
  /// Taken from each row before.
  let center: [Double]?
  /// Each row is divided by it after that.
  let scale: [Double]?
  /// One row per output column.
  let components: BoundMatrix
  /// Taken from the sums (`mean_ @ components_.T`).
  let offset: [Double]?
  /// What the sums are divided by.
  let divisor: [Double]?
  /// Whether numpy answers float32 for float32 rows.
  let keepsSingle: Bool

  var nanosecondsPerRow: Double { 40 + 1.2 * Double(components.values.count) }
  var memoryBytes: Int { components.values.count * 8 }

  func callAsFunction(
    _ rows: RowMatrix, for identity: EstimatorIdentity
  ) throws(PredictError) -> [Double] {
    if let sparse = rows.sparse, center == nil, scale == nil { return try sums(of: sparse, rows, identity) }
    var values = try RowChecks.doubles(rows, for: identity)
    let width = identity.featureCount
    if let center {
      for index in values.indices { values[index] -= center[index % width] }
    }
    if let scale {
      for index in values.indices { values[index] /= scale[index % width] }
    }
    var result: [Double] = []
    result.reserveCapacity(rows.rows * components.rows)
    values.withUnsafeBufferPointer { values in
      components.values.withUnsafeBufferPointer { components in
        for row in 0..<rows.rows {
          for component in 0..<self.components.rows {
            var sum = 0.0
            let (left, right) = (row &* width, component &* width)
            for feature in 0..<width { sum += values[left &+ feature] * components[right &+ feature] }
            result.append(finished(sum, component))
          }
        }
      }
    }
    return result
  }

  private func sums(
    of sparse: SparseRows, _ rows: RowMatrix, _ identity: EstimatorIdentity
  ) throws(PredictError) -> [Double] {
    try RowChecks.requireFinite(sparse.values, allowsNaN: false, for: identity)
    try RowChecks.requireShape(rows, for: identity)
    var result: [Double] = []
    result.reserveCapacity(sparse.rows * components.rows)
    for row in 0..<sparse.rows {
      for component in 0..<components.rows {
        var sum = 0.0
        for entry in sparse.entries(of: row) {
          sum += sparse.values[entry] * components[component, Int(sparse.indices[entry])]
        }
        result.append(finished(sum, component))
      }
    }
    return result
  }

  private func finished(_ sum: Double, _ component: Int) -> Double {
    let centered = offset.map { sum - $0[component] } ?? sum
    return divisor.map { centered / $0[component] } ?? centered
  }

  func matrix(_ rows: RowMatrix, for identity: EstimatorIdentity) throws(PredictError) -> RowMatrix {
    let values = try self(rows, for: identity)
    let isSingle = keepsSingle && rows.isFloat32
    return RowMatrix(
      rows: rows.rows, columns: components.rows,
      values: isSingle ? .float32(values.map { Float($0) }) : .float64(values))
  }
}

/// An estimator that is a projection.
struct ProjectionTransformer: Transformer {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let projection: Projection

  var takesSparse: Bool { projection.center == nil && projection.scale == nil }
  var outputColumns: Int { projection.components.rows }
  var nanosecondsPerRow: Double { projection.nanosecondsPerRow }
  var memoryBytes: Int { projection.memoryBytes }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    try projection.matrix(rows, for: identity)
  }
}

/// `PLSRegression`, `PLSCanonical`, `CCA`: predictions are a projection with an intercept.
struct PartialLeastSquares: Predictor {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let projection: Projection
  let intercepts: [Double]
  /// Fitted on a list of targets.
  let isFlat: Bool

  var nanosecondsPerRow: Double { projection.nanosecondsPerRow }
  var memoryBytes: Int { projection.memoryBytes }
  var outputs: [ModelSignature.TensorSpec] {
    [.init(name: outputName(), datatype: .fp64, shape: isFlat ? [-1] : [-1, intercepts.count])]
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    var values = try projection(rows, for: identity)
    for index in values.indices { values[index] += intercepts[index % intercepts.count] }
    let shape = isFlat ? [values.count] : [rows.rows, intercepts.count]
    return [Tensor(name: outputName(), shape: shape, values: .float64(values))]
  }
}
