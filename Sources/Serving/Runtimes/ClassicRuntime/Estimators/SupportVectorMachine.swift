internal import InferenceProtocol
internal import ModelRuntime

/// What all of libsvm's models share: support vectors, their coefficients, and the sums that decide.
struct SupportVectorMachine: Sendable {
  enum Vectors: Sendable {
    case dense(SupportVectorKernel)
    case sparse(SparseSupportVectors)
  }

  let identity: EstimatorIdentity
  let vectors: Vectors
  /// Support vectors per class, in class order; a single number for regressors.
  let vectorsPerClass: [Int]
  /// `_dual_coef_`: `classes - 1` rows (or one), each as long as there are support vectors.
  let coefficients: [Double]
  /// `_intercept_`, one per pair of classes (or one).
  let intercepts: [Double]

  var count: Int {
    switch vectors {
    case .dense(let kernel): kernel.count
    case .sparse(let sparse): sparse.vectors.rows
    }
  }
  var isSparse: Bool {
    if case .sparse = vectors { return true }
    return false
  }
  /// Doubles that `decide` needs beside the decisions.
  var kernelCapacity: Int { (count + 3) / 4 * 4 }
  var nanosecondsPerRow: Double {
    60 + Double(count) * (Double(identity.featureCount) * 0.5 + 15 + Double(vectorsPerClass.count))
  }
  var memoryBytes: Int {
    let own = (coefficients.count + intercepts.count) * 8
    switch vectors {
    case .dense(let kernel): return own + kernel.memoryBytes
    case .sparse(let sparse): return own + sparse.memoryBytes
    }
  }

  /// Calls `body` with the decision values of each row: per pair of classes in libsvm's order, or one.
  func forEachDecision(
    _ rows: RowMatrix, _ body: (UnsafeBufferPointer<Double>) -> Void
  ) throws(PredictError) {
    let scratch = UnsafeMutableBufferPointer<Double>.allocate(capacity: kernelCapacity + intercepts.count)
    defer { scratch.deallocate() }
    let kernels = UnsafeMutableBufferPointer(rebasing: scratch[..<kernelCapacity])
    let decisions = UnsafeMutableBufferPointer(rebasing: scratch[kernelCapacity...])
    switch vectors {
    case .dense(let kernel):
      let values = try RowChecks.doubles(rows, for: identity)
      let width = identity.featureCount
      values.withUnsafeBufferPointer { values in
        for row in 0..<rows.rows {
          kernel.evaluate(
            UnsafeBufferPointer(rebasing: values[(row * width)..<((row + 1) * width)]), into: kernels)
          decide(kernels, into: decisions)
          body(UnsafeBufferPointer(decisions))
        }
      }
    case .sparse(let sparse):
      let batch = try sparseRows(rows)
      for row in 0..<batch.rows {
        let entries = batch.entries(of: row)
        sparse.evaluate(batch.indices[entries], batch.values[entries], into: kernels)
        decide(kernels, into: decisions)
        body(UnsafeBufferPointer(decisions))
      }
    }
  }

  /// The batch as CSR with sorted columns.
  private func sparseRows(_ rows: RowMatrix) throws(PredictError) -> SparseRows {
    guard let sparse = rows.sparse else {
      return SparseRows(dense: try RowChecks.doubles(rows, for: identity), columns: rows.columns)
    }
    try RowChecks.requireFinite(sparse.values, allowsNaN: false, for: identity)
    try RowChecks.requireShape(rows, for: identity)
    return sparse.sorted()
  }

  /// The sums of one row from its kernel values; allocates nothing.
  func decide(
    _ kernels: UnsafeMutableBufferPointer<Double>, into decisions: UnsafeMutableBufferPointer<Double>
  ) {
    coefficients.withUnsafeBufferPointer { coefficients in
      let count = self.count
      if vectorsPerClass.count <= 1 {
        var sum = 0.0
        for vector in 0..<count { sum += coefficients[vector] * kernels[vector] }
        decisions[0] = sum - (-intercepts[0])
        return
      }
      var pair = 0
      var firstStart = 0
      for first in 0..<vectorsPerClass.count {
        var secondStart = firstStart + vectorsPerClass[first]
        for second in (first + 1)..<max(vectorsPerClass.count, first + 1) {
          var sum = 0.0
          let firstRow = (second - 1) * count
          let secondRow = first * count
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
}

/// `SVR` and `NuSVR`: the decision is the prediction. `OneClassSVM`: its sign is.
struct SupportVectorRegressor: Predictor {
  let featureNames: [String]?
  let machine: SupportVectorMachine
  let isOneClass: Bool

  var identity: EstimatorIdentity { machine.identity }
  var takesSparse: Bool { machine.isSparse }
  var nanosecondsPerRow: Double { machine.nanosecondsPerRow }
  var memoryBytes: Int { machine.memoryBytes }
  var outputs: [ModelSignature.TensorSpec] {
    [.init(name: outputName(), datatype: isOneClass ? .int64 : .fp64, shape: [-1])]
  }
  var decisionOutputs: [ModelSignature.TensorSpec]? {
    isOneClass ? [.init(name: outputName(), datatype: .fp64, shape: [-1])] : nil
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let values = try decisions(rows)
    let result: TensorValues =
      isOneClass ? .int64(values.map { $0 > 0 ? 1 : -1 }) : .float64(values)
    return [Tensor(name: outputName(), shape: [rows.rows], values: result)]
  }

  func decisionFunction(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    [Tensor(name: outputName(), shape: [rows.rows], values: .float64(try decisions(rows)))]
  }

  private func decisions(_ rows: RowMatrix) throws(PredictError) -> [Double] {
    var values: [Double] = []
    values.reserveCapacity(rows.rows)
    try machine.forEachDecision(rows) { values.append($0[0]) }
    return values
  }

  func rowModel(_ function: ModelFunction) -> (any RowModel)? {
    guard function == .predict, !isOneClass else { return nil }
    return SupportVectorRowModel(
      machine: machine, labels: nil,
      form: RowForm(columns: identity.featureCount, outputName: outputName(), outputDatatype: .fp64))
  }
}
