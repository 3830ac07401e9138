internal import CShims
internal import InferenceProtocol
internal import ModelRuntime

/// `GaussianMixture` and `BayesianGaussianMixture`.
struct GaussianMixture: Predictor {
  /// One component: rows minus mean, times a triangular matrix.
  struct Component: Sendable {
    let mean: [Double]
    /// The precision's Cholesky factor: a matrix, or its diagonal.
    let matrix: FusedMatrix?
    let diagonal: [Double]
    /// What is added to minus half the squared length.
    let constant: Double
  }

  let identity: EstimatorIdentity
  let featureNames: [String]?
  let components: [Component]

  var nanosecondsPerRow: Double {
    60 + Double(components.count * (30 + identity.featureCount * identity.featureCount))
  }
  var memoryBytes: Int { components.reduce(0) { $0 + ($1.matrix?.memoryBytes ?? 0) + 64 } }
  var outputs: [ModelSignature.TensorSpec] { [.init(name: outputName(), datatype: .int64, shape: [-1])] }
  var probabilityOutputs: [ModelSignature.TensorSpec]? {
    [.init(name: outputName(), datatype: .fp64, shape: [-1, components.count])]
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let labels = try scores(rows).map { row in
      Int64(row.withUnsafeBufferPointer { NumpySums.argmax($0) })
    }
    return [Tensor(name: outputName(), shape: [rows.rows], values: .int64(labels))]
  }

  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let values = try scores(rows).flatMap { row in
      let total = Probabilities.logSumExp(row)
      return row.map { apus_exp($0 - total) }
    }
    return [Tensor(name: outputName(), shape: [rows.rows, components.count], values: .float64(values))]
  }

  private func scores(_ rows: RowMatrix) throws(PredictError) -> [[Double]] {
    let values = try RowChecks.doubles(rows, for: identity)
    let width = identity.featureCount
    return (0..<rows.rows).map { row in
      components.map { component in
        var centered = (0..<width).map { values[row * width + $0] - component.mean[$0] }
        if let matrix = component.matrix {
          centered = matrix.multiply(centered, rows: 1)
        } else {
          for feature in 0..<width { centered[feature] *= component.diagonal[feature] }
        }
        return component.constant - 0.5 * centered.reduce(0) { $0 + $1 * $1 }
      }
    }
  }
}
