public import Basics

/// Values from and to their binary form (little-endian, as this machine's).
extension TensorValues {
  /// Copies elements out of somebody else's bytes: into arrays of their type where memory has one, FP16, BF16
  /// and BYTES as they are.
  /// - Returns: nil where the bytes are not exactly `count` elements of that type.
  public init?(_ datatype: DataType, count: Int, copying bytes: UnsafeRawBufferPointer) {
    if let size = datatype.byteSize {
      let (expected, overflow) = count.multipliedReportingOverflow(by: size)
      guard count >= 0, !overflow, expected == bytes.count else { return nil }
    }
    switch datatype {
    case .bool: self = .bool(bytes.map { $0 != 0 })
    case .int8: self = .int8(Self.copy(bytes, count))
    case .int16: self = .int16(Self.copy(bytes, count))
    case .int32: self = .int32(Self.copy(bytes, count))
    case .int64: self = .int64(Self.copy(bytes, count))
    case .uint8: self = .uint8(Self.copy(bytes, count))
    case .uint16: self = .uint16(Self.copy(bytes, count))
    case .uint32: self = .uint32(Self.copy(bytes, count))
    case .uint64: self = .uint64(Self.copy(bytes, count))
    case .fp32: self = .float32(Self.copy(bytes, count))
    case .fp64: self = .float64(Self.copy(bytes, count))
    case .fp16, .bf16, .bytes:
      guard let elements = RawElements(datatype, count: count, bytes: Bytes(bytes)[...]) else { return nil }
      self = .raw(elements)
    }
  }

  private static func copy<Element: BitwiseCopyable>(
    _ bytes: UnsafeRawBufferPointer, _ count: Int
  ) -> [Element] {
    [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
      initialized = count
    }
  }

  /// How many bytes the binary form has.
  public var binarySize: Int {
    switch self {
    case .raw(let elements): return elements.bytes.count
    case .strings(let texts): return texts.reduce(0) { $0 &+ 4 &+ $1.utf8.count }
    default: return count &* (datatype.byteSize ?? 0)
    }
  }

  /// Lends the binary form: from where the elements lie, but for truth values and texts, which are written
  /// first (see `lendable`).
  public func withBinary(_ body: (UnsafeRawBufferPointer) -> Void) {
    switch self {
    case .int8(let values): values.withUnsafeBytes(body)
    case .int16(let values): values.withUnsafeBytes(body)
    case .int32(let values): values.withUnsafeBytes(body)
    case .int64(let values): values.withUnsafeBytes(body)
    case .uint8(let values): values.withUnsafeBytes(body)
    case .uint16(let values): values.withUnsafeBytes(body)
    case .uint32(let values): values.withUnsafeBytes(body)
    case .uint64(let values): values.withUnsafeBytes(body)
    case .float32(let values): values.withUnsafeBytes(body)
    case .float64(let values): values.withUnsafeBytes(body)
    case .raw(let elements): elements.bytes.withUnsafeBytes(body)
    case .bool, .strings:
      var bytes = Bytes()
      appendBinary(to: &bytes)
      bytes.withUnsafeBytes(body)
    }
  }

  /// The same elements in a form that lends its bytes as they are.
  var lendable: TensorValues {
    switch self {
    case .bool, .strings:
      var bytes = Bytes()
      appendBinary(to: &bytes)
      return RawElements(datatype, count: count, bytes: bytes[...]).map { .raw($0) } ?? self
    default: return self
    }
  }

  /// Appends the binary form.
  public func appendBinary(to output: inout Bytes) {
    switch self {
    case .bool(let values): for value in values { output.append(value ? 1 : 0) }
    case .int8(let values): Self.append(values, to: &output)
    case .int16(let values): Self.append(values, to: &output)
    case .int32(let values): Self.append(values, to: &output)
    case .int64(let values): Self.append(values, to: &output)
    case .uint8(let values): output.append(contentsOf: values)
    case .uint16(let values): Self.append(values, to: &output)
    case .uint32(let values): Self.append(values, to: &output)
    case .uint64(let values): Self.append(values, to: &output)
    case .float32(let values): Self.append(values, to: &output)
    case .float64(let values): Self.append(values, to: &output)
    case .strings(let texts):
      for text in texts {
        withUnsafeBytes(of: UInt32(truncatingIfNeeded: text.utf8.count).littleEndian) {
          output.append(contentsOf: $0)
        }
        output.append(contentsOf: text.utf8)
      }
    case .raw(let elements): output.append(contentsOf: elements.bytes)
    }
  }

  private static func append<Element: BitwiseCopyable>(_ values: [Element], to output: inout Bytes) {
    values.withUnsafeBytes { output.append(contentsOf: $0) }
  }
}
