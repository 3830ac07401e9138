internal import CShims
internal import InferenceProtocol
internal import ModelRuntime

/// `sklearn.metrics.pairwise.pairwise_kernels` with the rows that a model was fitted on.
struct PairwiseKernel: Sendable {
  enum Function: Sendable {
    case linear
    case radial(gamma: Double)
    case polynomial(degree: Double, gamma: Double, offset: Double)
    case sigmoid(gamma: Double, offset: Double)
    case cosine
    case laplacian(gamma: Double)
  }

  let function: Function
  let rows: BoundMatrix
  private let columns: FusedMatrix
  private let norms: [Double]

  init(function: Function, rows: BoundMatrix) {
    self.function = function
    self.rows = rows
    columns = FusedMatrix(rows.transposed)
    norms = (0..<rows.rows).map { index in
      Array(rows.row(index)).withUnsafeBufferPointer { NumpySums.sumOfSquares($0) }
    }
  }

  var memoryBytes: Int { rows.values.count * 16 }

  /// `[rows][training rows]`.
  func callAsFunction(_ values: [Double], count: Int) -> [Double] {
    let width = rows.columns
    if case .laplacian(let gamma) = function { return laplacian(values, count, gamma) }
    var result = columns.multiply(values, rows: count)
    let lengths = values.withUnsafeBufferPointer { values in
      (0..<count).map { row in
        NumpySums.sumOfSquares(UnsafeBufferPointer(rebasing: values[(row * width)..<((row + 1) * width)]))
      }
    }
    for index in result.indices {
      let (row, other) = (index / rows.rows, index % rows.rows)
      let product = result[index]
      switch function {
      case .linear, .laplacian: break
      case .radial(let gamma):
        result[index] = apus_exp(max(0, -2 * product + lengths[row] + norms[other]) * -gamma)
      case .polynomial(let degree, let gamma, let offset):
        result[index] = apus_pow(product * gamma + offset, degree)
      case .sigmoid(let gamma, let offset): result[index] = apus_tanh(product * gamma + offset)
      case .cosine:
        result[index] =
          product / PairwiseKernel.norm(lengths[row]) / PairwiseKernel.norm(norms[other])
      }
    }
    return result
  }

  /// A vector's length; one where it is as good as zero (`_handle_zeros_in_scale`).
  static func norm(_ square: Double) -> Double {
    let norm = square.squareRoot()
    return norm < 10 * Double.ulpOfOne ? 1 : norm
  }

  private func laplacian(_ values: [Double], _ count: Int, _ gamma: Double) -> [Double] {
    var result: [Double] = []
    result.reserveCapacity(count * rows.rows)
    for row in 0..<count {
      for other in 0..<rows.rows {
        var sum = 0.0
        for feature in 0..<rows.columns {
          sum += (values[row * rows.columns + feature] - rows[other, feature]).magnitude
        }
        result.append(apus_exp(-gamma * sum))
      }
    }
    return result
  }
}

/// `KernelRidge`: kernel values times dual coefficients.
struct KernelRegressor: Predictor {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let kernel: PairwiseKernel
  /// Training rows by targets.
  let coefficients: FusedMatrix
  let isFlat: Bool

  var nanosecondsPerRow: Double {
    60 + Double(kernel.rows.values.count) * 0.5 + 20 * Double(kernel.rows.rows)
  }
  var memoryBytes: Int { kernel.memoryBytes + coefficients.memoryBytes }
  var outputs: [ModelSignature.TensorSpec] {
    [.init(name: outputName(), datatype: .fp64, shape: isFlat ? [-1] : [-1, coefficients.width])]
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let values = try RowChecks.doubles(rows, for: identity)
    let result = coefficients.multiply(kernel(values, count: rows.rows), rows: rows.rows)
    let shape = isFlat ? [rows.rows] : [rows.rows, coefficients.width]
    return [Tensor(name: outputName(), shape: shape, values: .float64(result))]
  }
}

/// `KernelPCA` and `Nystroem`: kernel values, centered or not, times a matrix.
struct KernelTransformer: Transformer {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let kernel: PairwiseKernel
  /// `K_fit_rows_` and `K_fit_all_` of `KernelPCA`.
  let center: (rows: [Double], all: Double)?
  /// Training rows by output columns.
  let matrix: FusedMatrix

  var outputColumns: Int { matrix.width }
  var nanosecondsPerRow: Double {
    60 + Double(kernel.rows.values.count) * 0.5 + 20 * Double(kernel.rows.rows)
  }
  var memoryBytes: Int { kernel.memoryBytes + matrix.memoryBytes }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    let values = try RowChecks.doubles(rows, for: identity)
    var kernels = kernel(values, count: rows.rows)
    let width = kernel.rows.rows
    if let center {
      // The centerer checks the kernel's values as if they were a client's.
      let centerer = EstimatorIdentity(className: "KernelCenterer", featureCount: width)
      try RowChecks.requireFinite(kernels, allowsNaN: false, for: centerer)
      for row in 0..<rows.rows {
        let range = (row * width)..<((row + 1) * width)
        let mean = kernels[range].withUnsafeBufferPointer { NumpySums.sum($0) } / Double(width)
        for index in range {
          kernels[index] = kernels[index] - center.rows[index - row * width] - mean + center.all
        }
      }
    }
    return RowMatrix(
      rows: rows.rows, columns: matrix.width, values: .float64(matrix.multiply(kernels, rows: rows.rows)))
  }
}

/// `RBFSampler`: cosines of random projections.
struct RandomFourierFeatures: Transformer {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let weights: FusedMatrix
  let offsets: [Double]

  var outputColumns: Int { weights.width }
  var nanosecondsPerRow: Double {
    60 + Double(weights.depth * weights.width) * 0.5 + 15 * Double(weights.width)
  }
  var memoryBytes: Int { weights.memoryBytes }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    let values = try RowChecks.doubles(rows, for: identity)
    var result = weights.multiply(values, rows: rows.rows)
    let scale = (2 / Double(weights.width)).squareRoot()
    for index in result.indices {
      result[index] = apus_cos(result[index] + offsets[index % weights.width]) * scale
    }
    return RowMatrix(rows: rows.rows, columns: weights.width, values: .float64(result))
  }
}
