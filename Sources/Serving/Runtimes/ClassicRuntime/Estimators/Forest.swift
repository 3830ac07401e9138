internal import InferenceProtocol
internal import ModelRuntime

/// The trees of a forest and what their leaves hold; sums leaf values over trees as scikit-learn does.
struct Forest: Sendable {
  let identity: EstimatorIdentity
  let nodes: TreeNodes
  /// `[leaf][width]`.
  let leafValues: [Double]
  /// Values per leaf, over all outputs.
  let width: Int
  /// Whether NaN means "missing" (since scikit-learn 1.4) instead of an error.
  let allowsNaN: Bool

  var treeCount: Int { nodes.roots.count }
  var nanosecondsPerRow: Double {
    let meanDepth = Double(nodes.depthSum) / Double(max(nodes.leafCount, 1))
    return 60 + Double(treeCount) * (4 + meanDepth * 4 + Double(width))
  }
  var memoryBytes: Int { nodes.nodes.count * MemoryLayout<TreeNodes.Node>.stride + leafValues.count * 8 }

  private static let blockRows = 64

  /// Means over the trees, `[rows][width]`: added up in tree order from 0, then divided.
  func means(_ rows: RowMatrix) throws(PredictError) -> [Double] {
    let values = rows.floats()
    try RowChecks.requireFinite(values, allowsNaN: allowsNaN, for: identity)
    try RowChecks.requireShape(rows, for: identity)
    let hasNaN = allowsNaN && values.contains(where: \.isNaN)
    var sums = [Double](repeating: 0, count: rows.rows * width)
    sums.withUnsafeMutableBufferPointer { sums in
      values.withUnsafeBufferPointer { values in
        // Blocks of rows keep both the rows and the upper parts of the trees in the cache.
        for start in stride(from: 0, to: rows.rows, by: Forest.blockRows) {
          let end = min(start + Forest.blockRows, rows.rows)
          if hasNaN {
            add(values, rows: start..<end, to: sums, mayHaveNaN: true)
          } else {
            add(values, rows: start..<end, to: sums, mayHaveNaN: false)
          }
        }
      }
      let count = Double(treeCount)
      for index in sums.indices { sums[index] /= count }
    }
    return sums
  }

  @inline(__always)
  private func add(
    _ values: UnsafeBufferPointer<Float>, rows: Range<Int>, to sums: UnsafeMutableBufferPointer<Double>,
    mayHaveNaN: Bool
  ) {
    guard let base = values.baseAddress else { return }
    let columns = identity.featureCount
    let width = width
    nodes.nodes.withUnsafeBufferPointer { nodes in
      leafValues.withUnsafeBufferPointer { leafValues in
        for root in self.nodes.roots {
          for row in rows {
            let leaf = TreeNodes.leaf(nodes, root: root, row: base + row &* columns, mayHaveNaN: mayHaveNaN)
            for index in 0..<width { sums[row &* width &+ index] += leafValues[leaf &* width &+ index] }
          }
        }
      }
    }
  }
}
