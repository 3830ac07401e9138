internal import InferenceProtocol
internal import ModelRuntime

/// `SVC` and `NuSVC`, as libsvm's `svm_predict` computes them: one vote per pair of classes.
struct SupportVectorClassifier: Predictor {
  let featureNames: [String]?
  let classes: ClassLabels
  let machine: SupportVectorMachine
  /// `break_ties=True` with more than two classes: the largest confidence wins instead of the votes.
  let breaksTies: Bool
  /// `decision_function_shape='ovr'`: confidences per class instead of per pair.
  let decidesPerClass: Bool
  /// `probability=True`: there is a `predict_proba`, which fails if it was set only after fitting.
  let offersProbabilities: Bool
  /// `_probA`, `_probB`; nil where the model was fitted without probabilities.
  let calibration: PairwiseCalibration?

  var identity: EstimatorIdentity { machine.identity }
  var takesSparse: Bool { machine.isSparse }
  var nanosecondsPerRow: Double { machine.nanosecondsPerRow }
  var memoryBytes: Int { machine.memoryBytes }
  var classLabels: ClassLabels? { classes }
  var outputs: [ModelSignature.TensorSpec] {
    [.init(name: outputName(), datatype: classes.datatype, shape: [-1])]
  }
  var probabilityOutputs: [ModelSignature.TensorSpec]? {
    guard offersProbabilities else { return nil }
    return [.init(name: outputName(), datatype: .fp64, shape: [-1, classes.count])]
  }
  private var decisionWidth: Int {
    classes.count == 2 ? 1 : decidesPerClass ? classes.count : machine.intercepts.count
  }
  var decisionOutputs: [ModelSignature.TensorSpec]? {
    let shape = classes.count == 2 ? [-1] : [-1, decisionWidth]
    return [.init(name: outputName(), datatype: .fp64, shape: shape)]
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    var indices: [Int] = []
    indices.reserveCapacity(rows.rows)
    try machine.forEachDecision(rows) { decisions in
      indices.append(breaksTies ? mostConfident(decisions) : mostVoted(decisions))
    }
    return [Tensor(name: outputName(), shape: [rows.rows], values: classes.take(indices))]
  }

  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    guard let calibration else {
      throw .failed("predict_proba is not available: this SVC was fitted with probability=False.")
    }
    var probabilities: [Double] = []
    try machine.forEachDecision(rows) { decisions in
      probabilities.append(contentsOf: calibration.probabilities(decisions, classes: classes.count))
    }
    return [Tensor(name: outputName(), shape: [rows.rows, classes.count], values: .float64(probabilities))]
  }

  func decisionFunction(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    var values: [Double] = []
    try machine.forEachDecision(rows) { decisions in
      if classes.count == 2 {
        values.append(-decisions[0])
      } else if decidesPerClass {
        values.append(contentsOf: confidences(decisions))
      } else {
        values.append(contentsOf: decisions)
      }
    }
    if classes.count == 2 {
      // libsvm counts the other way round.
      return [Tensor(name: outputName(), shape: [rows.rows], values: .float64(values))]
    }
    return [Tensor(name: outputName(), shape: [rows.rows, decisionWidth], values: .float64(values))]
  }

  func rowModel(_ function: ModelFunction) -> (any RowModel)? {
    guard function == .predict, !breaksTies, let labels = RowLabels(classes) else { return nil }
    return SupportVectorRowModel(
      machine: machine, labels: labels,
      form: RowForm(
        columns: identity.featureCount, outputName: outputName(), outputDatatype: classes.datatype))
  }

  private func mostVoted(_ decisions: UnsafeBufferPointer<Double>) -> Int {
    withUnsafeTemporaryAllocation(of: Int.self, capacity: classes.count) { votes in
      votes.initialize(repeating: 0)
      forEachPair { pair, first, second in
        votes[decisions[pair] > 0 ? first : second] += 1
      }
      var best = 0
      for index in votes.indices where votes[index] > votes[best] { best = index }
      return best
    }
  }

  private func mostConfident(_ decisions: UnsafeBufferPointer<Double>) -> Int {
    confidences(decisions).withUnsafeBufferPointer { NumpySums.argmax($0) }
  }

  /// scikit-learn's `_ovr_decision_function`: votes plus a bounded sum of confidences.
  private func confidences(_ decisions: UnsafeBufferPointer<Double>) -> [Double] {
    var votes = [Double](repeating: 0, count: classes.count)
    var confidences = votes
    forEachPair { pair, first, second in
      let confidence = -decisions[pair]
      confidences[first] -= confidence
      confidences[second] += confidence
      votes[decisions[pair] < 0 ? second : first] += 1
    }
    for index in votes.indices {
      votes[index] += confidences[index] / (3 * (confidences[index].magnitude + 1))
    }
    return votes
  }

  private func forEachPair(_ body: (Int, Int, Int) -> Void) {
    var pair = 0
    for first in 0..<classes.count {
      for second in (first + 1)..<max(classes.count, first + 1) {
        body(pair, first, second)
        pair += 1
      }
    }
  }
}
