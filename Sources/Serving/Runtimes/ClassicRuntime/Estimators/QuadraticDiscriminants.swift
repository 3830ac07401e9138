internal import CShims
internal import InferenceProtocol
internal import ModelRuntime

/// `sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis`.
struct QuadraticDiscriminants: Predictor {
  struct ClassModel: Sendable {
    let mean: [Double]
    /// Rotations over the roots of the scalings.
    let matrix: FusedMatrix
    /// Sum of the scalings' logarithms.
    let logScale: Double
    let logPrior: Double
  }

  let identity: EstimatorIdentity
  let featureNames: [String]?
  let classes: ClassLabels
  let models: [ClassModel]
  /// Newer versions take the logarithm of the sum first.
  let usesLogarithms: Bool

  var nanosecondsPerRow: Double { models.reduce(60) { $0 + 2 * Double($1.matrix.depth * $1.matrix.width) } }
  var memoryBytes: Int { models.reduce(0) { $0 + $1.matrix.memoryBytes } }
  var classLabels: ClassLabels? { classes }
  var outputs: [ModelSignature.TensorSpec] {
    [.init(name: outputName(), datatype: classes.datatype, shape: [-1])]
  }
  var probabilityOutputs: [ModelSignature.TensorSpec]? {
    [.init(name: outputName(), datatype: .fp64, shape: [-1, classes.count])]
  }
  var decisionOutputs: [ModelSignature.TensorSpec]? {
    [.init(name: outputName(), datatype: .fp64, shape: classes.count == 2 ? [-1] : [-1, classes.count])]
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let best = try scores(rows).map { row in row.withUnsafeBufferPointer { NumpySums.argmax($0) } }
    return [Tensor(name: outputName(), shape: [rows.rows], values: classes.take(best))]
  }

  func decisionFunction(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let scores = try scores(rows)
    if classes.count == 2 {
      return [Tensor(name: outputName(), shape: [rows.rows], values: .float64(scores.map { $0[1] - $0[0] }))]
    }
    return [
      Tensor(
        name: outputName(), shape: [rows.rows, classes.count], values: .float64(scores.flatMap { $0 }))
    ]
  }

  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let probabilities = try scores(rows).flatMap { row in
      let largest = row.max() ?? 0
      let shifted = row.map { $0 - largest }
      let terms = shifted.map { apus_exp($0) }
      let sum = terms.reduce(0, +)
      return usesLogarithms
        ? shifted.map { apus_exp($0 - apus_log(sum)) } : terms.map { $0 / sum }
    }
    return [
      Tensor(name: outputName(), shape: [rows.rows, classes.count], values: .float64(probabilities))
    ]
  }

  private func scores(_ rows: RowMatrix) throws(PredictError) -> [[Double]] {
    let values = try RowChecks.doubles(rows, for: identity)
    let width = identity.featureCount
    return (0..<rows.rows).map { row in
      models.map { model in
        let centered = (0..<width).map { values[row * width + $0] - model.mean[$0] }
        let projected = model.matrix.multiply(centered, rows: 1).map { $0 * $0 }
        let norm = projected.withUnsafeBufferPointer { NumpySums.sum($0) }
        return -0.5 * (norm + model.logScale) + model.logPrior
      }
    }
  }
}
