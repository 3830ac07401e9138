internal import InferenceProtocol
internal import ModelRuntime

/// The stand-in for a class that all or none of the rows had.
struct ConstantClassPredictor: ConstantPredictor {
  let identity: EstimatorIdentity
  var featureNames: [String]? { nil }
  let value: Double

  var memoryBytes: Int { 16 }
  var classLabels: ClassLabels? { ClassLabels(values: .int64([0, 1])) }
  var outputs: [ModelSignature.TensorSpec] { MetaAnswer.flatSpec(.fp64) }
  var probabilityOutputs: [ModelSignature.TensorSpec]? { MetaAnswer.matrixSpec(2) }
  var decisionOutputs: [ModelSignature.TensorSpec]? { MetaAnswer.flatSpec(.fp64) }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    MetaAnswer.flat(.float64(repeated([value], rows.rows)))
  }

  func decisionFunction(_ rows: RowMatrix) throws(PredictError) -> [Tensor] { try predict(rows) }

  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    MetaAnswer.matrix(repeated([1 - value, value], rows.rows), rows: rows.rows, columns: 2)
  }
}

/// `sklearn.multiclass.OneVsRestClassifier`.
struct OneVsRestClassifier: Predictor, MetaEstimator {
  enum Target: Sendable { case binary, multiclass, multilabel }

  let identity: EstimatorIdentity
  let featureNames: [String]?
  let members: [any Predictor]
  let classes: ClassLabels
  let target: Target
  /// Of classes with equal scores the first wins since 1.9, before that the last.
  let prefersFirst: Bool
  /// Since 1.9 rows without any probability stay zeros instead of becoming NaN.
  let keepsZeroSums: Bool

  var classLabels: ClassLabels? { target == .multilabel ? nil : classes }
  var outputs: [ModelSignature.TensorSpec] {
    target == .multilabel
      ? MetaAnswer.matrixSpec(members.count, .int64) : MetaAnswer.flatSpec(classes.datatype)
  }
  var probabilityOutputs: [ModelSignature.TensorSpec]? {
    guard members.allSatisfy({ $0.probabilityOutputs != nil }) else { return nil }
    return MetaAnswer.matrixSpec(max(members.count, 2))
  }
  var decisionOutputs: [ModelSignature.TensorSpec]? {
    guard members.allSatisfy({ $0.decisionOutputs != nil }) else { return nil }
    return members.count == 1 ? MetaAnswer.flatSpec(.fp64) : MetaAnswer.matrixSpec(members.count)
  }

  private func scores(_ rows: RowMatrix) throws(PredictError) -> [[Double]] {
    var scores: [[Double]] = []
    for member in members { scores.append(try member.binaryScores(rows)) }
    return scores
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let scores = try scores(rows)
    if target == .multiclass {
      let indices = (0..<rows.rows).map { row in best(scores.map { $0[row] }) }
      return MetaAnswer.flat(classes.take(indices))
    }
    let hasDecision = members.first.map { $0.decisionOutputs != nil && $0.isClassifier } ?? false
    let threshold = hasDecision ? 0 : 0.5
    if target == .binary {
      let column = scores.first ?? []
      return MetaAnswer.flat(classes.take(column.map { $0 > threshold ? 1 : 0 }))
    }
    var values: [Int64] = []
    for row in 0..<rows.rows { values += scores.map { $0[row] > threshold ? 1 : 0 } }
    return [Tensor(name: outputName(), shape: [rows.rows, scores.count], values: .int64(values))]
  }

  private func best(_ scores: [Double]) -> Int {
    var largest = -Double.infinity
    var best = 0
    for (place, score) in scores.enumerated() where prefersFirst ? score > largest : score >= largest {
      largest = score
      best = place
    }
    return best
  }

  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    var columns: [[Double]] = []
    for member in members { columns.append(try member.secondProbabilities(rows)) }
    if columns.count == 1 { columns.insert(columns[0].map { 1 - $0 }, at: 0) }
    if target != .multilabel {
      for row in 0..<rows.rows {
        var sum = columns[0][row]
        for column in columns.dropFirst() { sum += column[row] }
        if keepsZeroSums, sum == 0 { continue }
        for index in columns.indices { columns[index][row] /= sum }
      }
    }
    let values = MetaAnswer.transposed(columns, rows: rows.rows)
    return MetaAnswer.matrix(values, rows: rows.rows, columns: columns.count)
  }

  func decisionFunction(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    var columns: [[Double]] = []
    for member in members { columns.append(try member.decisionNumbers(rows).values) }
    if columns.count == 1 { return MetaAnswer.flat(.float64(columns[0])) }
    let values = MetaAnswer.transposed(columns, rows: rows.rows)
    return MetaAnswer.matrix(values, rows: rows.rows, columns: columns.count)
  }
}

/// `sklearn.multiclass.OneVsOneClassifier`.
struct OneVsOneClassifier: Predictor, MetaEstimator {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  /// One per pair of classes, (0, 1), (0, 2), …
  let members: [any Predictor]
  let classes: ClassLabels

  var classLabels: ClassLabels? { classes }
  var outputs: [ModelSignature.TensorSpec] { MetaAnswer.flatSpec(classes.datatype) }
  var decisionOutputs: [ModelSignature.TensorSpec]? {
    classes.count == 2 ? MetaAnswer.flatSpec(.fp64) : MetaAnswer.matrixSpec(classes.count)
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let confidences = try confidences(rows)
    guard classes.count == 2, let first = members.first else {
      return MetaAnswer.flat(classes.take(MetaAnswer.largest(confidences, columns: classes.count)))
    }
    let threshold = first.decisionOutputs != nil && first.isClassifier ? 0 : 0.5
    let indices = (0..<rows.rows).map { confidences[$0 * 2 + 1] > threshold ? 1 : 0 }
    return MetaAnswer.flat(classes.take(indices))
  }

  func decisionFunction(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let confidences = try confidences(rows)
    if classes.count == 2 {
      return MetaAnswer.flat(.float64((0..<rows.rows).map { confidences[$0 * 2 + 1] }))
    }
    return MetaAnswer.matrix(confidences, rows: rows.rows, columns: classes.count)
  }

  /// Votes plus a bounded sum of confidences, `[rows][classes]`.
  private func confidences(_ rows: RowMatrix) throws(PredictError) -> [Double] {
    let width = classes.count
    var votes = [Double](repeating: 0, count: rows.rows * width)
    var sums = votes
    var pair = 0
    for first in 0..<width {
      for second in (first + 1)..<max(width, first + 1) {
        let labels = try members[pair].predictionNumbers(rows).values
        let scores = try members[pair].binaryScores(rows)
        for row in 0..<rows.rows {
          sums[row * width + first] -= scores[row]
          sums[row * width + second] += scores[row]
          if labels[row] == 0 { votes[row * width + first] += 1 }
          if labels[row] == 1 { votes[row * width + second] += 1 }
        }
        pair += 1
      }
    }
    for index in votes.indices { votes[index] += sums[index] / (3 * (sums[index].magnitude + 1)) }
    return votes
  }
}

/// `sklearn.multiclass.OutputCodeClassifier`: the class whose code lies nearest to the scores.
struct OutputCodeClassifier: Predictor, MetaEstimator {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let members: [any Predictor]
  let classes: ClassLabels
  /// `[class][member]`.
  let codes: [Double]

  var classLabels: ClassLabels? { classes }
  var outputs: [ModelSignature.TensorSpec] { MetaAnswer.flatSpec(classes.datatype) }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    var scores: [[Double]] = []
    for member in members { scores.append(try member.binaryScores(rows)) }
    let indices = (0..<rows.rows).map { row in nearest(scores.map { $0[row] }) }
    return MetaAnswer.flat(classes.take(indices))
  }

  private func nearest(_ scores: [Double]) -> Int {
    let width = scores.count
    let own = scores.reduce(0) { $0 + $1 * $1 }
    var best = 0
    var least = Double.infinity
    for place in 0..<classes.count {
      var product = 0.0
      var square = 0.0
      for index in 0..<width {
        let code = codes[place * width + index]
        product += scores[index] * code
        square += code * code
      }
      let distance = -2 * product + own + square
      if distance < least {
        least = distance
        best = place
      }
    }
    return best
  }
}
