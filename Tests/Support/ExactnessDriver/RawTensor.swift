internal import Basics
internal import InferenceProtocol

/// Tensors as a text line and raw little-endian elements; texts as a 32-bit length and UTF-8.
enum RawTensor {
  static func append(_ tensor: Tensor, to output: inout Bytes) {
    let shape = tensor.shape.map(String.init).joined(separator: ",")
    output.append(contentsOf: "\(tensor.name) \(tensor.datatype.rawValue) \(shape)\n".utf8)
    switch tensor.values {
    case .bool(let values): output.append(contentsOf: values.map { $0 ? 1 : 0 })
    case .int8(let values): append(values, &output)
    case .int16(let values): append(values, &output)
    case .int32(let values): append(values, &output)
    case .int64(let values): append(values, &output)
    case .uint8(let values): append(values, &output)
    case .uint16(let values): append(values, &output)
    case .uint32(let values): append(values, &output)
    case .uint64(let values): append(values, &output)
    case .float32(let values): append(values, &output)
    case .float64(let values): append(values, &output)
    case .raw(let elements): output.append(contentsOf: elements.bytes)
    case .strings(let values):
      for value in values {
        append([UInt32(value.utf8.count)], &output)
        output.append(contentsOf: value.utf8)
      }
    }
  }

  private static func append<Element: BitwiseCopyable>(_ values: [Element], _ output: inout Bytes) {
    values.withUnsafeBytes { output.append(contentsOf: $0) }
  }
}
