internal import InferenceProtocol
internal import ModelRuntime

extension RowMatrix {
  /// `X[:, indices]`; indices lie within the columns.
  func selecting(_ indices: [Int]) -> RowMatrix {
    let selectedNames = names.map { names in indices.map { names[$0] } }
    var result: RowMatrix
    switch content {
    case .table(let columns):
      result = RowMatrix(rows: rows, table: indices.map { columns[$0] })
    case .sparse(let sparse): result = RowMatrix(RowMatrix.select(indices, of: sparse))
    case .dense(let values):
      result = RowMatrix(rows: rows, columns: indices.count, values: gather(values, indices))
    }
    result.names = selectedNames
    return result
  }

  private func gather(_ values: TensorValues, _ indices: [Int]) -> TensorValues {
    func pick<Element>(_ values: [Element]) -> [Element] {
      var result: [Element] = []
      result.reserveCapacity(rows * indices.count)
      for row in 0..<rows {
        for index in indices { result.append(values[row * columns + index]) }
      }
      return result
    }
    switch values {
    case .float32(let values): return .float32(pick(values))
    case .int64(let values): return .int64(pick(values))
    case .int32(let values): return .int32(pick(values))
    case .bool(let values): return .bool(pick(values))
    default: return .float64(pick(values.doubles() ?? []))
    }
  }

  private static func select(_ indices: [Int], of sparse: SparseRows) -> SparseRows {
    var places = [[Int]](repeating: [], count: sparse.columns)
    for (place, index) in indices.enumerated() { places[index].append(place) }
    var result = SparseRows(columns: indices.count)
    result.isSingle = sparse.isSingle
    for row in 0..<sparse.rows {
      for entry in sparse.entries(of: row) {
        for place in places[Int(sparse.indices[entry])] { result.append(place, sparse.values[entry]) }
      }
      result.endRow()
    }
    return result
  }

  /// `numpy.hstack` and `scipy.sparse.hstack`: blocks of as many rows side by side; sparse where `asSparse`.
  static func sideBySide(_ blocks: [RowMatrix], rows: Int, asSparse: Bool) -> RowMatrix {
    if blocks.count == 1, let only = blocks.first, asSparse == (only.sparse != nil) { return only }
    if asSparse { return RowMatrix(sparseSideBySide(blocks, rows: rows)) }
    if let block = doubleBlock(blocks, rows: rows) { return block }
    if let block = flagsBesideNothing(blocks, rows: rows) { return block }
    return RowMatrix(rows: rows, table: blocks.flatMap { $0.tableColumns() })
  }

  /// Truth values beside numbers that have no column left: numpy answers numbers of that type.
  private static func flagsBesideNothing(_ blocks: [RowMatrix], rows: Int) -> RowMatrix? {
    var empty: TensorValues?
    var flags: RowMatrix?
    for block in blocks {
      switch block.content {
      case .dense(.bool) where flags == nil: flags = block
      case .dense(let values) where block.columns == 0 && empty == nil: empty = values
      default: return nil
      }
    }
    guard let flags, case .dense(.bool(let values)) = flags.content, let empty else { return nil }
    let numbers: TensorValues
    switch empty {
    case .float32: numbers = .float32(values.map { $0 ? 1 : 0 })
    case .int64: numbers = .int64(values.map { $0 ? 1 : 0 })
    case .int32: numbers = .int32(values.map { $0 ? 1 : 0 })
    default: return nil
    }
    return RowMatrix(rows: rows, columns: flags.columns, values: numbers)
  }

  /// The most usual case without columns in between: all blocks are numbers and one of them is float64.
  private static func doubleBlock(_ blocks: [RowMatrix], rows: Int) -> RowMatrix? {
    var hasDouble = false
    for block in blocks {
      switch block.content {
      case .table: return nil
      case .dense(.float64): hasDouble = true
      case .sparse(let sparse): hasDouble = hasDouble || !sparse.isSingle
      case .dense: break
      }
    }
    guard hasDouble else { return nil }
    let width = blocks.reduce(0) { $0 + $1.columns }
    var values = [Double](repeating: 0, count: rows * width)
    var start = 0
    for block in blocks {
      let source = block.doubles()
      for row in 0..<rows {
        for column in 0..<block.columns {
          values[row * width + start + column] = source[row * block.columns + column]
        }
      }
      start += block.columns
    }
    return RowMatrix(rows: rows, columns: width, values: .float64(values))
  }

  private static func sparseSideBySide(_ blocks: [RowMatrix], rows: Int) -> SparseRows {
    let parts = blocks.map { $0.sparse ?? SparseRows(dense: $0.doubles(), columns: $0.columns) }
    var result = SparseRows(columns: parts.reduce(0) { $0 + $1.columns })
    result.isSingle = blocks.allSatisfy(\.isFloat32)
    for row in 0..<rows {
      var start = 0
      for part in parts {
        for entry in part.entries(of: row) {
          result.append(start + Int(part.indices[entry]), part.values[entry])
        }
        start += part.columns
      }
      result.endRow()
    }
    return result
  }

  /// Numbers written out in full, for an estimator that knows no sparse rows and no objects.
  func dense(for identity: EstimatorIdentity) throws(PredictError) -> RowMatrix {
    switch content {
    case .dense: return self
    case .sparse:
      let (cells, overflow) = rows.multipliedReportingOverflow(by: columns)
      guard !overflow, cells <= RowMatrix.maximumDenseCells else {
        throw .invalidInput(
          "\(rows) rows of \(columns) columns are too many for \(identity.className), which needs them "
            + "written out; send fewer rows at a time.")
      }
      return RowMatrix(rows: rows, columns: columns, values: values)
    case .table(let table):
      for column in table {
        if let text = column.firstText {
          throw .invalidInput("could not convert string to float: '\(String(quoting: text, limit: 60))'")
        }
      }
      return RowMatrix(rows: rows, columns: columns, values: values)
    }
  }

  /// The rows in a form that the estimator reads.
  func prepared(for estimator: any FittedEstimator) throws(PredictError) -> RowMatrix {
    switch content {
    case .dense: return self
    case .sparse: return estimator.takesSparse ? self : try dense(for: estimator.identity)
    case .table: return estimator.takesTables ? self : try dense(for: estimator.identity)
    }
  }

  /// The batch as an answer holds it: zeros written out, tables with text as text.
  func answer(for identity: EstimatorIdentity) throws(PredictError) -> TensorValues {
    guard case .table(let table) = content, table.contains(where: { $0.firstText != nil }) else {
      return try dense(for: identity).values
    }
    let columns = table.map { column in
      column.cells.map { cell in
        if case .text(let text) = cell { return text }
        return cell.description
      }
    }
    return .strings(RowMatrix.interleave(columns, rows: rows))
  }

  /// 512 MiB of doubles.
  static let maximumDenseCells = 1 << 26
}
