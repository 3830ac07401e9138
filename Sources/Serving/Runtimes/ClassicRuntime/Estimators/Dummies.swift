internal import InferenceProtocol
internal import ModelRuntime

/// A predictor that looks at no row.
protocol ConstantPredictor: Predictor {}

extension ConstantPredictor {
  var nanosecondsPerRow: Double { 20 }

  func repeated<Element>(_ values: [Element], _ rows: Int) -> [Element] {
    var result: [Element] = []
    result.reserveCapacity(values.count * rows)
    for _ in 0..<rows { result.append(contentsOf: values) }
    return result
  }
}

/// `sklearn.dummy.DummyClassifier` with a strategy that draws nothing.
struct DummyClassifier: ConstantPredictor {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  /// The labels of all outputs, one output after the other.
  let classes: ClassLabels
  /// Per output.
  let probabilities: [[Double]]
  /// The answer per output, an index among all `classes`.
  let labels: [Int]
  let hasLabels: Bool

  var memoryBytes: Int { 64 + classes.count * 16 }
  private var isSingle: Bool { probabilities.count == 1 }
  var classLabels: ClassLabels? { isSingle ? classes : nil }
  var outputs: [ModelSignature.TensorSpec] {
    [
      .init(
        name: outputName(), datatype: classes.datatype, shape: isSingle ? [-1] : [-1, probabilities.count])
    ]
  }
  var probabilityOutputs: [ModelSignature.TensorSpec]? {
    probabilities.enumerated().map { index, values in
      .init(name: outputName(index), datatype: .fp64, shape: [-1, values.count])
    }
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let shape = isSingle ? [rows.rows] : [rows.rows, labels.count]
    return [Tensor(name: outputName(), shape: shape, values: classes.take(repeated(labels, rows.rows)))]
  }

  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    probabilities.enumerated().map { index, values in
      Tensor(
        name: outputName(index), shape: [rows.rows, values.count],
        values: .float64(repeated(values, rows.rows)))
    }
  }
}

/// `sklearn.dummy.DummyRegressor`.
struct DummyRegressor: ConstantPredictor {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  /// Per output; the elements of numpy's type for the constant.
  let constants: TensorValues

  var memoryBytes: Int { 64 + constants.count * 8 }
  var outputs: [ModelSignature.TensorSpec] {
    let count = constants.count
    return [.init(name: outputName(), datatype: constants.datatype, shape: count == 1 ? [-1] : [-1, count])]
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let shape = constants.count == 1 ? [rows.rows] : [rows.rows, constants.count]
    let values: TensorValues
    switch constants {
    case .int64(let numbers): values = .int64(repeated(numbers, rows.rows))
    case .int32(let numbers): values = .int32(repeated(numbers, rows.rows))
    case .float32(let numbers): values = .float32(repeated(numbers, rows.rows))
    default: values = .float64(repeated(constants.doubles() ?? [], rows.rows))
    }
    return [Tensor(name: outputName(), shape: shape, values: values)]
  }
}
