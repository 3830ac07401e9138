internal import InferenceProtocol
internal import ModelRuntime

/// `sklearn.svm.SVC` on dense rows, as libsvm's `svm_predict` computes it: one vote per pair of classes.
struct SupportVectorClassifier: Predictor {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let classes: ClassLabels
  let kernel: SupportVectorKernel
  /// Support vectors per class, in class order.
  let vectorsPerClass: [Int]
  /// `_dual_coef_`: `classes - 1` rows, each as long as there are support vectors.
  let coefficients: [Double]
  /// `_intercept_`, one per pair of classes.
  let intercepts: [Double]
  /// `break_ties=True` with more than two classes: the largest confidence wins instead of the votes.
  let breaksTies: Bool
  /// `probability=True`: there is a `predict_proba`, which fails if it was set only after fitting.
  let offersProbabilities: Bool
  /// `_probA`, `_probB`; nil where the model was fitted without probabilities.
  let calibration: PairwiseCalibration?

  var nanosecondsPerRow: Double {
    let vectors = Double(kernel.count)
    return 60 + vectors * (Double(kernel.featureCount) * 0.5 + 15 + Double(classes.count - 1))
  }
  var memoryBytes: Int { kernel.memoryBytes + (coefficients.count + intercepts.count) * 8 }
  var outputs: [ModelSignature.TensorSpec] {
    [.init(name: outputName(), datatype: classes.datatype, shape: [-1])]
  }
  var probabilityOutputs: [ModelSignature.TensorSpec]? {
    guard offersProbabilities else { return nil }
    return [.init(name: outputName(), datatype: .fp64, shape: [-1, classes.count])]
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    var indices: [Int] = []
    try forEachDecision(rows) { decisions in
      indices.append(breaksTies ? mostConfident(decisions) : mostVoted(decisions))
    }
    return [Tensor(name: outputName(), shape: [rows.rows], values: classes.take(indices))]
  }

  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    guard let calibration else {
      throw .failed("predict_proba is not available: this SVC was fitted with probability=False.")
    }
    var probabilities: [Double] = []
    try forEachDecision(rows) { decisions in
      probabilities.append(contentsOf: calibration.probabilities(decisions, classes: classes.count))
    }
    return [Tensor(name: outputName(), shape: [rows.rows, classes.count], values: .float64(probabilities))]
  }

  /// Calls `body` with the pairwise decision values of each row, in libsvm's pair order.
  private func forEachDecision(
    _ rows: RowMatrix, _ body: (UnsafeBufferPointer<Double>) -> Void
  ) throws(PredictError) {
    let values = rows.doubles()
    try RowChecks.requireFinite(values, allowsNaN: false, for: identity)
    try RowChecks.requireShape(rows, for: identity)
    let width = identity.featureCount
    let scratch = UnsafeMutableBufferPointer<Double>.allocate(capacity: kernel.paddedCount + intercepts.count)
    defer { scratch.deallocate() }
    let kernels = UnsafeMutableBufferPointer(rebasing: scratch[..<kernel.paddedCount])
    let decisions = UnsafeMutableBufferPointer(rebasing: scratch[kernel.paddedCount...])
    values.withUnsafeBufferPointer { values in
      for row in 0..<rows.rows {
        kernel.evaluate(
          UnsafeBufferPointer(rebasing: values[(row * width)..<((row + 1) * width)]), into: kernels)
        decide(kernels, into: decisions)
        body(UnsafeBufferPointer(decisions))
      }
    }
  }

  private func decide(
    _ kernels: UnsafeMutableBufferPointer<Double>, into decisions: UnsafeMutableBufferPointer<Double>
  ) {
    coefficients.withUnsafeBufferPointer { coefficients in
      var pair = 0
      var firstStart = 0
      for first in 0..<vectorsPerClass.count {
        var secondStart = firstStart + vectorsPerClass[first]
        for second in (first + 1)..<max(vectorsPerClass.count, first + 1) {
          var sum = 0.0
          let firstRow = (second - 1) * kernel.count
          let secondRow = first * kernel.count
          for vector in firstStart..<(firstStart + vectorsPerClass[first]) {
            sum += coefficients[firstRow + vector] * kernels[vector]
          }
          for vector in secondStart..<(secondStart + vectorsPerClass[second]) {
            sum += coefficients[secondRow + vector] * kernels[vector]
          }
          // libsvm subtracts rho, which is the negated intercept.
          decisions[pair] = sum - (-intercepts[pair])
          pair += 1
          secondStart += vectorsPerClass[second]
        }
        firstStart += vectorsPerClass[first]
      }
    }
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

  /// scikit-learn's `_ovr_decision_function`: votes plus a bounded sum of confidences.
  private func mostConfident(_ decisions: UnsafeBufferPointer<Double>) -> Int {
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
    return votes.withUnsafeBufferPointer { NumpySums.argmax($0) }
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
