internal import InferenceProtocol
internal import ModelRuntime

/// `sklearn.preprocessing.KBinsDiscretizer`.
struct BinsDiscretizer: Transformer {
  enum Encoding: Sendable { case ordinal, oneHot, oneHotDense }

  let identity: EstimatorIdentity
  let featureNames: [String]?
  /// Per feature the edges between its bins, ascending.
  let edges: [[Double]]
  let encoding: Encoding
  /// `dtype`, where it was set.
  let isSingle: Bool?

  var outputColumns: Int {
    encoding == .ordinal ? edges.count : edges.reduce(0) { $0 + $1.count + 1 }
  }
  var nanosecondsPerRow: Double { 30 + 15 * Double(identity.featureCount) }
  var memoryBytes: Int { edges.reduce(0) { $0 + $1.count * 8 } }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    let rows = try rows.dense(for: identity)
    let single = isSingle ?? rows.isFloat32
    let values = single ? rows.floats().map { Double($0) } : rows.doubles()
    try RowChecks.requireFinite(values, allowsNaN: false, for: identity)
    try RowChecks.requireShape(rows, for: identity)
    let width = edges.count
    var bins = [Double](repeating: 0, count: values.count)
    for index in values.indices { bins[index] = Double(bin(values[index], edges[index % width])) }
    if encoding == .ordinal { return block(bins, rows.rows, width, single) }
    var result = SparseRows(columns: outputColumns)
    result.isSingle = single
    for row in 0..<rows.rows {
      var start = 0
      for feature in 0..<width {
        result.append(start + Int(bins[row * width + feature]), 1)
        start += edges[feature].count + 1
      }
      result.endRow()
    }
    return encoding == .oneHot ? RowMatrix(result) : block(result.dense(), rows.rows, outputColumns, single)
  }

  private func block(_ values: [Double], _ rows: Int, _ columns: Int, _ single: Bool) -> RowMatrix {
    RowMatrix(
      rows: rows, columns: columns, values: single ? .float32(values.map { Float($0) }) : .float64(values))
  }

  /// `searchsorted(edges, value, side='right')`.
  private func bin(_ value: Double, _ edges: [Double]) -> Int {
    var (low, high) = (0, edges.count)
    while low < high {
      let middle = (low + high) / 2
      if value < edges[middle] { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
