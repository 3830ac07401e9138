internal import CShims
internal import InferenceProtocol
internal import ModelRuntime

/// `sklearn.linear_model.LogisticRegression`.
///
/// scikit-learn computes `X @ coef_.T` with BLAS, whose sums differ between batch and row and between
/// processors. Here each score is the plain sum in feature order, so it lies within n·ε·Σ|xᵢwᵢ| of any of
/// them.
struct LogisticRegression: Predictor {
  /// How `predict_proba` turns scores into probabilities.
  enum Scheme: Sendable {
    /// Sigmoid per class, normalised over the classes.
    case oneVersusRest
    case softmax
  }

  let identity: EstimatorIdentity
  let featureNames: [String]?
  let classes: ClassLabels
  let scheme: Scheme
  /// One row per score (a single one for two classes), each `featureCount` long.
  let coefficients: [Double]
  let intercepts: [Double]
  /// The coefficients are float32: products with float32 rows are calculated in float32.
  let hasSingleCoefficients: Bool
  /// The intercepts do not widen float32 scores.
  let hasSingleIntercepts: Bool

  private var scoreCount: Int { intercepts.count }
  var nanosecondsPerRow: Double { 40 + 1.5 * Double(coefficients.count) }
  var memoryBytes: Int { (coefficients.count + intercepts.count) * 8 }
  var outputs: [ModelSignature.TensorSpec] {
    [.init(name: outputName(), datatype: classes.datatype, shape: [-1])]
  }
  var probabilityOutputs: [ModelSignature.TensorSpec]? {
    [.init(name: outputName(), datatype: .fp64, shape: [-1, classes.count])]
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let scores = try decisionFunction(rows)
    let width = scoreCount
    let indices: [Int] = scores.withUnsafeBufferPointer { buffer in
      (0..<rows.rows).map { row in
        if width == 1 { return buffer[row] > 0 ? 1 : 0 }
        return NumpySums.argmax(UnsafeBufferPointer(rebasing: buffer[(row * width)..<((row + 1) * width)]))
      }
    }
    return [Tensor(name: outputName(), shape: [rows.rows], values: classes.take(indices))]
  }

  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let scores = try decisionFunction(rows)
    var probabilities: [Double] = []
    probabilities.reserveCapacity(rows.rows * classes.count)
    for row in 0..<rows.rows {
      appendProbabilities(scores[(row * scoreCount)..<((row + 1) * scoreCount)], to: &probabilities)
    }
    let isSingle = hasSingleCoefficients && hasSingleIntercepts && rows.isFloat32
    let values: TensorValues = isSingle ? .float32(probabilities.map { Float($0) }) : .float64(probabilities)
    return [Tensor(name: outputName(), shape: [rows.rows, classes.count], values: values)]
  }

  /// `X @ coef_.T + intercept_`, `[rows][scores]`.
  private func decisionFunction(_ rows: RowMatrix) throws(PredictError) -> [Double] {
    if hasSingleCoefficients, rows.isFloat32 {
      let values = rows.floats()
      try RowChecks.requireFinite(values, allowsNaN: false, for: identity)
      try RowChecks.requireShape(rows, for: identity)
      return singleScores(values, rows: rows.rows)
    }
    let values = rows.doubles()
    try RowChecks.requireFinite(values, allowsNaN: false, for: identity)
    try RowChecks.requireShape(rows, for: identity)
    var scores: [Double] = []
    scores.reserveCapacity(rows.rows * scoreCount)
    let width = identity.featureCount
    values.withUnsafeBufferPointer { values in
      coefficients.withUnsafeBufferPointer { coefficients in
        for row in 0..<rows.rows {
          for score in 0..<scoreCount {
            var sum = 0.0
            for feature in 0..<width {
              sum += values[row * width + feature] * coefficients[score * width + feature]
            }
            scores.append(sum + intercepts[score])
          }
        }
      }
    }
    return scores
  }

  private func singleScores(_ values: [Float], rows: Int) -> [Double] {
    let coefficients = coefficients.map { Float($0) }
    let width = identity.featureCount
    var scores: [Double] = []
    for row in 0..<rows {
      for score in 0..<scoreCount {
        var sum: Float = 0
        for feature in 0..<width {
          sum += values[row * width + feature] * coefficients[score * width + feature]
        }
        scores.append(
          hasSingleIntercepts ? Double(sum + Float(intercepts[score])) : Double(sum) + intercepts[score])
      }
    }
    return scores
  }

  private func appendProbabilities(_ scores: ArraySlice<Double>, to probabilities: inout [Double]) {
    if scores.count == 1, let score = scores.first, scheme == .oneVersusRest {
      let probability = sigmoid(score)
      probabilities.append(1 - probability)
      probabilities.append(probability)
      return
    }
    var values: [Double]
    switch scheme {
    case .oneVersusRest: values = scores.map(sigmoid)
    case .softmax:
      values = scores.count == 1 ? scores.flatMap { [-$0, $0] } : Array(scores)
      let largest = values.max() ?? 0
      for index in values.indices { values[index] = apus_exp(values[index] - largest) }
    }
    let sum = values.withUnsafeBufferPointer { NumpySums.sum($0) }
    for value in values { probabilities.append(value / sum) }
  }

  /// `scipy.special.expit`.
  private func sigmoid(_ score: Double) -> Double { 1 / (1 + apus_exp(-score)) }
}
