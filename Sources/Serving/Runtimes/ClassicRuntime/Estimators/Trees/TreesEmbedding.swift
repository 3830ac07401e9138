internal import InferenceProtocol
internal import ModelRuntime

/// `sklearn.ensemble.RandomTreesEmbedding`: a one at the column of each tree's leaf.
struct TreesEmbedding: Transformer {
  /// Sums are the columns' numbers, one per tree.
  let ensemble: TreeEnsemble
  let featureNames: [String]?
  let outputColumns: Int
  let isSparse: Bool

  var identity: EstimatorIdentity { ensemble.identity }
  var nanosecondsPerRow: Double { ensemble.nanosecondsPerRow + Double(outputColumns) * 0.3 }
  var memoryBytes: Int { ensemble.memoryBytes }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    let leaves = try ensemble.sums(rows)
    var result = SparseRows(columns: outputColumns)
    let trees = ensemble.outputs
    for row in 0..<rows.rows {
      for tree in 0..<trees {
        guard let column = Int(exactly: leaves[row * trees + tree]), column >= 0, column < outputColumns
        else {
          throw .invalidInput("Found unknown categories in column \(tree) during transform")
        }
        result.append(column, 1)
      }
      result.endRow()
    }
    let sparse = RowMatrix(result)
    return isSparse ? sparse : try sparse.dense(for: identity)
  }
}
