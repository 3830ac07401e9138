internal import InferenceProtocol
internal import ModelRuntime

/// `EllipticEnvelope` and `SGDOneClassSVM`: 1 for rows on the inner side of a border, -1 beyond.
struct OutlierDetector: Predictor {
  enum Score: Sendable {
    /// Minus the squared Mahalanobis distance.
    case ellipse(center: [Double], precision: BoundMatrix)
    case linear(LinearScores)
  }

  let identity: EstimatorIdentity
  let featureNames: [String]?
  let score: Score
  let offset: Double

  var nanosecondsPerRow: Double { 60 + Double(identity.featureCount * identity.featureCount) }
  var memoryBytes: Int { identity.featureCount * identity.featureCount * 8 }
  private var isLinear: Bool {
    if case .linear = score { return true }
    return false
  }
  var outputs: [ModelSignature.TensorSpec] {
    [.init(name: outputName(), datatype: isLinear ? .int32 : .int64, shape: [-1])]
  }
  var decisionOutputs: [ModelSignature.TensorSpec]? {
    [.init(name: outputName(), datatype: .fp64, shape: [-1])]
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let decisions = try decisions(rows)
    let labels: TensorValues =
      isLinear ? .int32(decisions.map { $0 >= 0 ? 1 : -1 }) : .int64(decisions.map { $0 >= 0 ? 1 : -1 })
    return [Tensor(name: outputName(), shape: [rows.rows], values: labels)]
  }

  func decisionFunction(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    [Tensor(name: outputName(), shape: [rows.rows], values: .float64(try decisions(rows)))]
  }

  private func decisions(_ rows: RowMatrix) throws(PredictError) -> [Double] {
    switch score {
    case .linear(let scores): return try scores(rows, for: identity).map { $0 - offset }
    case .ellipse(let center, let precision):
      let values = try RowChecks.doubles(rows, for: identity)
      let width = identity.featureCount
      return (0..<rows.rows).map { row in
        let difference = (0..<width).map { values[row * width + $0] - center[$0] }
        var total = 0.0
        for left in 0..<width {
          var sum = 0.0
          for right in 0..<width { sum += difference[right] * precision[left, right] }
          total += sum * difference[left]
        }
        let distance = total.squareRoot()
        return -(distance * distance) - offset
      }
    }
  }
}

/// `sklearn.isotonic.IsotonicRegression`: a line from threshold to threshold.
struct IsotonicRegressor: Predictor {
  enum Outside: Sendable { case clip, nan, refuse }

  let identity: EstimatorIdentity
  let featureNames: [String]? = nil
  let thresholds: [Double]
  let values: [Double]
  let outside: Outside
  /// Thresholds are float32, and so is the answer.
  let isSingle: Bool

  var nanosecondsPerRow: Double { 60 }
  var memoryBytes: Int { thresholds.count * 16 }
  var outputs: [ModelSignature.TensorSpec] {
    [.init(name: outputName(), datatype: isSingle ? .fp32 : .fp64, shape: [-1])]
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let inputs = isSingle ? rows.floats().map { Double($0) } : rows.doubles()
    try RowChecks.requireFinite(inputs, allowsNaN: false, for: identity)
    try RowChecks.requireShape(rows, for: identity)
    let (low, high) = (thresholds[0], thresholds[thresholds.count - 1])
    var result: [Double] = []
    for input in inputs {
      if input < low || input > high {
        switch outside {
        case .clip: break
        case .nan:
          result.append(values.count == 1 ? values[0] : .nan)
          continue
        case .refuse:
          let side = input < low ? "below" : "above"
          throw .invalidInput("A value (\(input)) in x_new is \(side) the interpolation range.")
        }
      }
      result.append(interpolate(min(max(input, low), high)))
    }
    let typed: TensorValues = isSingle ? .float32(result.map { Float($0) }) : .float64(result)
    return [Tensor(name: outputName(), shape: [rows.rows], values: typed)]
  }

  private func interpolate(_ value: Double) -> Double {
    var (low, high) = (0, thresholds.count)
    while low < high {
      let middle = (low + high) / 2
      if value >= thresholds[middle] { low = middle + 1 } else { high = middle }
    }
    let index = low - 1
    if index < 0 { return values[0] }
    if index == thresholds.count - 1 || thresholds[index] == value { return values[index] }
    let slope = (values[index + 1] - values[index]) / (thresholds[index + 1] - thresholds[index])
    return slope * (value - thresholds[index]) + values[index]
  }
}
