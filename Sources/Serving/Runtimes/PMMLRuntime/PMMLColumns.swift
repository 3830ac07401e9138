internal import InferenceProtocol
internal import ModelRuntime

/// A request's tensors as columns in the order of a document's input fields.
struct PMMLColumns {
  let rows: Int
  private let columns: [Column]

  private enum Column {
    case absent
    case values(TensorValues)
    /// Every so many values from a start on: one column of a matrix.
    case strided(TensorValues, start: Int, step: Int)
  }

  /// One `[rows, fields]` tensor in the fields' order, or tensors of one column each by the fields' names.
  init(_ tensors: [Tensor], _ inputs: [PMMLProgram.Input]) throws(PredictError) {
    let names = inputs.map(\.field.name)
    for tensor in tensors where Tensor.elementCount(of: tensor.shape) != tensor.values.count {
      throw .invalidInput(
        "Input '\(tensor.name)' has shape \(tensor.shape) and \(tensor.values.count) elements.")
    }
    if tensors.count == 1, let only = tensors.first, !names.contains(only.name) {
      guard only.shape.count == 2, only.shape[1] == names.count else {
        throw .invalidInput(
          "Input '\(only.name)' has shape \(only.shape), but the model needs [rows, \(names.count)]: "
            + names.prefix(20).joined(separator: ", "))
      }
      let values = only.values.unpacked()
      rows = only.shape[0]
      columns = names.indices.map { .strided(values, start: $0, step: names.count) }
      return
    }
    var byName: [String: Tensor] = [:]
    for tensor in tensors {
      guard names.contains(tensor.name) else {
        throw .invalidInput(
          "The model has no input '\(tensor.name)'; it has \(names.prefix(20).joined(separator: ", ")).")
      }
      let isColumn = tensor.shape.count == 1 || (tensor.shape.count == 2 && tensor.shape[1] == 1)
      guard isColumn, byName.updateValue(tensor, forKey: tensor.name) == nil else {
        throw .invalidInput("Input '\(tensor.name)' must be one column, [rows] or [rows, 1], given once.")
      }
    }
    let rows = tensors.first?.values.count ?? 0
    for tensor in tensors where tensor.values.count != rows {
      throw .invalidInput(
        "Input '\(tensor.name)' has \(tensor.values.count) rows, '\(tensors[0].name)' has \(rows).")
    }
    self.rows = rows
    columns = names.map { name in byName[name].map { .values($0.values.unpacked()) } ?? .absent }
  }

  /// NaN stands for a missing number.
  func value(row: Int, column: Int) -> FieldValue {
    switch columns[column] {
    case .absent: .missing
    case .values(let values): Self.value(values, row)
    case .strided(let values, let start, let step): Self.value(values, start + row * step)
    }
  }

  private static func value(_ values: TensorValues, _ index: Int) -> FieldValue {
    switch values {
    case .bool(let all): .boolean(all[index])
    case .int8(let all): .number(Double(all[index]))
    case .int16(let all): .number(Double(all[index]))
    case .int32(let all): .number(Double(all[index]))
    case .int64(let all): .number(Double(all[index]))
    case .uint8(let all): .number(Double(all[index]))
    case .uint16(let all): .number(Double(all[index]))
    case .uint32(let all): .number(Double(all[index]))
    case .uint64(let all): .number(Double(all[index]))
    case .float32(let all): all[index].isNaN ? .missing : .number(Double(all[index]))
    case .float64(let all): all[index].isNaN ? .missing : .number(all[index])
    case .strings(let all): .text(all[index])
    case .raw(let elements):
      .text(String(decoding: elements.textSlices[index], as: UTF8.self))
    }
  }
}
