internal import InferenceProtocol

/// Tensors put together and taken apart along their first dimension.
enum TensorRows {
  /// One tensor with the rows of all; nil where they differ in type or form. Names and the other dimensions
  /// are the first one's: callers have compared them.
  static func join(_ tensors: [Tensor]) -> Tensor? {
    guard let first = tensors.first, !first.shape.isEmpty else { return nil }
    var rows = 0
    for tensor in tensors {
      guard let count = tensor.shape.first else { return nil }
      rows += count
    }
    guard let values = joinedValues(tensors.map(\.values)) else { return nil }
    return Tensor(name: first.name, shape: [rows] + first.shape.dropFirst(), values: values)
  }

  /// The tensor's rows as tensors of so many rows each; nil where the counts do not add up to its rows.
  static func split(_ tensor: Tensor, rows: [Int]) -> [Tensor]? {
    let total = rows.reduce(0, +)
    guard tensor.shape.first == total, total > 0, let count = Tensor.elementCount(of: tensor.shape),
      count == tensor.values.count
    else { return nil }
    let width = count / total
    var parts: [Tensor] = []
    var start = 0
    for length in rows {
      guard let values = part(tensor.values, start * width, length * width) else { return nil }
      parts.append(
        Tensor(name: tensor.name, shape: [length] + tensor.shape.dropFirst(), values: values))
      start += length
    }
    return parts
  }

  private static func joinedValues(_ values: [TensorValues]) -> TensorValues? {
    func all<Element>(_ pick: (TensorValues) -> [Element]?) -> [Element]? {
      var result: [Element] = []
      result.reserveCapacity(values.reduce(0) { $0 + $1.count })
      for value in values {
        guard let elements = pick(value) else { return nil }
        result += elements
      }
      return result
    }
    switch values.first {
    case .bool: return all { if case .bool(let it) = $0 { it } else { nil } }.map(TensorValues.bool)
    case .int8: return all { if case .int8(let it) = $0 { it } else { nil } }.map(TensorValues.int8)
    case .int16: return all { if case .int16(let it) = $0 { it } else { nil } }.map(TensorValues.int16)
    case .int32: return all { if case .int32(let it) = $0 { it } else { nil } }.map(TensorValues.int32)
    case .int64: return all { if case .int64(let it) = $0 { it } else { nil } }.map(TensorValues.int64)
    case .uint8: return all { if case .uint8(let it) = $0 { it } else { nil } }.map(TensorValues.uint8)
    case .uint16: return all { if case .uint16(let it) = $0 { it } else { nil } }.map(TensorValues.uint16)
    case .uint32: return all { if case .uint32(let it) = $0 { it } else { nil } }.map(TensorValues.uint32)
    case .uint64: return all { if case .uint64(let it) = $0 { it } else { nil } }.map(TensorValues.uint64)
    case .float32: return all { if case .float32(let it) = $0 { it } else { nil } }.map(TensorValues.float32)
    case .float64: return all { if case .float64(let it) = $0 { it } else { nil } }.map(TensorValues.float64)
    case .strings: return all { if case .strings(let it) = $0 { it } else { nil } }.map(TensorValues.strings)
    case .raw(let first):
      var bytes: [UInt8] = []
      for case .raw(let elements) in values where elements.datatype == first.datatype {
        bytes += elements.bytes
      }
      return RawElements(first.datatype, count: values.reduce(0) { $0 + $1.count }, bytes: bytes[...])
        .map(TensorValues.raw)
    case nil: return nil
    }
  }

  private static func part(_ values: TensorValues, _ start: Int, _ count: Int) -> TensorValues? {
    let range = start..<(start + count)
    switch values {
    case .bool(let all): return .bool(Array(all[range]))
    case .int8(let all): return .int8(Array(all[range]))
    case .int16(let all): return .int16(Array(all[range]))
    case .int32(let all): return .int32(Array(all[range]))
    case .int64(let all): return .int64(Array(all[range]))
    case .uint8(let all): return .uint8(Array(all[range]))
    case .uint16(let all): return .uint16(Array(all[range]))
    case .uint32(let all): return .uint32(Array(all[range]))
    case .uint64(let all): return .uint64(Array(all[range]))
    case .float32(let all): return .float32(Array(all[range]))
    case .float64(let all): return .float64(Array(all[range]))
    case .strings(let all): return .strings(Array(all[range]))
    case .raw(let all): return rawPart(all, range).map(TensorValues.raw)
    }
  }

  private static func rawPart(_ elements: RawElements, _ range: Range<Int>) -> RawElements? {
    let bytes = elements.bytes
    if let size = elements.datatype.byteSize {
      let slice = bytes[
        (bytes.startIndex + range.lowerBound * size)..<(bytes.startIndex + range.upperBound * size)]
      return RawElements(elements.datatype, count: range.count, bytes: slice)
    }
    let texts = elements.textSlices
    guard range.upperBound <= texts.count else { return nil }
    guard let first = texts[range].first, let last = texts[range].last else {
      return RawElements(elements.datatype, count: 0, bytes: [])
    }
    // Each text lies behind its length.
    return RawElements(
      elements.datatype, count: range.count, bytes: bytes[(first.startIndex - 4)..<last.endIndex])
  }
}
