internal import CShims
internal import InferenceProtocol
internal import ModelRuntime

/// The linear regressors: `LinearRegression`, `Ridge`, `Lasso`, `SGDRegressor`, `LinearSVR`,
/// `PoissonRegressor`, … What they were fitted with does not matter any more.
struct LinearRegressor: Predictor {
  enum Link: Sendable {
    case identity
    /// Predictions are `exp(score)`.
    case log
  }

  let identity: EstimatorIdentity
  let featureNames: [String]?
  let scores: LinearScores
  let link: Link
  /// `coef_` is a matrix: predictions are `[rows, targets]`, also with one target.
  let hasTargets: Bool

  var takesSparse: Bool { true }
  var nanosecondsPerRow: Double { scores.nanosecondsPerRow }
  var memoryBytes: Int { scores.memoryBytes }
  var outputs: [ModelSignature.TensorSpec] {
    [.init(name: outputName(), datatype: .fp64, shape: hasTargets ? [-1, scores.count] : [-1])]
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    var values = try scores(rows, for: identity)
    let isSingle = scores.isSingle(rows)
    if link == .log {
      for index in values.indices {
        values[index] = isSingle ? Double(apus_expf(Float(values[index]))) : apus_exp(values[index])
      }
    }
    let shape = hasTargets ? [rows.rows, scores.count] : [rows.rows]
    let result: TensorValues = isSingle ? .float32(values.map { Float($0) }) : .float64(values)
    return [Tensor(name: outputName(), shape: shape, values: result)]
  }

  func rowModel(_ function: ModelFunction) -> (any RowModel)? {
    guard function == .predict, !scores.hasSingleCoefficients else { return nil }
    return LinearRowModel(
      scores: scores, outcome: .values(isExponential: link == .log),
      form: RowForm(
        columns: identity.featureCount, outputName: outputName(), outputDatatype: .fp64,
        outputColumns: hasTargets ? scores.count : nil))
  }
}
