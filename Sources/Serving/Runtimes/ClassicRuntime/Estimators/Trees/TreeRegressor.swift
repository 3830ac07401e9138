internal import InferenceProtocol
internal import ModelRuntime

/// Every regressor whose predictions are sums over trees: decision trees, forests, both gradient boostings.
struct TreeRegressor: Predictor {
  let ensemble: TreeEnsemble
  let initial: InitialScores?
  let featureNames: [String]?
  let link: InverseLink

  var identity: EstimatorIdentity { ensemble.identity }
  var nanosecondsPerRow: Double { ensemble.nanosecondsPerRow + (initial?.predictor.nanosecondsPerRow ?? 0) }
  var memoryBytes: Int { ensemble.memoryBytes + (initial?.predictor.memoryBytes ?? 0) }
  private var width: Int { ensemble.outputs }
  var outputs: [ModelSignature.TensorSpec] {
    [.init(name: outputName(), datatype: .fp64, shape: width == 1 ? [-1] : [-1, width])]
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    var sums: [Double]
    if let initial {
      try ensemble.check(rows)
      sums = try initial.scores(rows)
      ensemble.add(checked: rows, to: &sums)
    } else {
      sums = try ensemble.sums(rows)
    }
    for index in sums.indices { sums[index] = link.apply(sums[index]) }
    let shape = width == 1 ? [rows.rows] : [rows.rows, width]
    return [Tensor(name: outputName(), shape: shape, values: .float64(sums))]
  }

  func rowModel(_ function: ModelFunction) -> (any RowModel)? {
    guard function == .predict, initial == nil else { return nil }
    return TreeValueRows(self)
  }
}

/// A `TreeRegressor` without allocations.
struct TreeValueRows: RowModel {
  private let model: TreeRegressor
  let form: RowForm

  init(_ model: TreeRegressor) {
    self.model = model
    form = RowForm(
      columns: model.identity.featureCount, outputName: outputName(), outputDatatype: .fp64,
      outputColumns: model.ensemble.outputs == 1 ? nil : model.ensemble.outputs)
  }

  func scratchBytes(rows: Int) -> Int { model.ensemble.scratchBytes(rows: rows) }

  func predict(
    _ batch: RowBatch, into output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) -> Bool {
    guard let sums = model.ensemble.sums(batch, scratch: scratch) else { return false }
    for index in 0..<(batch.rows &* model.ensemble.outputs) {
      output.storeBytes(of: model.link.apply(sums[index]), toByteOffset: index &* 8, as: Double.self)
    }
    return true
  }
}
