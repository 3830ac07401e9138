internal import Basics
internal import InferenceProtocol
internal import ModelRuntime

/// A scikit-learn estimator in memory.
struct ClassicModel: LoadedModel {
  private let estimator: BoundEstimator
  let signature: ModelSignature
  let functions: [ModelFunction]
  let rowModel: (any RowModel)?

  init(_ estimator: BoundEstimator, options: LoadOptions) {
    self.estimator = estimator
    var functions = estimator.functions
    // As in KServe's server: PREDICT_PROBA counts only where the estimator has predict_proba.
    if options.predictsProbabilities, let index = functions.firstIndex(of: .predictProbabilities) {
      functions.insert(functions.remove(at: index), at: 0)
    }
    self.functions = functions
    let plain = functions.first ?? .predict
    rowModel = estimator.predictor?.rowModel(plain)
    let fitted = estimator.fitted
    signature = ModelSignature(
      platform: "sklearn",
      inputs: [.init(name: "input-0", datatype: .fp64, shape: [-1, fitted.identity.featureCount])],
      outputs: ClassicModel.outputs(of: estimator, for: plain), featureNames: fitted.featureNames)
  }

  private static func outputs(
    of estimator: BoundEstimator, for function: ModelFunction
  ) -> [ModelSignature.TensorSpec] {
    let outputs: [ModelSignature.TensorSpec]? =
      switch function {
      case .predict: estimator.predictor?.outputs
      case .predictProbabilities: estimator.predictor?.probabilityOutputs
      case .decisionFunction: estimator.predictor?.decisionOutputs
      case .transform, .explain: nil
      }
    let columns = estimator.transformer?.outputColumns ?? -1
    return outputs ?? [.init(name: outputName(), datatype: .fp64, shape: [-1, columns])]
  }

  var estimatedNanosecondsPerRow: Double { estimator.fitted.nanosecondsPerRow }
  var isBatchable: Bool { estimator.isBatchable }
  var memoryBytes: Int { estimator.fitted.memoryBytes }

  func predict(_ request: PredictRequest) throws(PredictError) -> [Tensor] {
    let fitted = estimator.fitted
    guard functions.contains(request.function) else {
      throw .unsupported(
        "'\(fitted.identity.className)' object has no attribute '\(request.function.rawValue)'")
    }
    let rows = try RowMatrixReader.read(request.inputs, for: fitted)
    // Rows without columns take no bytes, so there may be any number of them.
    if rows.columns == 0 { try RowChecks.requireShape(rows, for: fitted.identity) }
    switch (request.function, estimator.predictor, estimator.transformer) {
    case (.predict, let predictor?, _): return try predictor.predict(rows)
    case (.predictProbabilities, let predictor?, _): return try predictor.predictProbabilities(rows)
    case (.decisionFunction, let predictor?, _): return try predictor.decisionFunction(rows)
    case (.transform, _, let transformer?):
      let result = try transformer.transform(rows)
      let values = try result.answer(for: transformer.identity)
      return [Tensor(name: outputName(), shape: [result.rows, result.columns], values: values)]
    default: throw .failed("\(fitted.identity.className) has no function \(request.function.rawValue)")
    }
  }
}
