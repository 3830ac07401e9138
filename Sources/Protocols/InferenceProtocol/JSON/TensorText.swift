internal import Basics
internal import Formats

/// Tensor elements as JSON text, without a tree in between.
enum TensorText {
  /// The elements of a range of a tensor's values, separated by commas.
  static func write(_ values: TensorValues, _ range: Range<Int>, into output: inout Bytes) {
    switch values {
    case .bool(let all):
      join(all[range], into: &output) { $1.append(contentsOf: ($0 ? "true" : "false").utf8) }
    case .int8(let all): join(all[range], into: &output) { write(integer: $0, into: &$1) }
    case .int16(let all): join(all[range], into: &output) { write(integer: $0, into: &$1) }
    case .int32(let all): join(all[range], into: &output) { write(integer: $0, into: &$1) }
    case .int64(let all): join(all[range], into: &output) { write(integer: $0, into: &$1) }
    case .uint8(let all): join(all[range], into: &output) { write(integer: $0, into: &$1) }
    case .uint16(let all): join(all[range], into: &output) { write(integer: $0, into: &$1) }
    case .uint32(let all): join(all[range], into: &output) { write(integer: $0, into: &$1) }
    case .uint64(let all): join(all[range], into: &output) { write(integer: $0, into: &$1) }
    // As numpy's `tolist` does: a float32 is shown as the double that it is.
    case .float32(let all): join(all[range], into: &output) { write(double: Double($0), into: &$1) }
    case .float64(let all): join(all[range], into: &output) { write(double: $0, into: &$1) }
    case .strings(let all): join(all[range], into: &output) { JSONText.writeString($0, into: &$1) }
    case .raw: write(showable(values), range, into: &output)
    }
  }

  /// Values in the array form of their type; texts that are no UTF-8 with replacement characters.
  static func showable(_ values: TensorValues) -> TensorValues {
    guard case .raw(let elements) = values else { return values }
    return elements.unpacked() ?? .strings(elements.textSlices.map { String(decoding: $0, as: UTF8.self) })
  }

  /// Shortest text that reads back as the same double, in Python's form.
  static func write(double value: Double, into output: inout Bytes) {
    place(into: &output) { NumberText.write(value, to: $0) }
  }

  static func write(integer: some FixedWidthInteger, into output: inout Bytes) {
    if let value = Int64(exactly: integer) {
      place(into: &output) { NumberText.write(value, to: $0) }
    } else {
      place(into: &output) { NumberText.write(UInt64(truncatingIfNeeded: integer), to: $0) }
    }
  }

  private static func place(into output: inout Bytes, _ write: (UnsafeMutablePointer<UInt8>) -> Int) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: NumberText.longest) { buffer in
      guard let start = buffer.baseAddress else { return }
      output.append(contentsOf: UnsafeBufferPointer(start: start, count: write(start)))
    }
  }

  private static func join<Element>(
    _ elements: ArraySlice<Element>, into output: inout Bytes, _ write: (Element, inout Bytes) -> Void
  ) {
    var isFirst = true
    for element in elements {
      if !isFirst { output.append(UInt8(ascii: ",")) }
      isFirst = false
      write(element, &output)
    }
  }

  /// The values as nested lists of the tensor's shape.
  static func writeNested(_ tensor: Tensor, into output: inout Bytes) {
    var cursor = 0
    var tensor = tensor
    tensor.values = showable(tensor.values)
    writeLevel(tensor, depth: 0, cursor: &cursor, into: &output)
  }

  private static func writeLevel(_ tensor: Tensor, depth: Int, cursor: inout Int, into output: inout Bytes) {
    if depth == tensor.shape.count {
      // No dimension at all: one scalar.
      write(tensor.values, cursor..<min(cursor + 1, tensor.values.count), into: &output)
      return
    }
    output.append(UInt8(ascii: "["))
    if depth == tensor.shape.count - 1 {
      let end = min(cursor + tensor.shape[depth], tensor.values.count)
      write(tensor.values, cursor..<end, into: &output)
      cursor = end
    } else {
      for index in 0..<tensor.shape[depth] {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        writeLevel(tensor, depth: depth + 1, cursor: &cursor, into: &output)
      }
    }
    output.append(UInt8(ascii: "]"))
  }
}
