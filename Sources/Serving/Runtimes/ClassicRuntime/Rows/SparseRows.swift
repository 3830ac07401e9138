/// A batch whose rows are mostly zeros, as scipy's CSR matrices hold it: what vectorisers and encoders
/// answer.
///
/// The order of the entries of a row is part of the value: sums over a row are made in that order.
struct SparseRows: Sendable {
  let columns: Int
  /// Where each row's entries begin, and the end of the last row.
  var starts: [Int]
  var indices: [Int32]
  var values: [Double]
  /// The values' type in numpy.
  var element = Element.float64

  enum Element: Sendable { case float64, float32, int64 }

  var isSingle: Bool {
    get { element == .float32 }
    set { element = newValue ? .float32 : .float64 }
  }

  var rows: Int { starts.count - 1 }

  init(columns: Int) {
    self.columns = columns
    starts = [0]
    indices = []
    values = []
  }

  /// Closes the row whose entries were appended.
  mutating func endRow() { starts.append(indices.count) }

  mutating func append(_ column: Int, _ value: Double) {
    indices.append(Int32(truncatingIfNeeded: column))
    values.append(value)
  }

  func entries(of row: Int) -> Range<Int> { starts[row]..<starts[row + 1] }

  /// All values, zeros included; entries of the same place are added up.
  func dense() -> [Double] {
    var result = [Double](repeating: 0, count: rows * columns)
    for row in 0..<rows {
      for entry in entries(of: row) { result[row * columns + Int(indices[entry])] += values[entry] }
    }
    return result
  }

  /// The same with each row's entries in the order of their columns.
  func sorted() -> SparseRows {
    var result = self
    for row in 0..<rows {
      let range = entries(of: row)
      let isSorted = zip(range, range.dropFirst()).allSatisfy { indices[$0] <= indices[$1] }
      if isSorted { continue }
      let order = range.sorted { indices[$0] < indices[$1] }
      for (place, entry) in zip(range, order) {
        result.indices[place] = indices[entry]
        result.values[place] = values[entry]
      }
    }
    return result
  }

  /// Integers as float64.
  func asReals() -> SparseRows {
    var result = self
    if element == .int64 { result.element = .float64 }
    return result
  }

  /// The same with each row's entries in the opposite order, without zeros.
  func reversedRows() -> SparseRows {
    var result = SparseRows(columns: columns)
    result.element = element
    for row in 0..<rows {
      for entry in entries(of: row).reversed() where values[entry] != 0 {
        result.append(Int(indices[entry]), values[entry])
      }
      result.endRow()
    }
    return result
  }

  /// The same entries with other values, rounded to float32 where they were float32.
  func mapped(_ body: (Double, Int) -> Double) -> SparseRows {
    var result = asReals()
    for entry in values.indices {
      let value = body(values[entry], Int(indices[entry]))
      result.values[entry] = isSingle ? Double(Float(value)) : value
    }
    return result
  }

  /// Entries that are not zero; `X[X != 0]` of a dense block.
  init(dense values: [Double], columns: Int) {
    self.init(columns: columns)
    guard columns > 0 else { return }
    for start in stride(from: 0, to: values.count, by: columns) {
      for column in 0..<columns where values[start + column] != 0 { append(column, values[start + column]) }
      endRow()
    }
  }
}
