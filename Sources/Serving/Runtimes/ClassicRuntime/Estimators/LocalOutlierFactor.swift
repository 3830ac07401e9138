internal import InferenceProtocol
internal import ModelRuntime

/// `LocalOutlierFactor(novelty=True)`: 1 for rows as dense as their neighbors, -1 for outliers.
struct LocalOutlierFactor: Predictor {
  let featureNames: [String]?
  let index: NeighborIndex
  let count: Int
  /// Each training row's distance to its last neighbor.
  let reach: [Double]
  /// Each training row's local reachability density.
  let densities: [Double]
  let offset: Double

  var identity: EstimatorIdentity { index.identity }
  var nanosecondsPerRow: Double { index.nanosecondsPerRow }
  var memoryBytes: Int { index.memoryBytes + (reach.count + densities.count) * 8 }
  var outputs: [ModelSignature.TensorSpec] { [.init(name: outputName(), datatype: .int64, shape: [-1])] }
  var decisionOutputs: [ModelSignature.TensorSpec]? {
    [.init(name: outputName(), datatype: .fp64, shape: [-1])]
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let labels = try scores(rows).map { Int64($0 < 0 ? -1 : 1) }
    return [Tensor(name: outputName(), shape: [rows.rows], values: .int64(labels))]
  }

  func decisionFunction(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    [Tensor(name: outputName(), shape: [rows.rows], values: .float64(try scores(rows)))]
  }

  private func scores(_ rows: RowMatrix) throws(PredictError) -> [Double] {
    var scores: [Double] = []
    try index.forEachNearest(count, of: rows) { distances, neighbors in
      let reachable = zip(distances, neighbors).map { max($0, reach[$1]) }
      let density = 1 / (NumpySums.sum(reachable) / Double(count) + 1e-10)
      let ratios = neighbors.map { densities[$0] / density }
      scores.append(-(NumpySums.sum(ratios) / Double(count)) - offset)
    }
    return scores
  }
}
