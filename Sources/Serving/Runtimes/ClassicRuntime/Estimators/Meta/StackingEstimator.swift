internal import InferenceProtocol
internal import ModelRuntime

/// `sklearn.ensemble.StackingClassifier` and `StackingRegressor`: what the first estimators answer are the
/// columns of the last one.
struct StackingEstimator: Predictor, Transformer, MetaEstimator {
  enum Method: Sendable { case predict, probabilities, decision }

  let identity: EstimatorIdentity
  let featureNames: [String]?
  let first: [any Predictor]
  let methods: [Method]
  let last: any Predictor
  let passesThrough: Bool
  /// nil for regressors; the last estimator answers indices among these.
  let classes: ClassLabels?

  var members: [any Predictor] { first + [last] }
  var takesTables: Bool { first.contains { $0.takesTables } }
  var takesSparse: Bool { first.contains { $0.takesSparse } }
  var takesDocuments: Bool { first.contains { $0.takesDocuments } }
  var classLabels: ClassLabels? { classes }
  var outputs: [ModelSignature.TensorSpec] {
    classes.map { MetaAnswer.flatSpec($0.datatype) } ?? last.outputs
  }
  var probabilityOutputs: [ModelSignature.TensorSpec]? { last.probabilityOutputs }
  var decisionOutputs: [ModelSignature.TensorSpec]? { last.decisionOutputs }
  var outputColumns: Int { last.identity.featureCount }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    var blocks: [RowMatrix] = []
    for (member, method) in zip(first, methods) {
      let numbers: MemberNumbers
      switch method {
      case .predict: numbers = try member.predictionNumbers(rows)
      case .decision: numbers = try member.decisionNumbers(rows)
      case .probabilities:
        numbers = try member.probabilityNumbers(rows)
        // Of two classes' probabilities the second tells all.
        if classes?.count == 2 {
          blocks.append(block(numbers.column(1), rows: rows.rows))
          continue
        }
      }
      blocks.append(
        RowMatrix(rows: rows.rows, columns: numbers.columns, values: .float64(numbers.values)))
    }
    if passesThrough { blocks.append(try rows.prepared(for: last)) }
    return RowMatrix.sideBySide(blocks, rows: rows.rows, asSparse: false)
  }

  private func block(_ column: [Double], rows: Int) -> RowMatrix {
    RowMatrix(rows: rows, columns: 1, values: .float64(column))
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let columns = try transform(rows)
    guard let classes else { return try last.predict(columns) }
    let indices = try last.predictionNumbers(columns).values
    return MetaAnswer.flat(classes.take(indices.map { MetaAnswer.classIndex($0, of: classes.count) }))
  }

  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    try last.predictProbabilities(try transform(rows))
  }

  func decisionFunction(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    try last.decisionFunction(try transform(rows))
  }
}
