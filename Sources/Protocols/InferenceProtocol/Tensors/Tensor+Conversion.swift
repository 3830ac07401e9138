extension TensorValues {
  /// The elements as another type, as numpy's `astype` does; nil where the value does not fit the type, where
  /// the type has no form in memory (FP16, BF16), and between text and numbers.
  public func converted(to datatype: DataType) -> TensorValues? {
    if datatype == self.datatype { return self }
    switch datatype {
    case .fp64: return doubles().map(TensorValues.float64)
    case .fp32: return doubles().map { .float32($0.map { Float($0) }) }
    case .bool: return doubles().map { .bool($0.map { $0 != 0 }) }
    case .int8: return integers().map(TensorValues.int8)
    case .int16: return integers().map(TensorValues.int16)
    case .int32: return integers().map(TensorValues.int32)
    case .int64: return integers().map(TensorValues.int64)
    case .uint8: return integers().map(TensorValues.uint8)
    case .uint16: return integers().map(TensorValues.uint16)
    case .uint32: return integers().map(TensorValues.uint32)
    case .uint64: return integers().map(TensorValues.uint64)
    case .fp16, .bf16, .bytes: return nil
    }
  }

  /// The elements as integers; fractions are cut off, values that do not fit give nil.
  private func integers<Target: FixedWidthInteger>() -> [Target]? {
    switch self {
    case .bool(let values): values.map { $0 ? 1 : 0 }
    case .int8(let values): Self.exact(values)
    case .int16(let values): Self.exact(values)
    case .int32(let values): Self.exact(values)
    case .int64(let values): Self.exact(values)
    case .uint8(let values): Self.exact(values)
    case .uint16(let values): Self.exact(values)
    case .uint32(let values): Self.exact(values)
    case .uint64(let values): Self.exact(values)
    case .float32(let values): Self.truncated(values.map { Double($0) })
    case .float64(let values): Self.truncated(values)
    case .strings: nil
    case .raw(let elements): elements.unpacked().flatMap { $0.integersUnlessRaw() }
    }
  }

  /// Raw texts stay raw when unpacked: no second try.
  private func integersUnlessRaw<Target: FixedWidthInteger>() -> [Target]? {
    if case .raw = self { return nil }
    return integers()
  }

  private static func exact<Source: FixedWidthInteger, Target: FixedWidthInteger>(_ values: [Source])
    -> [Target]?
  {
    let converted = values.compactMap { Target(exactly: $0) }
    return converted.count == values.count ? converted : nil
  }

  private static func truncated<Target: FixedWidthInteger>(_ values: [Double]) -> [Target]? {
    let converted = values.compactMap { Target(exactly: $0.rounded(.towardZero)) }
    return converted.count == values.count ? converted : nil
  }
}
