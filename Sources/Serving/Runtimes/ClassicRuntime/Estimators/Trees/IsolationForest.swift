internal import CShims
internal import InferenceProtocol
internal import ModelRuntime

/// `sklearn.ensemble.IsolationForest`: sums over trees of how deep a row ends, as an anomaly score.
struct IsolationForest: Predictor {
  /// One sum per row, the depth over all trees.
  let ensemble: TreeEnsemble
  let featureNames: [String]?
  /// Trees times the expected depth; 0 for a forest of single rows.
  let denominator: Double
  let offset: Double
  /// 2. A constant there would be compiled to `exp2`, whose last bit is not always that of `pow`.
  let base: Double

  var identity: EstimatorIdentity { ensemble.identity }
  var nanosecondsPerRow: Double { ensemble.nanosecondsPerRow + 20 }
  var memoryBytes: Int { ensemble.memoryBytes }
  var outputs: [ModelSignature.TensorSpec] { [.init(name: outputName(), datatype: .int64, shape: [-1])] }
  var decisionOutputs: [ModelSignature.TensorSpec]? {
    [.init(name: outputName(), datatype: .fp64, shape: [-1])]
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let values = try ensemble.sums(rows).map { label($0) }
    return [Tensor(name: outputName(), shape: [rows.rows], values: .int64(values))]
  }

  func decisionFunction(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let values = try ensemble.sums(rows).map { decision($0) }
    return [Tensor(name: outputName(), shape: [rows.rows], values: .float64(values))]
  }

  func decision(_ depth: Double) -> Double {
    let relative = denominator == 0 ? 1 : depth / denominator
    return -apus_pow(base, -relative) - offset
  }

  func label(_ depth: Double) -> Int64 { decision(depth) < 0 ? -1 : 1 }

  func rowModel(_ function: ModelFunction) -> (any RowModel)? {
    switch function {
    case .predict: IsolationRows(model: self, predictsLabels: true)
    case .decisionFunction: IsolationRows(model: self, predictsLabels: false)
    default: nil
    }
  }

  /// What a leaf adds: its depth, counted in nodes, and what is to be expected below it.
  static func leafDepth(nodes: Int, samples: Int64) -> Double {
    Double(nodes) + averagePathLength(samples) - 1
  }

  /// The average path length of an unsuccessful search in a binary tree of so many rows.
  static func averagePathLength(_ samples: Int64) -> Double {
    if samples <= 1 { return 0 }
    if samples == 2 { return 1 }
    let count = Double(samples)
    let euler = 0.577_215_664_901_532_860_6
    return 2 * (apus_log(count - 1) + euler) - 2 * (count - 1) / count
  }
}

/// An `IsolationForest` without allocations.
struct IsolationRows: RowModel {
  let model: IsolationForest
  let predictsLabels: Bool

  var form: RowForm {
    RowForm(
      columns: model.identity.featureCount, outputName: outputName(),
      outputDatatype: predictsLabels ? .int64 : .fp64)
  }

  func scratchBytes(rows: Int) -> Int { model.ensemble.scratchBytes(rows: rows) }

  func predict(
    _ batch: RowBatch, into output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) -> Bool {
    guard let sums = model.ensemble.sums(batch, scratch: scratch) else { return false }
    for row in 0..<batch.rows {
      if predictsLabels {
        output.storeBytes(of: model.label(sums[row]), toByteOffset: row &* 8, as: Int64.self)
      } else {
        output.storeBytes(of: model.decision(sums[row]), toByteOffset: row &* 8, as: Double.self)
      }
    }
    return true
  }
}
