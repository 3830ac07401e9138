internal import InferenceProtocol

extension EstimatorBinder {
  func labels(_ array: NumpyArray, _ state: EstimatorState) throws(BindError) -> ClassLabels {
    guard array.shape.count == 1, array.count > 0 else {
      throw state.malformed("classes_", "a list of labels")
    }
    try spend(elements: array.count)
    try hold(array.count, array.textBytes + 32)
    guard let values = labelValues(array) else {
      throw .unsupported(
        "\(state.className) has labels of type \(array.dtype.name), which have no native form")
    }
    return ClassLabels(values: values)
  }

  private func labelValues(_ array: NumpyArray) -> TensorValues? {
    if let texts = array.strings() { return .strings(texts) }
    if case .objects(let values) = array.storage { return objectLabels(values) }
    switch (array.dtype.kind, array.dtype.itemSize) {
    case (.bool, _): return array.integers().map { .bool($0.map { $0 != 0 }) }
    case (.float, 4): return array.doubles().map { .float32($0.map { Float($0) }) }
    case (.float, 8): return array.doubles().map { .float64($0) }
    case (.signed, 1): return array.integers().map { .int8($0.map { Int8(truncatingIfNeeded: $0) }) }
    case (.signed, 2): return array.integers().map { .int16($0.map { Int16(truncatingIfNeeded: $0) }) }
    case (.signed, 4): return array.integers().map { .int32($0.map { Int32(truncatingIfNeeded: $0) }) }
    case (.signed, 8): return array.integers().map { .int64($0) }
    case (.unsigned, 1):
      return array.unsignedIntegers().map { .uint8($0.map { UInt8(truncatingIfNeeded: $0) }) }
    case (.unsigned, 2):
      return array.unsignedIntegers().map { .uint16($0.map { UInt16(truncatingIfNeeded: $0) }) }
    case (.unsigned, 4):
      return array.unsignedIntegers().map { .uint32($0.map { UInt32(truncatingIfNeeded: $0) }) }
    case (.unsigned, 8): return array.unsignedIntegers().map { .uint64($0) }
    default: return nil
    }
  }

  /// Labels kept as Python objects: all of one kind.
  private func objectLabels(_ values: [PickleValue]) -> TensorValues? {
    let integers = values.compactMap { if case .integer(let number) = $0 { number } else { nil } }
    if integers.count == values.count { return .int64(integers) }
    let flags = values.compactMap { if case .bool(let flag) = $0 { flag } else { nil } }
    if flags.count == values.count { return .bool(flags) }
    let numbers = values.compactMap { if case .float(let number) = $0 { number } else { nil } }
    return numbers.count == values.count ? .float64(numbers) : nil
  }
}
