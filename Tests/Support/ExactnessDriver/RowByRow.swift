internal import InferenceProtocol
internal import ModelRuntime

/// Predicts through a model's `RowModel`, one row at a time, as the server's direct path does.
enum RowByRow {
  struct Refused: Error, CustomStringConvertible {
    let reason: String
    var description: String { reason }
  }

  static func predict(_ tensor: Tensor, with model: any LoadedModel) throws -> Tensor {
    guard let rowModel = model.rowModel else { throw Refused(reason: "the model has no row model") }
    let form = rowModel.form
    guard tensor.shape.count == 2, tensor.shape[1] == form.columns, let size = form.outputDatatype.byteSize
    else { throw Refused(reason: "the row model takes \(form.columns) columns") }
    let rows = tensor.shape[0]
    let rowBytes = (form.outputColumns ?? 1) * size
    let scratch = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(rowModel.scratchBytes(rows: 1), 16), alignment: 16)
    let output = UnsafeMutableRawBufferPointer.allocate(byteCount: max(rows * rowBytes, 16), alignment: 16)
    defer {
      scratch.deallocate()
      output.deallocate()
    }
    guard let outputBase = output.baseAddress, let scratchBase = scratch.baseAddress else {
      throw Refused(reason: "no memory")
    }
    for row in 0..<rows {
      let isDone = try withRow(row, of: tensor, columns: form.columns) { batch in
        rowModel.predict(batch, into: outputBase + row * rowBytes, scratch: scratchBase)
      }
      guard isDone else { throw Refused(reason: "the row model leaves row \(row) to the general path") }
    }
    let bytes = Array(output[..<(rows * rowBytes)])
    let shape = form.outputColumns.map { [rows, $0] } ?? [rows]
    guard let count = Tensor.elementCount(of: shape),
      let elements = RawElements(form.outputDatatype, count: count, bytes: bytes[...])
    else { throw Refused(reason: "the output has no shape") }
    return Tensor(name: form.outputName, shape: shape, values: .raw(elements))
  }

  private static func withRow(
    _ row: Int, of tensor: Tensor, columns: Int, _ body: (RowBatch) -> Bool
  ) throws -> Bool {
    switch tensor.values {
    case .float32(let values): return apply(values, row, columns, body) { .float32($0) }
    case .float64(let values): return apply(values, row, columns, body) { .float64($0) }
    case .int32(let values): return apply(values, row, columns, body) { .int32($0) }
    case .int64(let values): return apply(values, row, columns, body) { .int64($0) }
    default: throw Refused(reason: "no row of \(tensor.datatype.rawValue)")
    }
  }

  private static func apply<Element>(
    _ values: [Element], _ row: Int, _ columns: Int, _ body: (RowBatch) -> Bool,
    _ wrap: (UnsafePointer<Element>) -> RowBatch.Values
  ) -> Bool {
    values.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return false }
      return body(RowBatch(rows: 1, columns: columns, values: wrap(base + row * columns)))
    }
  }
}
