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
    return 60 + Double(treeCount) * (4 + meanDepth * 2 + Double(width))
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
        if hasNaN {
          add(values, rows: rows.rows, to: sums, mayHaveNaN: true)
        } else {
          add(values, rows: rows.rows, to: sums, mayHaveNaN: false)
        }
      }
      let count = Double(treeCount)
      for index in sums.indices { sums[index] /= count }
    }
    return sums
  }

  @inline(__always)
  private func add(
    _ values: UnsafeBufferPointer<Float>, rows: Int, to sums: UnsafeMutableBufferPointer<Double>,
    mayHaveNaN: Bool
  ) {
    guard let base = values.baseAddress else { return }
    nodes.nodes.withUnsafeBufferPointer { nodes in
      leafValues.withUnsafeBufferPointer { leafValues in
        TreeDescent.with(nodes) { descent in
          // Blocks of rows keep both the rows and the upper parts of the trees in the cache.
          var start = 0
          while rows - start >= TreeDescent.lanes {
            let count = min(Forest.blockRows, (rows - start) / TreeDescent.lanes * TreeDescent.lanes)
            addBlock(start..<(start + count), base, descent, leafValues, sums, mayHaveNaN: mayHaveNaN)
            start += count
          }
          for row in start..<rows { addRow(row, base, descent, leafValues, sums, mayHaveNaN: mayHaveNaN) }
        }
      }
    }
  }

  /// Tree by tree, the lanes are rows; `rows` is a multiple of the lanes.
  @inline(__always)
  private func addBlock(
    _ rows: Range<Int>, _ base: UnsafePointer<Float>, _ descent: TreeDescent,
    _ leafValues: UnsafeBufferPointer<Double>, _ sums: UnsafeMutableBufferPointer<Double>, mayHaveNaN: Bool
  ) {
    let columns = identity.featureCount
    for root in nodes.roots {
      for first in stride(from: rows.lowerBound, to: rows.upperBound, by: TreeDescent.lanes) {
        for lane in 0..<TreeDescent.lanes {
          descent.start(lane, root: root, row: base + (first &+ lane) &* columns)
        }
        descent.walk(mayHaveNaN: mayHaveNaN)
        for lane in 0..<TreeDescent.lanes { add(descent.leaf(lane), leafValues, to: first &+ lane, sums) }
      }
    }
  }

  /// Row by row, the lanes are trees; lanes beyond the last tree repeat it and are not counted.
  @inline(__always)
  private func addRow(
    _ row: Int, _ base: UnsafePointer<Float>, _ descent: TreeDescent,
    _ leafValues: UnsafeBufferPointer<Double>, _ sums: UnsafeMutableBufferPointer<Double>, mayHaveNaN: Bool
  ) {
    let roots = nodes.roots
    let pointer = base + row &* identity.featureCount
    for first in stride(from: 0, to: roots.count, by: TreeDescent.lanes) {
      let count = min(TreeDescent.lanes, roots.count - first)
      for lane in 0..<TreeDescent.lanes {
        descent.start(lane, root: roots[first + min(lane, count - 1)], row: pointer)
      }
      descent.walk(mayHaveNaN: mayHaveNaN)
      for lane in 0..<count { add(descent.leaf(lane), leafValues, to: row, sums) }
    }
  }

  @inline(__always)
  private func add(
    _ leaf: Int, _ leafValues: UnsafeBufferPointer<Double>, to row: Int,
    _ sums: UnsafeMutableBufferPointer<Double>
  ) {
    for index in 0..<width { sums[row &* width &+ index] += leafValues[leaf &* width &+ index] }
  }
}
