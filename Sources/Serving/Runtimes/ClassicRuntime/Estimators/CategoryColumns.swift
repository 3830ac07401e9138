internal import InferenceProtocol
internal import ModelRuntime

/// The categories of each column of an encoder, and how often-seen ones are told from rare ones.
struct CategoryColumns: Sendable {
  enum Unknown: Sendable {
    case error
    case ignore
    /// Rare and unknown categories are one.
    case infrequent
  }

  struct Column: Sendable {
    let count: Int
    /// What each category's number becomes where rare ones are put together.
    let mapping: [Int]?
    /// The first rare category.
    let infrequent: Int?
    private let numbers: [TableCell: Int]
    private let nan: Int?

    init(_ cells: [TableCell], mapping: [Int]?, infrequent: Int?) {
      count = cells.count
      self.mapping = mapping
      self.infrequent = infrequent
      var numbers: [TableCell: Int] = [:]
      var nan: Int?
      for (index, cell) in cells.enumerated() {
        if cell.isNaN { nan = nan ?? index } else { numbers[cell] = numbers[cell] ?? index }
      }
      self.numbers = numbers
      self.nan = nan
    }

    /// A missing text counts as NaN where the model knows only that.
    func find(_ cell: TableCell) -> Int? {
      if cell.isNaN { return nan }
      if let number = numbers[cell] { return number }
      return cell == .missing ? nan : nil
    }
  }

  let columns: [Column]
  let unknown: Unknown

  var memoryBytes: Int { columns.reduce(0) { $0 + $1.count * 96 } }

  /// The category's number per cell, `[column][row]`, and -1 for unknown ones.
  /// - Parameter ignored: per column a category that is not put together with rare ones.
  func encode(
    _ rows: RowMatrix, ignored: [Int: Int] = [:], for identity: EstimatorIdentity
  ) throws(PredictError) -> [(codes: [Int], isKnown: [Bool])] {
    try RowChecks.requireShape(rows, for: identity)
    let table = rows.tableColumns()
    var result: [(codes: [Int], isKnown: [Bool])] = []
    for (index, column) in columns.enumerated() {
      try requireFinite(table[index], identity)
      result.append(try encode(table[index].cells, column, index, ignored[index]))
    }
    return result
  }

  private func requireFinite(_ column: TableColumn, _ identity: EstimatorIdentity) throws(PredictError) {
    guard case .numbers(let values) = column, values.datatype == .fp64 || values.datatype == .fp32 else {
      return
    }
    try RowChecks.requireFinite(values.doubles() ?? [], allowsNaN: true, for: identity)
  }

  private func encode(
    _ cells: [TableCell], _ column: Column, _ index: Int, _ ignored: Int?
  ) throws(PredictError) -> (codes: [Int], isKnown: [Bool]) {
    var codes = [Int](repeating: 0, count: cells.count)
    var isKnown = [Bool](repeating: true, count: cells.count)
    for (row, cell) in cells.enumerated() {
      if let code = column.find(cell) {
        codes[row] = code
      } else if case .error = unknown {
        throw .invalidInput(
          "Found unknown categories [\(cell.description)] in column \(index) during transform")
      } else {
        isKnown[row] = false
        if let infrequent = column.infrequent {
          codes[row] = infrequent
          if case .infrequent = unknown { isKnown[row] = true }
        }
      }
      // A category for missing values comes last and may have no entry.
      if let mapping = column.mapping, codes[row] != ignored, codes[row] < mapping.count {
        codes[row] = mapping[codes[row]]
      }
    }
    return (codes, isKnown)
  }
}

/// The element type that an encoder was told to answer.
enum EncoderType: Sendable {
  case float32, float64, int32, int64

  func values(_ numbers: [Double]) -> TensorValues {
    switch self {
    case .float32: .float32(numbers.map { Float($0) })
    case .float64: .float64(numbers)
    case .int32: .int32(numbers.map { Int32(exactly: $0) ?? 0 })
    case .int64: .int64(numbers.map { Int64(exactly: $0) ?? 0 })
    }
  }
}
