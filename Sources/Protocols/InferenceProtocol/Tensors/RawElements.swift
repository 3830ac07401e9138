internal import Basics

/// Elements as they travel in binary: little-endian, one after the other; texts each as a 32-bit length and
/// their bytes. A view that keeps the bytes it lies in alive, without a copy.
public struct RawElements: Sendable, Hashable {
  public let datatype: DataType
  public let count: Int
  public let bytes: ArraySlice<UInt8>

  /// - Returns: nil where the bytes are not exactly `count` elements of that type.
  public init?(_ datatype: DataType, count: Int, bytes: ArraySlice<UInt8>) {
    if let size = datatype.byteSize {
      let (expected, overflow) = count.multipliedReportingOverflow(by: size)
      guard count >= 0, !overflow, expected == bytes.count else { return nil }
    } else {
      guard Self.countTexts(bytes) == count else { return nil }
    }
    self.datatype = datatype
    self.count = count
    self.bytes = bytes
  }

  /// The elements in the array form of their type; FP16 and BF16 widened to float32. Nil for texts that are
  /// no UTF-8.
  public func unpacked() -> TensorValues? {
    switch datatype {
    case .bool: .bool(bytes.map { $0 != 0 })
    case .int8: .int8(load())
    case .int16: .int16(load())
    case .int32: .int32(load())
    case .int64: .int64(load())
    case .uint8: .uint8(Array(bytes))
    case .uint16: .uint16(load())
    case .uint32: .uint32(load())
    case .uint64: .uint64(load())
    case .fp32: .float32(load())
    case .fp64: .float64(load())
    case .fp16: .float32(load().map { HalfPrecision.float(half: $0) })
    case .bf16: .float32(load().map { Float(bitPattern: UInt32($0 as UInt16) << 16) })
    case .bytes: texts()
    }
  }

  /// The texts' bytes, one slice each; empty for other types.
  public var textSlices: [ArraySlice<UInt8>] {
    guard datatype == .bytes else { return [] }
    var slices: [ArraySlice<UInt8>] = []
    slices.reserveCapacity(count)
    var position = bytes.startIndex
    while let length = Self.length(bytes, at: position) {
      slices.append(bytes[(position + 4)..<(position + 4 + length)])
      position += 4 + length
    }
    return slices
  }

  private func texts() -> TensorValues? {
    var texts: [String] = []
    texts.reserveCapacity(count)
    for slice in textSlices {
      guard let text = String(validUTF8: slice) else { return nil }
      texts.append(text)
    }
    return .strings(texts)
  }

  private func load<Element: BitwiseCopyable>() -> [Element] {
    [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
      initialized = count
    }
  }

  /// How many texts the bytes hold; nil where a length leads beyond their end.
  private static func countTexts(_ bytes: ArraySlice<UInt8>) -> Int? {
    var position = bytes.startIndex
    var count = 0
    while position < bytes.endIndex {
      guard let length = length(bytes, at: position) else { return nil }
      position += 4 + length
      count += 1
    }
    return count
  }

  private static func length(_ bytes: ArraySlice<UInt8>, at position: Int) -> Int? {
    guard bytes.endIndex - position >= 4 else { return nil }
    let length =
      Int(bytes[position]) | Int(bytes[position + 1]) << 8 | Int(bytes[position + 2]) << 16
      | Int(bytes[position + 3]) << 24
    return length <= bytes.endIndex - position - 4 ? length : nil
  }
}
