internal import CShims
internal import InferenceProtocol
internal import ModelRuntime

/// Scores that another estimator gives before the trees add to them: `init` of gradient boosting.
struct InitialScores: Sendable {
  /// From what the estimator predicts to scores.
  enum Link: Sendable {
    /// A regressor's values as they are.
    case identity
    /// `log(p / (1 - p))` of the second class; half of it with the exponential loss. Newer versions of scipy
    /// calculate it around one half by `log1p`.
    case logit(half: Bool, usesLog1p: Bool)
    /// `log(p)` per class.
    case logarithm
    /// `log(p / gmean(p))` per class.
    case centeredLogarithm
  }

  let predictor: any Predictor
  let link: Link
  /// Probabilities are brought into `epsilon ... 1 - epsilon` first.
  let epsilon: Double
  /// Scores per row.
  let width: Int

  /// `[rows][width]`.
  func scores(_ rows: RowMatrix) throws(PredictError) -> [Double] {
    // The booster has rounded the rows already when it asks its first estimator.
    let rounded = RowMatrix(rows: rows.rows, columns: rows.columns, values: .float32(rows.floats()))
    if case .identity = link {
      let tensors = try predictor.predict(rounded)
      return try require(tensors.first?.values.doubles(), count: rows.rows)
    }
    let tensors = try predictor.predictProbabilities(rounded)
    let classes = tensors.first?.shape.last ?? 0
    let raw = try require(tensors.first?.values.doubles(), count: rows.rows * classes)
    let probabilities = raw.map { min(max($0, epsilon), 1 - epsilon) }
    switch link {
    case .identity: return probabilities
    case .logarithm: return try require(probabilities.map { apus_log($0) }, count: rows.rows * width)
    case .logit(let half, let usesLog1p):
      guard classes == 2 else { throw .failed("its init estimator knows \(classes) classes instead of 2") }
      return (0..<rows.rows).map { row in
        let logit = logit(probabilities[row * 2 + 1], usesLog1p)
        return half ? 0.5 * logit : logit
      }
    case .centeredLogarithm:
      guard classes == width else {
        throw .failed("its init estimator knows \(classes) classes instead of \(width)")
      }
      return (0..<rows.rows).flatMap { row in centered(probabilities[(row * width)..<((row + 1) * width)]) }
    }
  }

  private func require(_ values: [Double]?, count: Int) throws(PredictError) -> [Double] {
    guard let values, values.count == count else {
      throw .failed("its init estimator predicts something of another shape")
    }
    return values
  }

  private func logit(_ value: Double, _ usesLog1p: Bool) -> Double {
    if !usesLog1p || value < 0.3 || value > 0.65 { return apus_log(value / (1 - value)) }
    let shifted = 2 * (value - 0.5)
    return apus_log1p(shifted) - apus_log1p(-shifted)
  }

  private func centered(_ values: ArraySlice<Double>) -> [Double] {
    let logarithms = values.map { apus_log($0) }
    let sum = logarithms.withUnsafeBufferPointer { NumpySums.sum($0) }
    let mean = apus_exp(sum / Double(values.count))
    return values.map { apus_log($0 / mean) }
  }
}
