internal import CShims
internal import InferenceProtocol
internal import ModelRuntime

/// What one estimator of `AdaBoostClassifier` adds to the scores of the classes.
struct BoostingVote: Sendable {
  enum Algorithm: Sendable {
    /// The weight for the class that it predicts; for the others nothing (up to 1.2), or a negative share.
    case discrete(negatesOthers: Bool)
    /// Centred logarithms of its probabilities.
    case real
  }

  let algorithm: Algorithm
  let classes: Int

  func scores(label: Int, weight: Double, into scores: inout [Double]) {
    guard case .discrete(let negatesOthers) = algorithm else { return }
    let other = negatesOthers ? -1 / Double(classes - 1) * weight : 0
    for index in 0..<classes { scores.append(index == label ? weight : other) }
  }

  func scores(probabilities: some Collection<Double>, into scores: inout [Double]) {
    let logarithms = probabilities.map { apus_log(max($0, Double.ulpOfOne)) }
    let sum = logarithms.withUnsafeBufferPointer { NumpySums.sum($0) }
    let share = 1 / Double(classes) * sum
    for logarithm in logarithms { scores.append(Double(classes - 1) * (logarithm - share)) }
  }
}

/// `sklearn.ensemble.AdaBoostClassifier`.
struct AdaBoostClassifier: Predictor, MetaEstimator {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  /// Where all estimators are trees: the trees themselves, whose leaves hold the votes.
  let trees: TreeEnsemble?
  /// Empty where there are `trees`.
  let members: [any Predictor]
  let weights: [Double]
  let weightSum: Double
  let vote: BoostingVote
  let classes: ClassLabels

  var classLabels: ClassLabels? { classes }
  var nanosecondsPerRow: Double {
    trees?.nanosecondsPerRow ?? members.reduce(50) { $0 + $1.nanosecondsPerRow + 100 }
  }
  var memoryBytes: Int { trees?.memoryBytes ?? members.reduce(0) { $0 + $1.memoryBytes } }
  var outputs: [ModelSignature.TensorSpec] { MetaAnswer.flatSpec(classes.datatype) }
  var probabilityOutputs: [ModelSignature.TensorSpec]? { MetaAnswer.matrixSpec(classes.count) }
  var decisionOutputs: [ModelSignature.TensorSpec]? {
    classes.count == 2 ? MetaAnswer.flatSpec(.fp64) : MetaAnswer.matrixSpec(classes.count)
  }

  /// `[rows][classes]`, before they are divided by the weights' sum.
  private func sums(_ rows: RowMatrix) throws(PredictError) -> [Double] {
    if let trees { return try trees.sums(rows) }
    _ = try RowChecks.doubles(rows, for: identity)
    var sums = [Double](repeating: 0, count: rows.rows * classes.count)
    for (member, weight) in zip(members, weights) {
      var scores: [Double] = []
      scores.reserveCapacity(sums.count)
      switch vote.algorithm {
      case .discrete:
        for label in classes.indices(of: try member.predictionLabels(rows)) {
          vote.scores(label: label, weight: weight, into: &scores)
        }
      case .real:
        let numbers = try member.probabilityNumbers(rows)
        guard numbers.columns == classes.count else {
          throw .failed("\(member.identity.className) knows \(numbers.columns) of \(classes.count) classes")
        }
        for row in 0..<rows.rows {
          vote.scores(
            probabilities: numbers.values[(row * classes.count)..<((row + 1) * classes.count)],
            into: &scores)
        }
      }
      guard scores.count == sums.count else {
        throw .failed("\(member.identity.className) answers too few rows")
      }
      for index in sums.indices { sums[index] += scores[index] }
    }
    return sums
  }

  /// One decision per row for two classes, else one per class.
  @inline(__always)
  func decide(_ sums: UnsafeBufferPointer<Double>, into decisions: UnsafeMutableBufferPointer<Double>) {
    for index in sums.indices { decisions[index] = sums[index] / weightSum }
    if sums.count == 2 { decisions[0] = decisions[0] * -1 + decisions[1] }
  }

  @inline(__always)
  func label(_ decisions: UnsafeMutableBufferPointer<Double>) -> Int {
    if classes.count == 2 { return decisions[0] > 0 ? 1 : 0 }
    return NumpySums.argmax(UnsafeBufferPointer(decisions))
  }

  @inline(__always)
  func probabilities(_ decisions: UnsafeMutableBufferPointer<Double>, rows: Int) {
    if classes.count == 2 {
      let decision = decisions[0]
      decisions[0] = -decision / 2
      decisions[1] = decision / 2
    } else {
      for index in decisions.indices { decisions[index] /= Double(classes.count - 1) }
    }
    var isColumnMajor = false
    if case .discrete = vote.algorithm { isColumnMajor = true }
    ProbabilityRule.softmax(isColumnMajor: isColumnMajor || classes.count == 2)
      .apply(UnsafeBufferPointer(decisions), rows: rows, into: decisions)
  }

  private func forEachRow(
    _ rows: RowMatrix, _ body: (UnsafeMutableBufferPointer<Double>) -> Void
  ) throws(PredictError) {
    let sums = try sums(rows)
    let width = classes.count
    withUnsafeTemporaryAllocation(of: Double.self, capacity: width) { decisions in
      sums.withUnsafeBufferPointer { sums in
        for row in 0..<rows.rows {
          decide(UnsafeBufferPointer(rebasing: sums[(row * width)..<((row + 1) * width)]), into: decisions)
          body(decisions)
        }
      }
    }
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    var indices: [Int] = []
    try forEachRow(rows) { indices.append(label($0)) }
    return MetaAnswer.flat(classes.take(indices))
  }

  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    var values: [Double] = []
    try forEachRow(rows) { decisions in
      probabilities(decisions, rows: rows.rows)
      values.append(contentsOf: decisions)
    }
    return MetaAnswer.matrix(values, rows: rows.rows, columns: classes.count)
  }

  func decisionFunction(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    var values: [Double] = []
    try forEachRow(rows) { decisions in
      if classes.count == 2 { values.append(decisions[0]) } else { values.append(contentsOf: decisions) }
    }
    if classes.count == 2 { return MetaAnswer.flat(.float64(values)) }
    return MetaAnswer.matrix(values, rows: rows.rows, columns: classes.count)
  }

  func rowModel(_ function: ModelFunction) -> (any RowModel)? {
    guard let trees else { return nil }
    switch function {
    case .predict: return LabelElements(classes).map { AdaBoostRows(model: self, trees: trees, labels: $0) }
    case .predictProbabilities: return AdaBoostRows(model: self, trees: trees, labels: nil)
    default: return nil
    }
  }
}

/// An `AdaBoostClassifier` over trees without allocations.
struct AdaBoostRows: RowModel {
  let model: AdaBoostClassifier
  let trees: TreeEnsemble
  /// nil for probabilities.
  let labels: LabelElements?

  var form: RowForm {
    RowForm(
      columns: model.identity.featureCount, outputName: outputName(),
      outputDatatype: labels == nil ? .fp64 : model.classes.datatype,
      outputColumns: labels == nil ? model.classes.count : nil)
  }

  private var decisionBytes: Int { (model.classes.count * 8 + 15) & ~15 }
  func scratchBytes(rows: Int) -> Int { decisionBytes + trees.scratchBytes(rows: rows) }

  func predict(
    _ batch: RowBatch, into output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) -> Bool {
    guard let sums = trees.sums(batch, scratch: scratch + decisionBytes) else { return false }
    let width = model.classes.count
    let decisions = UnsafeMutableBufferPointer(
      start: scratch.bindMemory(to: Double.self, capacity: width), count: width)
    for row in 0..<batch.rows {
      model.decide(UnsafeBufferPointer(start: sums + row &* width, count: width), into: decisions)
      if let labels {
        labels.store(model.label(decisions), at: row, in: output)
      } else {
        model.probabilities(decisions, rows: batch.rows)
        for index in 0..<width {
          output.storeBytes(
            of: decisions[index], toByteOffset: (row &* width &+ index) &* 8, as: Double.self)
        }
      }
    }
    return true
  }
}

/// `sklearn.ensemble.AdaBoostRegressor`: the weighted median of what its estimators predict.
struct AdaBoostRegressor: Predictor, MetaEstimator {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let members: [any Predictor]
  let weights: [Double]

  var outputs: [ModelSignature.TensorSpec] { MetaAnswer.flatSpec(.fp64) }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    _ = try RowChecks.doubles(rows, for: identity)
    var columns: [[Double]] = []
    for member in members {
      let values = try member.predictionNumbers(rows).values
      guard values.count == rows.rows else {
        throw .failed("\(member.identity.className) predicts several numbers per row")
      }
      columns.append(values)
    }
    let values = (0..<rows.rows).map { row in median(columns.map { $0[row] }) }
    return MetaAnswer.flat(.float64(values))
  }

  private func median(_ predictions: [Double]) -> Double {
    // Equal predictions in their order: which of them is the median makes no difference.
    let order = predictions.indices.sorted { left, right in
      predictions[left] < predictions[right] || (predictions[left] == predictions[right] && left < right)
    }
    var cumulative: [Double] = []
    var sum = 0.0
    for index in order {
      sum += weights[index]
      cumulative.append(sum)
    }
    let place = cumulative.firstIndex { $0 >= 0.5 * sum } ?? 0
    return predictions[order[place]]
  }
}
