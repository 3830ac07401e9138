internal import InferenceProtocol
internal import ModelRuntime

/// `sklearn.compose.ColumnTransformer`: each transformer gets its columns, the results stand side by side.
struct ColumnTransformer: Transformer {
  struct Part: Sendable {
    /// nil: the columns as they are.
    let transformer: (any Transformer)?
    let columns: [Int]
  }

  let identity: EstimatorIdentity
  let featureNames: [String]?
  let parts: [Part]
  /// Whether the result was sparse when fitting, which it stays.
  let isSparse: Bool

  var takesTables: Bool { true }
  var outputColumns: Int { parts.reduce(0) { $0 + ($1.transformer?.outputColumns ?? $1.columns.count) } }
  var nanosecondsPerRow: Double { parts.reduce(100) { $0 + ($1.transformer?.nanosecondsPerRow ?? 20) } }
  var memoryBytes: Int { parts.reduce(0) { $0 + ($1.transformer?.memoryBytes ?? 0) + $1.columns.count * 8 } }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    try RowChecks.requireShape(rows, for: identity)
    var blocks: [RowMatrix] = []
    for part in parts {
      let columns = rows.selecting(part.columns)
      if let transformer = part.transformer {
        blocks.append(try transformer.transform(try columns.prepared(for: transformer)))
      } else {
        blocks.append(columns)
      }
    }
    if isSparse {
      for index in blocks.indices where blocks[index].sparse == nil {
        blocks[index] = try blocks[index].dense(for: identity)
      }
    } else {
      for index in blocks.indices where blocks[index].sparse != nil {
        blocks[index] = try blocks[index].dense(for: identity)
      }
    }
    return RowMatrix.sideBySide(blocks, rows: rows.rows, asSparse: isSparse)
  }
}

/// `sklearn.pipeline.FeatureUnion`: every transformer gets all columns.
struct FeatureUnion: Transformer {
  struct Part: Sendable {
    /// nil: the columns as they are.
    let transformer: (any Transformer)?
    let weight: Double?
  }

  let identity: EstimatorIdentity
  let featureNames: [String]?
  let parts: [Part]

  private var transformers: [any Transformer] { parts.compactMap(\.transformer) }
  var takesTables: Bool { transformers.contains { $0.takesTables } }
  var takesSparse: Bool { transformers.allSatisfy { $0.takesSparse } }
  var takesDocuments: Bool { transformers.contains { $0.takesDocuments } }
  var outputColumns: Int {
    parts.reduce(0) { $0 + ($1.transformer?.outputColumns ?? max(0, identity.featureCount)) }
  }
  var nanosecondsPerRow: Double { transformers.reduce(60) { $0 + $1.nanosecondsPerRow } }
  var memoryBytes: Int { transformers.reduce(0) { $0 + $1.memoryBytes } }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    var blocks: [RowMatrix] = []
    for part in parts {
      var block = rows
      if let transformer = part.transformer {
        block = try transformer.transform(try rows.prepared(for: transformer))
      }
      blocks.append(part.weight.map { weighted(block, $0) } ?? block)
    }
    return RowMatrix.sideBySide(blocks, rows: rows.rows, asSparse: blocks.contains { $0.sparse != nil })
  }

  private func weighted(_ rows: RowMatrix, _ weight: Double) -> RowMatrix {
    if let sparse = rows.sparse {
      return RowMatrix(
        sparse.mapped { value, _ in sparse.isSingle ? Double(Float(value * weight)) : value * weight })
    }
    if rows.isFloat32 {
      let values = rows.floats().map { $0 * Float(weight) }
      return RowMatrix(rows: rows.rows, columns: rows.columns, values: .float32(values))
    }
    return RowMatrix(
      rows: rows.rows, columns: rows.columns, values: .float64(rows.doubles().map { $0 * weight }))
  }
}
