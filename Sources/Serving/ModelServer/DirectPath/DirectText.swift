internal import Formats
internal import InferenceProtocol

/// Writes text into memory of a fixed size. What does not fit is not written and remembered.
struct DirectText {
  private let start: UnsafeMutablePointer<UInt8>
  private let capacity: Int
  private(set) var count = 0
  private(set) var isComplete = true

  init?(_ buffer: UnsafeMutableRawBufferPointer) {
    guard let base = buffer.baseAddress else { return nil }
    start = base.assumingMemoryBound(to: UInt8.self)
    capacity = buffer.count
  }

  @inline(__always)
  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress else { return }
    guard bytes.count <= capacity &- count else {
      isComplete = false
      return
    }
    UnsafeMutableRawPointer(start + count).copyMemory(from: source, byteCount: bytes.count)
    count &+= bytes.count
  }

  @inline(__always)
  mutating func append(_ byte: UInt8) {
    guard count < capacity else {
      isComplete = false
      return
    }
    start[count] = byte
    count &+= 1
  }

  /// One element of an output.
  /// - Parameter index: counted in elements of that type.
  @inline(__always)
  mutating func append(element index: Int, of datatype: DataType, in values: UnsafeRawPointer) {
    guard capacity &- count >= NumberText.longest else {
      isComplete = false
      return
    }
    let place = start + count
    switch datatype {
    case .int64: count &+= NumberText.write(load(values, index) as Int64, to: place)
    case .int32: count &+= NumberText.write(Int64(load(values, index) as Int32), to: place)
    case .int16: count &+= NumberText.write(Int64(load(values, index) as Int16), to: place)
    case .int8: count &+= NumberText.write(Int64(load(values, index) as Int8), to: place)
    case .uint64: count &+= NumberText.write(load(values, index) as UInt64, to: place)
    case .uint32: count &+= NumberText.write(UInt64(load(values, index) as UInt32), to: place)
    case .uint16: count &+= NumberText.write(UInt64(load(values, index) as UInt16), to: place)
    case .uint8: count &+= NumberText.write(UInt64(load(values, index) as UInt8), to: place)
    case .fp64: count &+= NumberText.write(load(values, index) as Double, to: place)
    case .fp32: count &+= NumberText.write(Double(load(values, index) as Float), to: place)
    case .bool: append(isTrue: load(values, index) as UInt8 != 0)
    // No row model has them: see `DirectModel`.
    case .fp16, .bf16, .bytes: isComplete = false
    }
  }

  private mutating func append(isTrue: Bool) {
    let text: StaticString = isTrue ? "true" : "false"
    append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  @inline(__always)
  private func load<Value: BitwiseCopyable>(_ values: UnsafeRawPointer, _ index: Int) -> Value {
    values.loadUnaligned(fromByteOffset: index &* MemoryLayout<Value>.size, as: Value.self)
  }

  /// An integer of the answer's frame.
  mutating func append(decimal value: Int) {
    guard capacity &- count >= NumberText.longest else {
      isComplete = false
      return
    }
    count &+= NumberText.write(Int64(value), to: start + count)
  }

  /// A version 4 UUID out of 128 random bits, as `RandomSource.uuid` writes it.
  mutating func append(uuid first: UInt64, _ second: UInt64) {
    guard capacity &- count >= 36 else {
      isComplete = false
      return
    }
    let high = (first & 0xFFFF_FFFF_FFFF_0FFF) | 0x0000_0000_0000_4000
    let low = (second & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000
    for digit in 0..<32 {
      if digit == 8 || digit == 12 || digit == 16 || digit == 20 { append(UInt8(ascii: "-")) }
      let word = digit < 16 ? high : low
      let nibble = UInt8(truncatingIfNeeded: word &>> UInt64(60 &- (digit & 15) &* 4)) & 15
      append(nibble < 10 ? 48 &+ nibble : 87 &+ nibble)
    }
  }
}
