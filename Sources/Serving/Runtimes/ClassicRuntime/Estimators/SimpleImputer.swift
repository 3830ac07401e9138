internal import InferenceProtocol
internal import ModelRuntime

/// Which cells count as missing.
enum MissingValue: Sendable, Hashable {
  case nan
  case none
  case number(Double)
  case text(String)

  func matches(_ cell: TableCell) -> Bool {
    switch self {
    // A text that is missing (null) reaches the model as None; a model that was told of NaN means it too.
    case .nan: cell.isNaN || cell == .missing
    case .none: cell == .missing
    case .number(let number): cell == .number(number)
    case .text(let text): cell == .text(text)
    }
  }

  func matches(_ value: Double) -> Bool {
    switch self {
    case .nan: value.isNaN
    case .number(let number): value == number
    case .none, .text: false
    }
  }

  var allowsNaN: Bool { self == .nan }
}

/// Columns of zeros and ones that tell where values were missing (`MissingIndicator`, `add_indicator=True`).
struct MissingIndicator: Transformer {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let missing: MissingValue
  /// The columns that have an indicator.
  let columns: [Int]
  /// Missing values in other columns are an error.
  let refusesNew: Bool

  var takesTables: Bool { true }
  var outputColumns: Int { columns.count }
  var nanosecondsPerRow: Double { 20 + 2 * Double(identity.featureCount) }
  var memoryBytes: Int { columns.count * 8 }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    try RowChecks.requireShape(rows, for: identity)
    let table = rows.tableColumns()
    let mask = columns.map { column in table[column].cells.map { missing.matches($0) } }
    if refusesNew {
      let known = Set(columns)
      for (index, column) in table.enumerated() where !known.contains(index) {
        if column.cells.contains(where: { missing.matches($0) }) {
          throw .invalidInput(
            "The features [\(index)] have missing values in transform but have no missing values in fit.")
        }
      }
    }
    return RowMatrix(
      rows: rows.rows, columns: columns.count, values: .bool(RowMatrix.interleave(mask, rows: rows.rows)))
  }
}

/// `sklearn.impute.SimpleImputer`.
struct SimpleImputer: Transformer {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let missing: MissingValue
  /// What each column's missing values become; nil for a column that is left out.
  let statistics: [TableCell?]
  let indicator: MissingIndicator?
  /// Integers become float64 first (`mean`, `median`).
  let needsReals: Bool
  /// Fitted on texts or mixed columns.
  let isObject: Bool

  var takesTables: Bool { isObject }
  var outputColumns: Int {
    statistics.reduce(0) { $0 + ($1 == nil ? 0 : 1) } + (indicator?.columns.count ?? 0)
  }
  var nanosecondsPerRow: Double { 30 + (isObject ? 40 : 4) * Double(identity.featureCount) }
  var memoryBytes: Int { statistics.count * 48 }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    try RowChecks.requireShape(rows, for: identity)
    let imputed = isObject ? objects(rows) : try numbers(rows)
    guard let indicator else { return imputed }
    return RowMatrix.sideBySide(
      [imputed, try indicator.transform(rows)], rows: rows.rows, asSparse: false)
  }

  private func objects(_ rows: RowMatrix) -> RowMatrix {
    var table: [TableColumn] = []
    for (column, statistic) in zip(rows.tableColumns(), statistics) {
      guard let statistic else { continue }
      table.append(.objects(column.cells.map { missing.matches($0) ? statistic : $0 }))
    }
    return RowMatrix(rows: rows.rows, table: table)
  }

  private func numbers(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    let rows = try rows.dense(for: identity)
    let kept = statistics.indices.filter { statistics[$0] != nil }
    let fill = statistics.map { $0?.double ?? .nan }
    let width = identity.featureCount
    if rows.isFloat32 {
      var values = rows.floats()
      try RowChecks.requireFinite(values, allowsNaN: missing.allowsNaN, for: identity)
      for index in values.indices where missing.matches(Double(values[index])) {
        values[index] = Float(fill[index % width])
      }
      return select(RowMatrix(rows: rows.rows, columns: width, values: .float32(values)), kept)
    }
    var values = rows.doubles()
    try RowChecks.requireFinite(values, allowsNaN: missing.allowsNaN, for: identity)
    for index in values.indices where missing.matches(values[index]) { values[index] = fill[index % width] }
    if !needsReals {
      switch rows.values {
      case .int64: return select(integers(values, rows) { .int64($0.map { Int64($0) }) }, kept)
      case .int32:
        return select(integers(values, rows) { .int32($0.map { Int32(truncatingIfNeeded: $0) }) }, kept)
      default: break
      }
    }
    return select(RowMatrix(rows: rows.rows, columns: width, values: .float64(values)), kept)
  }

  private func integers(
    _ values: [Double], _ rows: RowMatrix, _ make: ([Int]) -> TensorValues
  ) -> RowMatrix {
    let integers = values.map { Int(exactly: $0.rounded(.towardZero)) ?? 0 }
    return RowMatrix(rows: rows.rows, columns: rows.columns, values: make(integers))
  }

  private func select(_ rows: RowMatrix, _ kept: [Int]) -> RowMatrix {
    kept.count == rows.columns ? rows : rows.selecting(kept)
  }
}
