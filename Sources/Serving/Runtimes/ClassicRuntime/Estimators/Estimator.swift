internal import InferenceProtocol
internal import ModelRuntime

/// What every fitted estimator tells of itself.
protocol FittedEstimator: Sendable {
  var identity: EstimatorIdentity { get }
  /// `feature_names_in_`, where it was fitted on named columns.
  var featureNames: [String]? { get }
  /// A guess from the structure, on a current core.
  var nanosecondsPerRow: Double { get }
  var memoryBytes: Int { get }
}

/// An estimator with `predict`.
protocol Predictor: FittedEstimator {
  var outputs: [ModelSignature.TensorSpec] { get }
  /// nil where the estimator has no `predict_proba`.
  var probabilityOutputs: [ModelSignature.TensorSpec]? { get }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor]
  /// Called only where `probabilityOutputs` is not nil.
  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor]
}

/// An estimator with `transform`.
protocol Transformer: FittedEstimator {
  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix
}

/// What a file holds.
enum BoundEstimator: Sendable {
  case predictor(any Predictor)
  case transformer(any Transformer)

  var fitted: any FittedEstimator {
    switch self {
    case .predictor(let predictor): predictor
    case .transformer(let transformer): transformer
    }
  }
}

/// The name of output `index`, as KServe's servers name them.
func outputName(_ index: Int = 0) -> String { "output-\(index)" }
