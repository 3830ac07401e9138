internal import InferenceProtocol
internal import ModelRuntime

/// Every classifier whose scores are sums over trees: decision trees, forests, both gradient boostings.
struct TreeClassifier: Predictor {
  let ensemble: TreeEnsemble
  /// Where the sums start per row instead of at the same numbers: an `init` estimator.
  let initial: InitialScores?
  let featureNames: [String]?
  /// The labels of all outputs, one output after the other.
  let classes: ClassLabels
  /// How many of them belong to each output; several outputs only where scores are means.
  let classCounts: [Int]
  let probabilityRule: ProbabilityRule
  let labelRule: LabelRule
  let hasDecisionFunction: Bool

  var identity: EstimatorIdentity { ensemble.identity }
  var nanosecondsPerRow: Double { ensemble.nanosecondsPerRow + (initial?.predictor.nanosecondsPerRow ?? 0) }
  var memoryBytes: Int { ensemble.memoryBytes + (initial?.predictor.memoryBytes ?? 0) }
  private var isSingleOutput: Bool { classCounts.count == 1 }
  var classLabels: ClassLabels? { isSingleOutput ? classes : nil }

  /// Scores of one row that belong to classes; label indices may follow them.
  var scoreCount: Int {
    if case .logistic = probabilityRule { return 1 }
    return classCounts.reduce(0, +)
  }

  var outputs: [ModelSignature.TensorSpec] {
    let shape = isSingleOutput ? [-1] : [-1, classCounts.count]
    return [.init(name: outputName(), datatype: classes.datatype, shape: shape)]
  }
  var probabilityOutputs: [ModelSignature.TensorSpec]? {
    classCounts.enumerated().map { index, count in
      .init(name: outputName(index), datatype: .fp64, shape: [-1, count])
    }
  }
  var decisionOutputs: [ModelSignature.TensorSpec]? {
    guard hasDecisionFunction else { return nil }
    return [.init(name: outputName(), datatype: .fp64, shape: scoreCount == 1 ? [-1] : [-1, scoreCount])]
  }

  private func scores(_ rows: RowMatrix) throws(PredictError) -> [Double] {
    guard let initial else { return try ensemble.sums(rows) }
    try ensemble.check(rows)
    var sums = try initial.scores(rows)
    ensemble.add(checked: rows, to: &sums)
    return sums
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let scores = try scores(rows)
    var indices: [Int] = []
    indices.reserveCapacity(rows.rows * classCounts.count)
    let scratch = UnsafeMutableBufferPointer<Double>.allocate(capacity: probabilityCount)
    defer { scratch.deallocate() }
    scores.withUnsafeBufferPointer { scores in
      let width = ensemble.outputs
      for row in 0..<rows.rows {
        let rowScores = UnsafeBufferPointer(rebasing: scores[(row * width)..<((row + 1) * width)])
        forEachLabel(rowScores, rows: rows.rows, scratch: scratch) { indices.append($0) }
      }
    }
    let shape = isSingleOutput ? [rows.rows] : [rows.rows, classCounts.count]
    return [Tensor(name: outputName(), shape: shape, values: classes.take(indices))]
  }

  var probabilityCount: Int { probabilityRule.count(scores: scoreCount) }

  /// Calls `body` with the index of each output's label among all `classes`.
  @inline(__always)
  func forEachLabel(
    _ scores: UnsafeBufferPointer<Double>, rows: Int, scratch: UnsafeMutableBufferPointer<Double>,
    _ body: (Int) -> Void
  ) {
    switch labelRule {
    case .positive(let orZero): body(scores[0] > 0 || (orZero && scores[0] == 0) ? 1 : 0)
    case .largestScore:
      body(NumpySums.argmax(UnsafeBufferPointer(rebasing: scores[..<scoreCount])))
    case .largestProbability:
      probabilityRule.apply(UnsafeBufferPointer(rebasing: scores[..<scoreCount]), rows: rows, into: scratch)
      var start = 0
      for count in classCounts {
        body(start + NumpySums.argmax(UnsafeBufferPointer(rebasing: scratch[start..<(start + count)])))
        start += count
      }
    case .given:
      var start = 0
      for (output, count) in classCounts.enumerated() {
        body(start + min(max(Int(scores[scoreCount + output]), 0), count - 1))
        start += count
      }
    }
  }

  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let probabilities = self.probabilities(try scores(rows), rows: rows.rows)
    let width = probabilityCount
    if isSingleOutput {
      return [Tensor(name: outputName(), shape: [rows.rows, width], values: .float64(probabilities))]
    }
    var tensors: [Tensor] = []
    var start = 0
    for (index, count) in classCounts.enumerated() {
      var values: [Double] = []
      values.reserveCapacity(rows.rows * count)
      for row in 0..<rows.rows {
        let base = row * width + start
        values.append(contentsOf: probabilities[base..<(base + count)])
      }
      tensors.append(Tensor(name: outputName(index), shape: [rows.rows, count], values: .float64(values)))
      start += count
    }
    return tensors
  }

  private func probabilities(_ scores: [Double], rows: Int) -> [Double] {
    let width = probabilityCount
    let stride = ensemble.outputs
    return [Double](unsafeUninitializedCapacity: rows * width) { output, count in
      scores.withUnsafeBufferPointer { scores in
        for row in 0..<rows {
          probabilityRule.apply(
            UnsafeBufferPointer(rebasing: scores[(row * stride)..<(row * stride + scoreCount)]), rows: rows,
            into: UnsafeMutableBufferPointer(rebasing: output[(row * width)..<((row + 1) * width)]))
        }
      }
      count = rows * width
    }
  }

  func decisionFunction(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let scores = try scores(rows)
    let shape = scoreCount == 1 ? [rows.rows] : [rows.rows, scoreCount]
    return [Tensor(name: outputName(), shape: shape, values: .float64(scores))]
  }

  func rowModel(_ function: ModelFunction) -> (any RowModel)? {
    guard initial == nil, isSingleOutput else { return nil }
    switch function {
    case .predict: return TreeLabelRows(self)
    case .predictProbabilities: return TreeProbabilityRows(self)
    default: return nil
    }
  }
}
