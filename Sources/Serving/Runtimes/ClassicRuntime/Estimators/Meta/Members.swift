internal import InferenceProtocol
internal import ModelRuntime

/// What one estimator of several answers for a batch, as numbers.
struct MemberNumbers: Sendable {
  /// `[rows][columns]`.
  var values: [Double]
  var columns: Int
  /// Whether numpy's array has one dimension.
  var isFlat: Bool

  func column(_ index: Int) -> [Double] {
    stride(from: index, to: values.count, by: max(columns, 1)).map { values[$0] }
  }

  /// `ravel()`.
  var flattened: [Double] { values }
}

/// How meta-estimators ask the estimators that they hold.
extension Predictor {
  func predictionNumbers(_ rows: RowMatrix) throws(PredictError) -> MemberNumbers {
    try numbers(try predict(try rows.prepared(for: self)))
  }

  func probabilityNumbers(_ rows: RowMatrix) throws(PredictError) -> MemberNumbers {
    try numbers(try predictProbabilities(try rows.prepared(for: self)))
  }

  func decisionNumbers(_ rows: RowMatrix) throws(PredictError) -> MemberNumbers {
    try numbers(try decisionFunction(try rows.prepared(for: self)))
  }

  /// The labels that it predicts.
  func predictionLabels(_ rows: RowMatrix) throws(PredictError) -> TensorValues {
    let tensors = try predict(try rows.prepared(for: self))
    guard let tensor = tensors.first else { throw .failed("\(identity.className) predicts nothing") }
    return tensor.values.unpacked()
  }

  /// `_predict_binary`: one number per row that is larger for the second class.
  func binaryScores(_ rows: RowMatrix) throws(PredictError) -> [Double] {
    if !isClassifier { return try predictionNumbers(rows).values }
    if decisionOutputs != nil { return try decisionNumbers(rows).values }
    guard probabilityOutputs != nil else {
      throw .failed("\(identity.className) has neither decision_function nor predict_proba")
    }
    return try secondProbabilities(rows)
  }

  /// The second of two classes' probabilities.
  func secondProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Double] {
    let probabilities = try probabilityNumbers(rows)
    guard probabilities.columns == 2 else {
      throw .failed("\(identity.className) knows \(probabilities.columns) classes instead of 2")
    }
    return probabilities.column(1)
  }

  /// What scikit-learn calls so: it knows classes.
  var isClassifier: Bool { classLabels != nil || probabilityOutputs != nil }

  private func numbers(_ tensors: [Tensor]) throws(PredictError) -> MemberNumbers {
    guard let tensor = tensors.first, let values = tensor.values.doubles() else {
      throw .failed("\(identity.className) does not answer numbers")
    }
    let isFlat = tensor.shape.count < 2
    return MemberNumbers(values: values, columns: isFlat ? 1 : tensor.shape[1], isFlat: isFlat)
  }
}

/// What all estimators made of estimators tell of themselves.
protocol MetaEstimator: FittedEstimator {
  var members: [any Predictor] { get }
}

extension MetaEstimator {
  var takesTables: Bool { members.contains { $0.takesTables } }
  var takesSparse: Bool { members.contains { $0.takesSparse } }
  var takesDocuments: Bool { members.contains { $0.takesDocuments } }
  var nanosecondsPerRow: Double { members.reduce(50) { $0 + $1.nanosecondsPerRow + 100 } }
  var memoryBytes: Int { members.reduce(0) { $0 + $1.memoryBytes } }
}

/// Results of a meta-estimator as tensors.
enum MetaAnswer {
  static func flatSpec(_ datatype: DataType) -> [ModelSignature.TensorSpec] {
    [.init(name: outputName(), datatype: datatype, shape: [-1])]
  }

  static func matrixSpec(_ columns: Int, _ datatype: DataType = .fp64) -> [ModelSignature.TensorSpec] {
    [.init(name: outputName(), datatype: datatype, shape: [-1, columns])]
  }

  static func flat(_ values: TensorValues) -> [Tensor] {
    [Tensor(name: outputName(), shape: [values.count], values: values)]
  }

  static func matrix(_ values: [Double], rows: Int, columns: Int) -> [Tensor] {
    [Tensor(name: outputName(), shape: [rows, columns], values: .float64(values))]
  }

  /// `argmax` of each row.
  static func largest(_ values: [Double], columns: Int) -> [Int] {
    values.withUnsafeBufferPointer { buffer in
      stride(from: 0, to: buffer.count, by: max(columns, 1)).map { start in
        NumpySums.argmax(UnsafeBufferPointer(rebasing: buffer[start..<(start + columns)]))
      }
    }
  }

  /// A class index that an estimator predicted, kept within the classes whatever it says.
  static func classIndex(_ value: Double, of count: Int) -> Int {
    guard let index = Int(exactly: value.rounded(.towardZero)) else { return 0 }
    return min(max(index, 0), count - 1)
  }

  /// Columns side by side: `array(columns).T`.
  static func transposed(_ columns: [[Double]], rows: Int) -> [Double] {
    var values: [Double] = []
    values.reserveCapacity(rows * columns.count)
    for row in 0..<rows {
      for column in columns { values.append(column[row]) }
    }
    return values
  }

  /// The same for values of any one type; nil where types differ.
  static func transposed(_ columns: [TensorValues], rows: Int) -> TensorValues? {
    guard let joined = ClassLabels.concatenate(columns.map { ClassLabels(values: $0) }) else { return nil }
    var indices: [Int] = []
    indices.reserveCapacity(rows * columns.count)
    for row in 0..<rows {
      for column in columns.indices { indices.append(column * rows + row) }
    }
    return joined.take(indices)
  }
}
