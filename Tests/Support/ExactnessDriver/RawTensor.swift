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

  struct Malformed: Error {}

  /// Several tensors, one after the other.
  static func read(_ bytes: Bytes) throws -> [Tensor] {
    var tensors: [Tensor] = []
    var position = 0
    while position < bytes.count {
      guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) else { throw Malformed() }
      let fields = String(decoding: bytes[position..<end], as: UTF8.self)
        .split(separator: " ", omittingEmptySubsequences: false)
      guard fields.count == 3, let datatype = DataType(rawValue: String(fields[1])) else { throw Malformed() }
      let shape = fields[2].split(separator: ",").compactMap { Int($0) }
      guard let count = Tensor.elementCount(of: shape) else { throw Malformed() }
      var next = end + 1
      if let size = datatype.byteSize {
        next += count * size
      } else {
        for _ in 0..<count {
          guard next + 4 <= bytes.count else { throw Malformed() }
          next += 4 + (0..<4).reduce(0) { $0 | Int(bytes[next + $1]) << (8 * $1) }
        }
      }
      guard next <= bytes.count,
        let elements = RawElements(datatype, count: count, bytes: bytes[(end + 1)..<next])
      else { throw Malformed() }
      tensors.append(Tensor(name: String(fields[0]), shape: shape, values: .raw(elements)))
      position = next
    }
    return tensors
  }
}
