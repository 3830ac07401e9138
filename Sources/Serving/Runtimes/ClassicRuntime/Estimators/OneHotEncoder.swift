internal import InferenceProtocol
internal import ModelRuntime

/// `sklearn.preprocessing.OneHotEncoder`.
struct OneHotEncoder: Transformer {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let categories: CategoryColumns
  /// Per column the category (after rare ones were put together) that gets no column.
  let dropped: [Int?]
  /// Where each column's block begins, and the number of columns.
  let starts: [Int]
  let isSparse: Bool
  let type: EncoderType

  var takesTables: Bool { true }
  var outputColumns: Int { starts.last ?? 0 }
  var nanosecondsPerRow: Double { 60 + 60 * Double(identity.featureCount) }
  var memoryBytes: Int { categories.memoryBytes }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    let encoded = try categories.encode(rows, for: identity)
    var result = SparseRows(columns: outputColumns)
    for row in 0..<rows.rows {
      for (column, part) in encoded.enumerated() where part.isKnown[row] {
        var code = part.codes[row]
        if let dropped = dropped[column] {
          if code == dropped { continue }
          if code > dropped { code -= 1 }
        }
        result.append(starts[column] + code, 1)
      }
      result.endRow()
    }
    if case .float32 = type { result.isSingle = true }
    if isSparse { return RowMatrix(result) }
    let dense = try RowMatrix(result).dense(for: identity)
    return RowMatrix(rows: rows.rows, columns: outputColumns, values: type.values(dense.doubles()))
  }
}

/// `sklearn.preprocessing.OrdinalEncoder`.
struct OrdinalEncoder: Transformer {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let categories: CategoryColumns
  /// Per column the category that stands for missing values.
  let missing: [Int: Int]
  let missingValue: Double
  let unknownValue: Double?
  let type: EncoderType

  var takesTables: Bool { true }
  var nanosecondsPerRow: Double { 60 + 60 * Double(identity.featureCount) }
  var memoryBytes: Int { categories.memoryBytes }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    let encoded = try categories.encode(rows, ignored: missing, for: identity)
    let columns = encoded.enumerated().map { index, part in
      part.codes.indices.map { row in
        if !part.isKnown[row] { return unknownValue ?? Double(part.codes[row]) }
        return missing[index] == part.codes[row] ? missingValue : Double(part.codes[row])
      }
    }
    let values = RowMatrix.interleave(columns, rows: rows.rows)
    return RowMatrix(rows: rows.rows, columns: columns.count, values: type.values(values))
  }
}

/// `sklearn.preprocessing.TargetEncoder`.
struct TargetEncoder: Transformer {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let categories: CategoryColumns
  /// Per output column the value of each category and of an unknown one; `targets` columns per feature.
  let encodings: [[Double]]
  let means: [Double]
  let targets: Int

  var takesTables: Bool { true }
  var outputColumns: Int { encodings.count }
  var nanosecondsPerRow: Double { 60 + 60 * Double(encodings.count) }
  var memoryBytes: Int { categories.memoryBytes + encodings.reduce(0) { $0 + $1.count * 8 } }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    let encoded = try categories.encode(rows, for: identity)
    let columns = encodings.enumerated().map { index, encoding in
      let part = encoded[index / targets]
      return part.codes.indices.map { row in
        part.isKnown[row] ? encoding[part.codes[row]] : means[index % targets]
      }
    }
    return RowMatrix(
      rows: rows.rows, columns: columns.count,
      values: .float64(RowMatrix.interleave(columns, rows: rows.rows)))
  }
}
