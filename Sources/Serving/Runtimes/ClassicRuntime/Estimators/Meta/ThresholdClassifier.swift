internal import InferenceProtocol
internal import ModelRuntime

/// `FixedThresholdClassifier` and `TunedThresholdClassifierCV`: the positive class where its score reaches a
/// threshold.
struct ThresholdClassifier: Predictor, MetaEstimator {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let classifier: any Predictor
  let classes: ClassLabels
  let threshold: Double
  /// Else the decision function's.
  let usesProbabilities: Bool
  /// Which of the two classes is the positive one.
  let positive: Int

  var members: [any Predictor] { [classifier] }
  var classLabels: ClassLabels? { classes }
  var outputs: [ModelSignature.TensorSpec] { MetaAnswer.flatSpec(classes.datatype) }
  var probabilityOutputs: [ModelSignature.TensorSpec]? { classifier.probabilityOutputs }
  var decisionOutputs: [ModelSignature.TensorSpec]? { classifier.decisionOutputs }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let scores: [Double]
    if usesProbabilities {
      scores = try classifier.probabilityNumbers(rows).column(positive)
    } else {
      let decisions = try classifier.decisionNumbers(rows).values
      scores = positive == 1 ? decisions : decisions.map { $0 * -1 }
    }
    guard scores.count == rows.rows else {
      throw .failed("\(classifier.identity.className) does not answer two probabilities per row")
    }
    return MetaAnswer.flat(classes.take(scores.map { $0 >= threshold ? positive : 1 - positive }))
  }

  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    try classifier.predictProbabilities(try rows.prepared(for: classifier))
  }

  func decisionFunction(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    try classifier.decisionFunction(try rows.prepared(for: classifier))
  }
}
