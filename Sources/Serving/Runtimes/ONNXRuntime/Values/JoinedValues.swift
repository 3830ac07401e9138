internal import InferenceProtocol

/// Values of one type, appended to one another.
struct JoinedValues {
  private var bytes: [UInt8] = []
  private var texts: [String] = []
  private var count = 0

  mutating func append(_ values: TensorValues) {
    count += values.count
    switch values {
    case .bool(let values): append(values)
    case .int8(let values): append(values)
    case .int16(let values): append(values)
    case .int32(let values): append(values)
    case .int64(let values): append(values)
    case .uint8(let values): append(values)
    case .uint16(let values): append(values)
    case .uint32(let values): append(values)
    case .uint64(let values): append(values)
    case .float32(let values): append(values)
    case .float64(let values): append(values)
    case .strings(let values): texts += values
    case .raw(let elements):
      if elements.datatype == .bytes {
        // A part that is no UTF-8 cannot stand among texts: what is invalid in it is replaced.
        texts += elements.textSlices.map { String(decoding: $0, as: UTF8.self) }
      } else {
        bytes += elements.bytes
      }
    }
  }

  private mutating func append<Element: BitwiseCopyable>(_ values: [Element]) {
    values.withUnsafeBytes { bytes.append(contentsOf: $0) }
  }

  func values(_ datatype: DataType) -> TensorValues {
    if datatype == .bytes { return .strings(texts) }
    return bytes.withUnsafeBytes { buffer in
      guard let start = buffer.baseAddress else {
        return withUnsafeBytes(of: UInt64(0)) { empty in
          empty.baseAddress.map { TensorValues(datatype, $0, 0) } ?? .float32([])
        }
      }
      return TensorValues(datatype, start, count)
    }
  }
}

extension TensorValues {
  /// Copies `count` elements of fixed size out of memory that holds them one after the other.
  init(_ datatype: DataType, _ memory: UnsafeRawPointer, _ count: Int) {
    func load<Element: BitwiseCopyable>() -> [Element] {
      [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
        UnsafeMutableRawBufferPointer(buffer).copyMemory(
          from: UnsafeRawBufferPointer(start: memory, count: count * MemoryLayout<Element>.size))
        initialized = count
      }
    }
    switch datatype {
    case .bool: self = .bool((load() as [UInt8]).map { $0 != 0 })
    case .int8: self = .int8(load())
    case .int16: self = .int16(load())
    case .int32: self = .int32(load())
    case .int64: self = .int64(load())
    case .uint8: self = .uint8(load())
    case .uint16: self = .uint16(load())
    case .uint32: self = .uint32(load())
    case .uint64: self = .uint64(load())
    case .fp32: self = .float32(load())
    case .fp64: self = .float64(load())
    case .fp16, .bf16:
      let bytes = [UInt8](UnsafeRawBufferPointer(start: memory, count: count * 2))
      self = RawElements(datatype, count: count, bytes: bytes[...]).map(TensorValues.raw) ?? .float32([])
    case .bytes: self = .strings([])
    }
  }
}
