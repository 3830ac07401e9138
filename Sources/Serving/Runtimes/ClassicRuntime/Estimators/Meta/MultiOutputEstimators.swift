internal import InferenceProtocol
internal import ModelRuntime

/// `sklearn.multioutput.MultiOutputClassifier` and `MultiOutputRegressor`: one estimator per output.
struct MultiOutputEstimator: Predictor, MetaEstimator {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let members: [any Predictor]
  let isForClasses: Bool

  var outputs: [ModelSignature.TensorSpec] {
    MetaAnswer.matrixSpec(members.count, members.first?.outputs.first?.datatype ?? .fp64)
  }
  var probabilityOutputs: [ModelSignature.TensorSpec]? {
    guard isForClasses, members.allSatisfy({ $0.probabilityOutputs?.count == 1 }) else { return nil }
    return members.enumerated().flatMap { index, member in
      (member.probabilityOutputs ?? []).map {
        .init(name: outputName(index), datatype: $0.datatype, shape: $0.shape)
      }
    }
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    var columns: [TensorValues] = []
    for member in members { columns.append(try member.predictionLabels(rows)) }
    guard let values = MetaAnswer.transposed(columns, rows: rows.rows) else {
      // numpy widens numbers of different types.
      let numbers = columns.compactMap { $0.doubles() }
      guard numbers.count == columns.count else {
        throw .failed("the outputs of its \(identity.className) have labels of different types")
      }
      return MetaAnswer.matrix(
        MetaAnswer.transposed(numbers, rows: rows.rows), rows: rows.rows, columns: columns.count)
    }
    return [Tensor(name: outputName(), shape: [rows.rows, columns.count], values: values)]
  }

  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    var tensors: [Tensor] = []
    for (index, member) in members.enumerated() {
      for tensor in try member.predictProbabilities(try rows.prepared(for: member)) {
        tensors.append(Tensor(name: outputName(index), shape: tensor.shape, values: tensor.values))
      }
    }
    return tensors
  }
}

/// `sklearn.multioutput.ClassifierChain` and `RegressorChain`: each estimator also sees what those before it
/// predict.
struct EstimatorChain: Predictor, MetaEstimator {
  enum Response: Sendable { case predict, probabilities, decision }

  let identity: EstimatorIdentity
  let featureNames: [String]?
  let members: [any Predictor]
  /// `order_`: the output that each estimator predicts.
  let order: [Int]
  /// What is handed on along the chain.
  let handedOn: Response
  let isForClasses: Bool

  var outputs: [ModelSignature.TensorSpec] { MetaAnswer.matrixSpec(members.count) }
  var probabilityOutputs: [ModelSignature.TensorSpec]? {
    isForClasses && members.allSatisfy { $0.probabilityOutputs != nil }
      ? MetaAnswer.matrixSpec(members.count) : nil
  }
  var decisionOutputs: [ModelSignature.TensorSpec]? {
    isForClasses && members.allSatisfy { $0.decisionOutputs != nil }
      ? MetaAnswer.matrixSpec(members.count) : nil
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] { try run(rows, .predict) }
  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    try run(rows, .probabilities)
  }
  func decisionFunction(_ rows: RowMatrix) throws(PredictError) -> [Tensor] { try run(rows, .decision) }

  private func run(_ rows: RowMatrix, _ asked: Response) throws(PredictError) -> [Tensor] {
    // The chain checks its rows before its estimators do.
    let values = rows.doubles()
    try RowChecks.requireFinite(values, allowsNaN: false, for: identity)
    try RowChecks.requireShape(rows, for: identity)
    let width = identity.featureCount
    var previous: [[Double]] = []
    var answers = [[Double]](repeating: [], count: members.count)
    for (place, member) in members.enumerated() {
      var augmented: [Double] = []
      augmented.reserveCapacity(rows.rows * (width + previous.count))
      for row in 0..<rows.rows {
        augmented += values[(row * width)..<((row + 1) * width)]
        for column in previous { augmented.append(column[row]) }
      }
      let matrix = chainRows(rows, previous.isEmpty, augmented, width + previous.count)
      let handed = try response(member, matrix, handedOn)
      answers[order[place]] = handedOn == asked ? handed : try response(member, matrix, asked)
      previous.append(handed)
    }
    return MetaAnswer.matrix(
      MetaAnswer.transposed(answers, rows: rows.rows), rows: rows.rows, columns: members.count)
  }

  /// Stacking nothing onto rows widens them as well: the empty block is float64.
  private func chainRows(
    _ rows: RowMatrix, _ isFirst: Bool, _ values: [Double], _ columns: Int
  ) -> RowMatrix {
    RowMatrix(rows: rows.rows, columns: columns, values: .float64(values))
  }

  private func response(
    _ member: any Predictor, _ rows: RowMatrix, _ response: Response
  ) throws(PredictError) -> [Double] {
    let values: [Double]
    switch response {
    case .predict: values = try member.predictionNumbers(rows).values
    case .decision: values = try member.decisionNumbers(rows).values
    case .probabilities:
      let numbers = try member.probabilityNumbers(rows)
      values = numbers.column(min(1, numbers.columns - 1))
    }
    guard values.count == rows.rows else {
      throw .failed(
        "\(member.identity.className) in its \(identity.className) answers several numbers per row")
    }
    return values
  }
}
