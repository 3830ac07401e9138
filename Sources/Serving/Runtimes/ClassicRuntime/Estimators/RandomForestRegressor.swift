internal import InferenceProtocol
internal import ModelRuntime

/// `sklearn.ensemble.RandomForestRegressor`, for one output or several.
struct RandomForestRegressor: Predictor {
  let forest: Forest
  let featureNames: [String]?

  var identity: EstimatorIdentity { forest.identity }
  var nanosecondsPerRow: Double { forest.nanosecondsPerRow }
  var memoryBytes: Int { forest.memoryBytes }
  var outputs: [ModelSignature.TensorSpec] {
    [.init(name: outputName(), datatype: .fp64, shape: forest.width == 1 ? [-1] : [-1, forest.width])]
  }
  var probabilityOutputs: [ModelSignature.TensorSpec]? { nil }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let means = try forest.means(rows)
    let shape = forest.width == 1 ? [rows.rows] : [rows.rows, forest.width]
    return [Tensor(name: outputName(), shape: shape, values: .float64(means))]
  }

  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    throw .failed("RandomForestRegressor has no predict_proba.")
  }
}
