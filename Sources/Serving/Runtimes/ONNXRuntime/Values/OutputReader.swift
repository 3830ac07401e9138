internal import CONNXRuntime
internal import InferenceProtocol

/// Copies values that ONNX Runtime made into tensors; sequences and maps become tables.
struct OutputReader {
  let library: ONNXLibrary

  func read(_ value: OpaquePointer, _ place: ONNXPlace) throws(ONNXError) -> Tensor {
    var type: Int32 = 0
    var hasValue: Int32 = 0
    try library.check(apus_ort_value_type(library.pointer, value, &type, &hasValue))
    guard hasValue != 0 else { throw problem("output '\(place.name)' was left empty by the model") }
    switch Int(type) {
    case APUS_ORT_TENSOR:
      let (shape, values) = try tensor(value)
      return Tensor(name: place.name, shape: shape, values: values)
    case APUS_ORT_MAP:
      let (_, values) = try table(of: [value], place)
      return Tensor(name: place.name, shape: [values.count], values: values)
    case APUS_ORT_SEQUENCE:
      return try sequence(value, place)
    default: throw problem("output '\(place.name)' is neither a tensor, nor a sequence, nor a map")
    }
  }

  private func sequence(_ value: OpaquePointer, _ place: ONNXPlace) throws(ONNXError) -> Tensor {
    var parts: [OpaquePointer] = []
    defer { for part in parts { apus_ort_value_release(library.pointer, part) } }
    var count = 0
    try library.check(apus_ort_value_part_count(library.pointer, value, &count))
    for index in 0..<count { parts.append(try part(value, index)) }
    if place.kind == .sequenceOfMaps {
      let (columns, values) = try table(of: parts, place)
      return Tensor(name: place.name, shape: [count, columns], values: values)
    }
    var shape: [Int] = []
    var joined = JoinedValues()
    for (index, part) in parts.enumerated() {
      let (partShape, values) = try tensor(part)
      if index > 0, partShape != shape {
        throw problem(
          "output '\(place.name)' is a sequence of tensors of different shapes (\(shape) and \(partShape)), "
            + "which no tensor can hold")
      }
      shape = partShape
      joined.append(values)
    }
    return Tensor(name: place.name, shape: [count] + shape, values: joined.values(place.datatype))
  }

  /// One row per map; the columns are the maps' keys in ascending order, the same in all rows.
  private func table(
    of maps: [OpaquePointer], _ place: ONNXPlace
  ) throws(ONNXError) -> (columns: Int, values: TensorValues) {
    var keys: TensorValues?
    var joined = JoinedValues()
    for map in maps {
      let keyPart = try part(map, 0)
      defer { apus_ort_value_release(library.pointer, keyPart) }
      let valuePart = try part(map, 1)
      defer { apus_ort_value_release(library.pointer, valuePart) }
      let rowKeys = try tensor(keyPart).values
      if let keys, keys != rowKeys {
        throw problem("output '\(place.name)' has maps with different keys, which no table can hold")
      }
      keys = rowKeys
      joined.append(try tensor(valuePart).values)
    }
    return (keys?.count ?? 0, joined.values(place.datatype))
  }

  private func part(_ value: OpaquePointer, _ index: Int) throws(ONNXError) -> OpaquePointer {
    var part: OpaquePointer?
    try library.check(apus_ort_value_part(library.pointer, value, index, &part))
    guard let part else { throw problem("a part of an output is missing") }
    return part
  }

  private func tensor(_ value: OpaquePointer) throws(ONNXError) -> (shape: [Int], values: TensorValues) {
    var raw = [Int64](repeating: 0, count: Int(APUS_ORT_MAXIMUM_RANK))
    var rank = 0
    var elementType: Int32 = 0
    try library.check(
      apus_ort_value_shape(library.pointer, value, &elementType, &raw, raw.count, &rank))
    let shape = raw.prefix(rank).map { Int(clamping: $0) }
    guard rank <= raw.count, let datatype = DataType(onnxElementType: elementType),
      let count = Tensor.elementCount(of: shape)
    else { throw problem("an output has a type or shape that the inference protocols cannot carry") }
    if datatype == .bytes { return (shape, try texts(value, count)) }
    guard count > 0 else { return (shape, JoinedValues().values(datatype)) }
    var data: UnsafeRawPointer?
    try library.check(apus_ort_value_data(library.pointer, value, &data))
    guard let data else { throw problem("an output has no data") }
    return (shape, TensorValues(datatype, data, count))
  }

  private func texts(_ value: OpaquePointer, _ count: Int) throws(ONNXError) -> TensorValues {
    if count == 0 { return .strings([]) }
    var byteCount = 0
    try library.check(apus_ort_value_text_bytes(library.pointer, value, &byteCount))
    var bytes = [UInt8](repeating: 0, count: byteCount)
    var offsets = [Int](repeating: 0, count: count)
    try library.check(
      apus_ort_value_copy_texts(library.pointer, value, &bytes, byteCount, &offsets, count))
    offsets.append(byteCount)
    var texts: [String] = []
    texts.reserveCapacity(count)
    for index in 0..<count {
      guard offsets[index] <= offsets[index + 1], offsets[index + 1] <= byteCount else {
        throw problem("an output's texts overlap")
      }
      guard let text = String(validUTF8Bytes: bytes[offsets[index]..<offsets[index + 1]]) else {
        return try binary(bytes, offsets)
      }
      texts.append(text)
    }
    return .strings(texts)
  }

  /// Texts that are no UTF-8, each behind its length.
  private func binary(_ bytes: [UInt8], _ offsets: [Int]) throws(ONNXError) -> TensorValues {
    var packed: [UInt8] = []
    packed.reserveCapacity(bytes.count + 4 * offsets.count)
    for (start, end) in zip(offsets, offsets.dropFirst()) {
      let length = UInt32(clamping: end - start)
      for shift in stride(from: UInt32(0), to: 32, by: 8) {
        packed.append(UInt8(truncatingIfNeeded: length >> shift))
      }
      packed += bytes[start..<end]
    }
    guard let elements = RawElements(.bytes, count: offsets.count - 1, bytes: packed[...]) else {
      throw problem("an output's texts are too long")
    }
    return .raw(elements)
  }

  private func problem(_ message: String) -> ONNXError { ONNXError(code: 1, message: message) }
}

extension String {
  fileprivate init?(validUTF8Bytes bytes: ArraySlice<UInt8>) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    self = text
  }
}
