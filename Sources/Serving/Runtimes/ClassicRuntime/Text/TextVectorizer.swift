internal import CShims
internal import InferenceProtocol
internal import ModelRuntime

/// `CountVectorizer`, `TfidfVectorizer` and `HashingVectorizer`: texts to sparse rows of term counts.
struct TextVectorizer: Transformer {
  enum Terms: Sendable {
    /// UTF-8 of a term to its column.
    case vocabulary([[UInt8]: Int32])
    case hashed(alternatesSign: Bool)
  }

  let className: String
  let analyzer: TextAnalyzer
  let terms: Terms
  let outputColumns: Int
  let isBinary: Bool
  let element: SparseRows.Element
  let weighting: TermWeighting?
  /// `HashingVectorizer` normalises by itself.
  let norm: Normalizer.Norm?

  var identity: EstimatorIdentity { EstimatorIdentity(className: className, featureCount: 1) }
  var featureNames: [String]? { nil }
  var takesTables: Bool { true }
  var takesDocuments: Bool { true }
  var nanosecondsPerRow: Double { 20_000 }
  var memoryBytes: Int {
    if case .vocabulary(let terms) = terms { return terms.count * 96 }
    return 0
  }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    guard rows.columns == 1, case .objects(let cells)? = rows.tableColumns().first else {
      throw .invalidInput("Iterable over raw text documents expected (\(className)).")
    }
    var result = SparseRows(columns: outputColumns)
    result.element = element
    for cell in cells {
      guard case .text(let text) = cell else {
        throw .invalidInput("np.nan is an invalid document, expected byte or unicode string.")
      }
      append(text, to: &result)
    }
    if let weighting { result = weighting.weigh(result) }
    if let norm { result = Normalizer.normalized(result.asReals(), norm) }
    return RowMatrix(result)
  }

  /// Counts a text's terms; columns ascending.
  private func append(_ text: String, to result: inout SparseRows) {
    var counts: [Int32: Double] = [:]
    analyzer.forEachTerm(of: text) { term in
      switch terms {
      case .vocabulary(let vocabulary):
        if let column = vocabulary[term] { counts[column, default: 0] += 1 }
      case .hashed(let alternatesSign):
        let hash = MurmurHash.hash(term)
        let columns = Int64(outputColumns)
        let column =
          hash == .min
          ? (Int64(Int32.max) - (columns - 1)) % columns : Int64(hash.magnitude) % columns
        counts[Int32(truncatingIfNeeded: column), default: 0] += alternatesSign && hash < 0 ? -1 : 1
      }
    }
    for (column, count) in counts.sorted(by: { $0.key < $1.key }) {
      result.append(Int(column), isBinary ? 1 : count)
    }
    result.endRow()
  }
}

/// `TfidfTransformer`: counts to weights.
struct TermWeighting: Sendable {
  let isSublinear: Bool
  let inverseFrequencies: [Double]?
  /// Before 1.5 the weights came from a product of sparse matrices, which turns each row's order around.
  let reversesRows: Bool
  let norm: Normalizer.Norm?

  func weigh(_ counts: SparseRows) -> SparseRows {
    var result = counts.asReals()
    if isSublinear {
      result = result.mapped { value, _ in apus_log(value) }.mapped { value, _ in value + 1 }
    }
    if let inverseFrequencies {
      result = result.mapped { value, column in value * inverseFrequencies[column] }
      if reversesRows { result = result.reversedRows() }
    }
    return norm.map { Normalizer.normalized(result, $0) } ?? result
  }
}

/// `TfidfTransformer` as a step of its own.
struct TermWeightTransformer: Transformer {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let weighting: TermWeighting

  var takesSparse: Bool { true }
  var nanosecondsPerRow: Double { 2_000 }
  var memoryBytes: Int { (weighting.inverseFrequencies?.count ?? 0) * 8 }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    try RowChecks.requireShape(rows, for: identity)
    if let sparse = rows.sparse { return RowMatrix(weighting.weigh(sparse)) }
    let values = try RowChecks.doubles(rows, for: identity)
    var sparse = SparseRows(dense: values, columns: rows.columns)
    if rows.isFloat32 { sparse.element = .float32 }
    return RowMatrix(weighting.weigh(sparse))
  }
}

/// `sklearn.feature_extraction.DictVectorizer`: rows with named values to columns.
struct DictVectorizer: Transformer {
  let separator: String
  /// Each below `outputColumns`.
  let vocabulary: [String: Int]
  let outputColumns: Int
  let isSparse: Bool
  let isSingle: Bool

  var identity: EstimatorIdentity { EstimatorIdentity(className: "DictVectorizer", featureCount: -1) }
  var featureNames: [String]? { nil }
  var takesTables: Bool { true }
  var takesRecords: Bool { true }
  var nanosecondsPerRow: Double { 2_000 }
  var memoryBytes: Int { vocabulary.count * 96 }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    guard let names = rows.names else {
      throw .invalidInput("DictVectorizer reads rows with named values (objects, or one input per name).")
    }
    let table = rows.tableColumns()
    var result = SparseRows(columns: outputColumns)
    result.element = isSingle ? .float32 : .float64
    for row in 0..<rows.rows {
      var entries: [(column: Int, value: Double)] = []
      for (name, column) in zip(names, table) {
        switch column.cells[row] {
        case .missing: break
        // A name that a row lacks arrives as NaN.
        case .number(let number):
          if !number.isNaN, let column = vocabulary[name] { entries.append((column, number)) }
        case .text(let text):
          if let column = vocabulary[name + separator + text] { entries.append((column, 1)) }
        }
      }
      for entry in entries.sorted(by: { $0.column < $1.column }) { result.append(entry.column, entry.value) }
      result.endRow()
    }
    return isSparse ? RowMatrix(result) : try RowMatrix(result).dense(for: identity)
  }
}
