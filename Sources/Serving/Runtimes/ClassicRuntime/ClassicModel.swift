internal import Basics
internal import InferenceProtocol
internal import ModelRuntime

/// A scikit-learn estimator in memory.
struct ClassicModel: LoadedModel {
  private let estimator: BoundEstimator
  private let predictsProbabilities: Bool
  let signature: ModelSignature

  init(_ estimator: BoundEstimator, options: LoadOptions) {
    self.estimator = estimator
    let fitted = estimator.fitted
    let outputs: [ModelSignature.TensorSpec]
    switch estimator {
    case .predictor(let predictor):
      // As in KServe's server: PREDICT_PROBA counts only where the estimator has predict_proba.
      predictsProbabilities = options.predictsProbabilities && predictor.probabilityOutputs != nil
      outputs = (predictsProbabilities ? predictor.probabilityOutputs : nil) ?? predictor.outputs
    case .transformer:
      predictsProbabilities = false
      outputs = [.init(name: outputName(), datatype: .fp64, shape: [-1, fitted.identity.featureCount])]
    }
    signature = ModelSignature(
      platform: "sklearn",
      inputs: [.init(name: "input-0", datatype: .fp64, shape: [-1, fitted.identity.featureCount])],
      outputs: outputs, featureNames: fitted.featureNames)
  }

  var estimatedNanosecondsPerRow: Double { estimator.fitted.nanosecondsPerRow }
  var memoryBytes: Int { estimator.fitted.memoryBytes }

  func predict(_ request: PredictRequest) throws(PredictError) -> [Tensor] {
    let fitted = estimator.fitted
    let rows = try RowMatrixReader.read(
      request.inputs, featureNames: fitted.featureNames, identity: fitted.identity)
    switch estimator {
    case .predictor(let predictor):
      return predictsProbabilities ? try predictor.predictProbabilities(rows) : try predictor.predict(rows)
    case .transformer(let transformer):
      let result = try transformer.transform(rows)
      return [Tensor(name: outputName(), shape: [result.rows, result.columns], values: result.values)]
    }
  }
}
