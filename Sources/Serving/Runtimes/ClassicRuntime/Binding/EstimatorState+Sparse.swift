extension EstimatorState {
  /// A scipy CSR matrix, whose state is a dictionary.
  func sparseMatrix(_ name: String, columns: Int? = nil) throws(BindError) -> SparseRows {
    guard case .object(let object)? = binder.graph.node(try value(name)),
      ["csr_matrix", "csr_array"].contains(object.global.name)
    else { throw malformed(name, "a sparse matrix (CSR)") }
    let inner = try EstimatorState(object, binder: binder, heldBy: self)
    let shape = try inner.items("_shape").compactMap { inner.cell($0)?.double }.compactMap {
      Int(exactly: $0)
    }
    guard shape.count == 2, shape[0] >= 0, shape[1] >= 0, columns == nil || columns == shape[1] else {
      throw malformed(name, "a sparse matrix of the right shape")
    }
    let starts = try inner.integers("indptr")
    let indices = try inner.integers("indices")
    let values = try inner.doubles("data")
    guard starts.count == shape[0] + 1, starts.first == 0, starts.last == indices.count,
      indices.count == values.count, zip(starts, starts.dropFirst()).allSatisfy({ $0 <= $1 }),
      indices.allSatisfy({ $0 >= 0 && $0 < shape[1] && $0 <= Int(Int32.max) })
    else { throw malformed(name, "a sparse matrix whose parts fit one another") }
    try binder.hold(values.count, 12)
    var result = SparseRows(columns: shape[1])
    result.starts = starts
    result.indices = indices.map { Int32(truncatingIfNeeded: $0) }
    result.values = values
    result.isSingle = isSingle(try inner.array("data"))
    return result
  }

  /// Whether an attribute holds a sparse matrix instead of an array.
  func isSparse(_ name: String) -> Bool {
    guard let value = try? value(name), case .object? = binder.graph.node(value) else { return false }
    return true
  }

  /// A matrix, written out where the file holds it sparse.
  func matrixOfAnyKind(_ name: String, columns: Int? = nil) throws(BindError) -> BoundMatrix {
    guard isSparse(name) else { return try matrix(name, columns: columns) }
    let sparse = try sparseMatrix(name, columns: columns)
    let (cells, overflow) = sparse.rows.multipliedReportingOverflow(by: sparse.columns)
    guard !overflow else { throw malformed(name, "a sparse matrix that fits into memory") }
    try binder.hold(cells, 8)
    return BoundMatrix(
      values: sparse.dense(), rows: sparse.rows, columns: sparse.columns, isSingle: sparse.isSingle)
  }
}
