internal import InferenceProtocol
internal import ModelRuntime

/// `sklearn.impute.KNNImputer`: missing values become the mean of the nearest training rows that have one.
struct NeighborsImputer: Transformer {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let missing: MissingValue
  let neighbors: Int
  let weighsDistance: Bool
  /// The training rows, NaN where a value was missing.
  let training: BoundMatrix
  /// Columns with at least one value in training.
  let isValid: [Bool]
  /// Columns without one become zero instead of being left out.
  let keepsEmpty: Bool
  let indicator: MissingIndicator?
  /// Rows without a missing value get no indicator (a fault of versions before 1.5).
  let skipsIndicatorWhereComplete: Bool

  var outputColumns: Int {
    (keepsEmpty ? identity.featureCount : isValid.reduce(0) { $0 + ($1 ? 1 : 0) })
      + (indicator?.columns.count ?? 0)
  }
  var nanosecondsPerRow: Double { 100 + Double(training.values.count) * 2 }
  var memoryBytes: Int { training.values.count * 8 }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    let rows = try rows.dense(for: identity)
    let values = rows.doubles()
    try RowChecks.requireFinite(values, allowsNaN: missing.allowsNaN, for: identity)
    try RowChecks.requireShape(rows, for: identity)
    let width = identity.featureCount
    var result = values
    var isComplete = true
    for row in 0..<rows.rows {
      let range = (row * width)..<((row + 1) * width)
      let source = Array(values[range])
      let mask = source.map { missing.matches($0) }
      guard mask.contains(true) else { continue }
      isComplete = false
      impute(source, mask, into: &result[range])
    }
    let kept = keepsEmpty ? Array(0..<width) : isValid.indices.filter { isValid[$0] }
    if keepsEmpty {
      for index in result.indices where !isValid[index % width] { result[index] = 0 }
    }
    let typed: TensorValues = rows.isFloat32 ? .float32(result.map { Float($0) }) : .float64(result)
    let imputed = RowMatrix(rows: rows.rows, columns: width, values: typed).selecting(kept)
    guard let indicator, !(isComplete && skipsIndicatorWhereComplete) else { return imputed }
    return RowMatrix.sideBySide([imputed, try indicator.transform(rows)], rows: rows.rows, asSparse: false)
  }

  private func impute(_ row: [Double], _ mask: [Bool], into result: inout ArraySlice<Double>) {
    let distances = (0..<training.rows).map { distance(row, mask, training.row($0)) }
    for column in mask.indices where mask[column] && isValid[column] {
      let donors = (0..<training.rows).filter { !training[$0, column].isNaN }
      let near = donors.filter { !distances[$0].isNaN }
      let start = result.startIndex
      if near.isEmpty {
        result[start + column] = donors.reduce(0) { $0 + training[$1, column] } / Double(donors.count)
        continue
      }
      let chosen = near.sorted { (distances[$0], $0) < (distances[$1], $1) }.prefix(neighbors)
      result[start + column] = mean(chosen.map { (training[$0, column], distances[$0]) })
    }
  }

  private func mean(_ donors: [(value: Double, distance: Double)]) -> Double {
    var weights = donors.map { _ in 1.0 }
    if weighsDistance {
      let hasZero = donors.contains { $0.distance == 0 }
      weights = donors.map { hasZero ? ($0.distance == 0 ? 1 : 0) : 1 / $0.distance }
    }
    var (sum, total) = (0.0, 0.0)
    for (donor, weight) in zip(donors, weights) {
      sum += donor.value * weight
      total += weight
    }
    return sum / total
  }

  /// `nan_euclidean_distances`, with plain sums.
  private func distance(_ row: [Double], _ mask: [Bool], _ other: ArraySlice<Double>) -> Double {
    var sum = 0.0
    var present = 0
    for (index, value) in other.enumerated() where !mask[index] && !value.isNaN {
      let difference = row[index] - value
      sum += difference * difference
      present += 1
    }
    guard present > 0 else { return .nan }
    return (sum / Double(present) * Double(row.count)).squareRoot()
  }
}
