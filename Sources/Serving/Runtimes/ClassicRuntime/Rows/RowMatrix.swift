internal import InferenceProtocol
internal import ModelRuntime

/// A batch: one row-major block of numbers in the element type that it arrived in (as numpy would hold it), a
/// sparse matrix, or columns of different types (as pandas would hold it).
struct RowMatrix: Sendable {
  enum Content: Sendable {
    /// Numbers only, `rows * columns` of them.
    case dense(TensorValues)
    case sparse(SparseRows)
    case table([TableColumn])
  }

  let rows: Int
  let columns: Int
  let content: Content
  /// The columns' names, where the client named them.
  var names: [String]?

  init(rows: Int, columns: Int, values: TensorValues) {
    self.rows = rows
    self.columns = columns
    content = .dense(values)
  }

  init(_ sparse: SparseRows) {
    rows = sparse.rows
    columns = sparse.columns
    content = .sparse(sparse)
  }

  /// Columns of `rows` cells each; becomes one block of numbers where all columns are numbers.
  init(rows: Int, table: [TableColumn], names: [String]? = nil) {
    self.rows = rows
    columns = table.count
    self.names = names
    if !table.isEmpty, table.allSatisfy(\.isNumeric) {
      content = .dense(RowMatrix.joined(table, rows: rows))
    } else {
      content = .table(table)
    }
  }

  /// Numbers only, `rows * columns` of them: zeros written out, objects converted.
  var values: TensorValues {
    switch content {
    case .dense(let values): values
    case .sparse(let sparse):
      switch sparse.element {
      case .float64: .float64(sparse.dense())
      case .float32: .float32(sparse.dense().map { Float($0) })
      case .int64: .int64(sparse.dense().map { Int64(exactly: $0) ?? 0 })
      }
    case .table(let columns): .float64(RowMatrix.interleave(columns.map(\.doubles), rows: rows))
    }
  }

  /// Whether numpy would calculate with it in float32.
  var isFloat32: Bool {
    switch content {
    case .dense(.float32): true
    case .sparse(let sparse): sparse.isSingle
    default: false
    }
  }

  var sparse: SparseRows? {
    if case .sparse(let sparse) = content { return sparse }
    return nil
  }

  /// `astype(float64)`.
  func doubles() -> [Double] {
    switch content {
    case .dense(let values): values.doubles() ?? []
    case .sparse(let sparse): sparse.dense()
    case .table(let columns): RowMatrix.interleave(columns.map(\.doubles), rows: rows)
    }
  }

  /// `astype(float32)`: one rounding, straight from the type it arrived in.
  func floats() -> [Float] {
    guard case .dense(let values) = content else { return doubles().map { Float($0) } }
    switch values {
    case .bool(let values): return values.map { $0 ? 1 : 0 }
    case .int8(let values): return values.map { Float($0) }
    case .int16(let values): return values.map { Float($0) }
    case .int32(let values): return values.map { Float($0) }
    case .int64(let values): return values.map { Float($0) }
    case .uint8(let values): return values.map { Float($0) }
    case .uint16(let values): return values.map { Float($0) }
    case .uint32(let values): return values.map { Float($0) }
    case .uint64(let values): return values.map { Float($0) }
    case .float32(let values): return values
    case .float64(let values): return values.map { Float($0) }
    case .strings: return []
    case .raw: return values.unpacked().doubles().map { $0.map { Float($0) } } ?? []
    }
  }

  /// The columns one by one, in their own types.
  func tableColumns() -> [TableColumn] {
    switch content {
    case .table(let columns): return columns
    case .sparse, .dense:
      let block = values
      return (0..<columns).map { .numbers(RowMatrix.column($0, of: block, width: columns, rows: rows)) }
    }
  }

  static func interleave<Element>(_ columns: [[Element]], rows: Int) -> [Element] {
    var values: [Element] = []
    values.reserveCapacity(rows * columns.count)
    for row in 0..<rows {
      for column in columns { values.append(column[row]) }
    }
    return values
  }

  /// Columns of numbers side by side, in the type that numpy promotes theirs to.
  private static func joined(_ table: [TableColumn], rows: Int) -> TensorValues {
    let parts: [TensorValues] = table.compactMap { if case .numbers(let values) = $0 { values } else { nil } }
    if let first = parts.first, parts.allSatisfy({ $0.datatype == first.datatype }) {
      switch first {
      case .float32: return .float32(interleave(parts.map { column($0) as [Float] }, rows: rows))
      case .int64: return .int64(interleave(parts.map { column($0) as [Int64] }, rows: rows))
      case .int32: return .int32(interleave(parts.map { column($0) as [Int32] }, rows: rows))
      case .bool: return .bool(interleave(parts.map { column($0) as [Bool] }, rows: rows))
      default: break
      }
    }
    // float32 beside integers of 8 and 16 bits stays float32 in numpy.
    let small: Set<DataType> = [.fp32, .bool, .int8, .int16, .uint8, .uint16]
    if parts.contains(where: { $0.datatype == .fp32 }), parts.allSatisfy({ small.contains($0.datatype) }) {
      return .float32(interleave(parts.map { ($0.doubles() ?? []).map { Float($0) } }, rows: rows))
    }
    return .float64(interleave(parts.map { $0.doubles() ?? [] }, rows: rows))
  }

  private static func column<Element>(_ values: TensorValues) -> [Element] {
    switch values {
    case .float32(let values): values as? [Element] ?? []
    case .int64(let values): values as? [Element] ?? []
    case .int32(let values): values as? [Element] ?? []
    case .bool(let values): values as? [Element] ?? []
    default: []
    }
  }

  /// Column `index` of a block `width` wide.
  static func column(_ index: Int, of values: TensorValues, width: Int, rows: Int) -> TensorValues {
    func pick<Element>(_ values: [Element]) -> [Element] {
      (0..<rows).map { values[$0 * width + index] }
    }
    switch values {
    case .float32(let values): return .float32(pick(values))
    case .float64(let values): return .float64(pick(values))
    case .int64(let values): return .int64(pick(values))
    case .int32(let values): return .int32(pick(values))
    case .bool(let values): return .bool(pick(values))
    case .strings(let values): return .strings(pick(values))
    default: return .float64(pick(values.doubles() ?? []))
    }
  }
}
