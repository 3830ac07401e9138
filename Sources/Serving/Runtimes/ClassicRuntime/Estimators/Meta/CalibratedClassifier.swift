internal import CShims
internal import InferenceProtocol
internal import ModelRuntime

/// One function from a classifier's score to a probability.
enum Calibrator: Sendable {
  /// `expit(-(a * score + b))`.
  case sigmoid(slope: Double, offset: Double)
  /// Piecewise linear between thresholds.
  case isotonic(IsotonicSteps)

  func apply(_ score: Double) -> Double {
    switch self {
    case .sigmoid(let slope, let offset): Probabilities.sigmoid(-(slope * score + offset))
    case .isotonic(let steps): steps.value(score)
    }
  }
}

/// What `IsotonicRegression` learnt; scores beyond the ends count as the ends.
struct IsotonicSteps: Sendable {
  /// Ascending, as many as `values`, at least one.
  let thresholds: [Double]
  let values: [Double]
  let least: Double
  let most: Double

  /// `numpy.interp(clip(score))`.
  func value(_ score: Double) -> Double {
    if score.isNaN { return score }
    let score = min(max(score, least), most)
    if values.count == 1 { return values[0] }
    if score < thresholds[0] { return values[0] }
    var low = 0
    var high = thresholds.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if thresholds[middle] <= score { low = middle } else { high = middle }
    }
    if low == thresholds.count - 1 || thresholds[low] == score { return values[low] }
    let slope = (values[low + 1] - values[low]) / (thresholds[low + 1] - thresholds[low])
    let result = slope * (score - thresholds[low]) + values[low]
    guard result.isNaN else { return result }
    let other = slope * (score - thresholds[low + 1]) + values[low + 1]
    return other.isNaN && values[low] == values[low + 1] ? values[low] : other
  }
}

/// One of the classifiers of a `CalibratedClassifierCV`, with its calibration.
struct CalibratedMember: Sendable {
  enum Calibration: Sendable {
    /// One calibrator per score column; `places` are the classes that they stand for.
    case perClass([Calibrator], places: [Int])
    /// `softmax(beta * logits)`.
    case temperature(Double)
  }

  let predictor: any Predictor
  let calibration: Calibration
  let classes: Int

  /// `[rows][classes]`.
  func probabilities(_ rows: RowMatrix) throws(PredictError) -> [Double] {
    let scores = try scores(rows)
    var result = [Double](repeating: 0, count: rows.rows * classes)
    switch calibration {
    case .perClass(let calibrators, let places):
      for row in 0..<rows.rows {
        for (column, (calibrator, place)) in zip(calibrators, places).enumerated()
        where column < scores.columns {
          let target = classes == 2 ? place + 1 : place
          guard target < classes else { continue }
          let score = scores.values[row * scores.columns + column]
          if case .isotonic = calibrator { try RowChecks.requireFinite(handedOn: [score]) }
          result[row * classes + target] = calibrator.apply(score)
        }
        normalize(&result, row)
      }
    case .temperature(let beta):
      let logits = try logits(scores, rows: rows.rows)
      for row in 0..<rows.rows {
        let values = logits[(row * classes)..<((row + 1) * classes)].map { beta * $0 }
        result.replaceSubrange((row * classes)..<((row + 1) * classes), with: Probabilities.softmax(values))
      }
    }
    for index in result.indices where result[index] > 1 && result[index] <= 1 + 1e-5 { result[index] = 1 }
    return result
  }

  /// `decision_function` where there is one; of two classes' probabilities the second.
  private func scores(_ rows: RowMatrix) throws(PredictError) -> MemberNumbers {
    if predictor.decisionOutputs != nil { return try predictor.decisionNumbers(rows) }
    let numbers = try predictor.probabilityNumbers(rows)
    guard classes == 2 else { return numbers }
    return MemberNumbers(values: numbers.column(numbers.columns - 1), columns: 1, isFlat: false)
  }

  private func normalize(_ values: inout [Double], _ row: Int) {
    let start = row * classes
    if classes == 2 {
      values[start] = 1 - values[start + 1]
      return
    }
    let sum = values[start..<(start + classes)].withUnsafeBufferPointer { NumpySums.sum($0) }
    for index in start..<(start + classes) {
      values[index] = sum == 0 ? 1 / Double(classes) : values[index] / sum
    }
  }

  private func logits(_ scores: MemberNumbers, rows: Int) throws(PredictError) -> [Double] {
    var columns = scores.columns
    var values = scores.values
    var isProbability = false
    if columns == 1 {
      guard classes == 2 else { throw .failed("\(predictor.identity.className) answers one score per row") }
      isProbability = predictor.decisionOutputs == nil
      values = values.flatMap { isProbability ? [1 - $0, $0] : [-$0, $0] }
      columns = 2
      if !isProbability { return values }
    }
    guard columns == classes else {
      throw .failed("\(predictor.identity.className) answers \(columns) scores for \(classes) classes")
    }
    let areFractions = values.allSatisfy { $0 >= 0 && $0 <= 1 }
    let sumToOne = stride(from: 0, to: values.count, by: columns).allSatisfy { start in
      let sum = values[start..<(start + columns)].withUnsafeBufferPointer { NumpySums.sum($0) }
      return (sum - 1).magnitude <= 1e-5 + 1e-8
    }
    guard areFractions, sumToOne else { return values }
    return values.map { apus_log($0 + 1e-12) }
  }
}

/// `sklearn.calibration.CalibratedClassifierCV`.
struct CalibratedClassifier: Predictor, MetaEstimator {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let calibrated: [CalibratedMember]
  let classes: ClassLabels

  var members: [any Predictor] { calibrated.map(\.predictor) }
  var classLabels: ClassLabels? { classes }
  var outputs: [ModelSignature.TensorSpec] { MetaAnswer.flatSpec(classes.datatype) }
  var probabilityOutputs: [ModelSignature.TensorSpec]? { MetaAnswer.matrixSpec(classes.count) }

  private func probabilities(_ rows: RowMatrix) throws(PredictError) -> [Double] {
    var sums = [Double](repeating: 0, count: rows.rows * classes.count)
    for member in calibrated {
      let values = try member.probabilities(rows)
      for index in sums.indices { sums[index] += values[index] }
    }
    for index in sums.indices { sums[index] /= Double(calibrated.count) }
    return sums
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    MetaAnswer.flat(classes.take(MetaAnswer.largest(try probabilities(rows), columns: classes.count)))
  }

  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    MetaAnswer.matrix(try probabilities(rows), rows: rows.rows, columns: classes.count)
  }
}
