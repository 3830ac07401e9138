internal import CShims
internal import InferenceProtocol
internal import ModelRuntime

/// The linear classifiers: `LogisticRegression`, `SGDClassifier`, `Perceptron`, `RidgeClassifier`,
/// `LinearSVC`,
/// `LinearDiscriminantAnalysis`, …
struct LinearClassifier: Predictor {
  /// How `predict_proba` turns scores into probabilities.
  enum Scheme: Sendable, Hashable {
    /// There is no `predict_proba`.
    case none
    /// Sigmoid per class, normalised over the classes; since 1.8 equal where all of them are zero.
    case oneVersusRest(equalWhereZero: Bool)
    case softmax
    /// `SGDClassifier(loss='modified_huber')`.
    case modifiedHuber
  }

  let identity: EstimatorIdentity
  let featureNames: [String]?
  let classes: ClassLabels
  let scheme: Scheme
  /// One score per class; a single one for two classes.
  let scores: LinearScores

  var takesSparse: Bool { true }
  var nanosecondsPerRow: Double { scores.nanosecondsPerRow }
  var memoryBytes: Int { scores.memoryBytes }
  var classLabels: ClassLabels? { classes }
  var outputs: [ModelSignature.TensorSpec] {
    [.init(name: outputName(), datatype: classes.datatype, shape: [-1])]
  }
  var probabilityOutputs: [ModelSignature.TensorSpec]? {
    guard scheme != .none else { return nil }
    return [.init(name: outputName(), datatype: .fp64, shape: [-1, classes.count])]
  }
  var decisionOutputs: [ModelSignature.TensorSpec]? {
    [.init(name: outputName(), datatype: .fp64, shape: scores.count == 1 ? [-1] : [-1, scores.count])]
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let values = try scores(rows, for: identity)
    let width = scores.count
    let indices: [Int] = values.withUnsafeBufferPointer { buffer in
      (0..<rows.rows).map { row in
        if width == 1 { return buffer[row] > 0 ? 1 : 0 }
        return NumpySums.argmax(UnsafeBufferPointer(rebasing: buffer[(row * width)..<((row + 1) * width)]))
      }
    }
    return [Tensor(name: outputName(), shape: [rows.rows], values: classes.take(indices))]
  }

  func decisionFunction(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let values = try scores(rows, for: identity)
    let shape = scores.count == 1 ? [rows.rows] : [rows.rows, scores.count]
    return [Tensor(name: outputName(), shape: shape, values: typed(values, rows))]
  }

  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let values = try scores(rows, for: identity)
    let width = scores.count
    let isSingle = scores.isSingle(rows)
    var probabilities: [Double] = []
    probabilities.reserveCapacity(rows.rows * classes.count)
    for row in 0..<rows.rows {
      append(values[(row * width)..<((row + 1) * width)], isSingle: isSingle, to: &probabilities)
    }
    // A binary modified Huber fills an array of doubles.
    let result = scheme == .modifiedHuber && width == 1 ? .float64(probabilities) : typed(probabilities, rows)
    return [Tensor(name: outputName(), shape: [rows.rows, classes.count], values: result)]
  }

  func rowModel(_ function: ModelFunction) -> (any RowModel)? {
    guard !scores.hasSingleCoefficients else { return nil }
    switch function {
    case .predict:
      guard let labels = RowLabels(classes) else { return nil }
      return LinearRowModel(
        scores: scores, outcome: .labels(labels),
        form: RowForm(
          columns: identity.featureCount, outputName: outputName(), outputDatatype: classes.datatype))
    case .decisionFunction:
      return LinearRowModel(
        scores: scores, outcome: .values(isExponential: false),
        form: RowForm(
          columns: identity.featureCount, outputName: outputName(), outputDatatype: .fp64,
          outputColumns: scores.count == 1 ? nil : scores.count))
    default: return nil
    }
  }

  private func typed(_ values: [Double], _ rows: RowMatrix) -> TensorValues {
    scores.isSingle(rows) ? .float32(values.map { Float($0) }) : .float64(values)
  }

  private func append(
    _ scores: ArraySlice<Double>, isSingle: Bool, to probabilities: inout [Double]
  ) {
    switch scheme {
    case .none: break
    case .softmax:
      let values = scores.count == 1 ? scores.flatMap { [-$0, $0] } : Array(scores)
      probabilities += Probabilities.softmax(values)
    case .oneVersusRest(let equalWhereZero):
      // In float32 the exponential of 89 is infinite, and its sigmoid zero.
      let values = scores.map {
        isSingle ? Double(Probabilities.sigmoid(Float($0))) : Probabilities.sigmoid($0)
      }
      if let only = values.first, values.count == 1 {
        probabilities += [1 - only, only]
      } else if equalWhereZero, values.allSatisfy({ $0 == 0 }) {
        probabilities += values.map { _ in 1 / Double(values.count) }
      } else {
        probabilities += Probabilities.normalized(values)
      }
    case .modifiedHuber:
      let values = scores.map { (min(max($0, -1), 1) + 1) / 2 }
      if let only = values.first, values.count == 1 {
        probabilities += [1 - only, only]
      } else if values.allSatisfy({ $0 == 0 }) {
        probabilities += values.map { _ in 1 / Double(values.count) }
      } else {
        probabilities += Probabilities.normalized(values)
      }
    }
  }
}

/// `RidgeClassifier` fitted on several labels at once: 1 where a score is positive.
struct MultilabelLinearClassifier: Predictor {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let scores: LinearScores

  var takesSparse: Bool { true }
  var nanosecondsPerRow: Double { scores.nanosecondsPerRow }
  var memoryBytes: Int { scores.memoryBytes }
  var outputs: [ModelSignature.TensorSpec] {
    [.init(name: outputName(), datatype: .int64, shape: [-1, scores.count])]
  }
  var decisionOutputs: [ModelSignature.TensorSpec]? {
    [.init(name: outputName(), datatype: .fp64, shape: [-1, scores.count])]
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let values = try scores(rows, for: identity)
    return [
      Tensor(
        name: outputName(), shape: [rows.rows, scores.count], values: .int64(values.map { $0 > 0 ? 1 : 0 }))
    ]
  }

  func decisionFunction(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let values = try scores(rows, for: identity)
    let result: TensorValues = scores.isSingle(rows) ? .float32(values.map { Float($0) }) : .float64(values)
    return [Tensor(name: outputName(), shape: [rows.rows, scores.count], values: result)]
  }
}
