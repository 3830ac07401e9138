internal import Basics

extension PickleMachine {
  mutating func readByte() throws(PickleError) -> UInt8 {
    guard offset < input.count else { throw truncated() }
    defer { offset += 1 }
    return input[offset]
  }

  /// A slice of the input; shares its storage.
  mutating func readSlice(_ count: Int) throws(PickleError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= input.count - offset else { throw truncated() }
    defer { offset += count }
    return input[offset..<(offset + count)]
  }

  /// A little-endian unsigned number of `width` bytes (1 to 8) that fits an `Int`.
  mutating func readLength(_ width: Int) throws(PickleError) -> Int {
    var number: UInt64 = 0
    for (position, byte) in try readSlice(width).enumerated() {
      number |= UInt64(byte) << UInt64(8 * position)
    }
    guard let length = Int(exactly: number) else { throw corrupt("a length of \(number) bytes") }
    return length
  }

  mutating func readInt32() throws(PickleError) -> Int32 {
    Int32(truncatingIfNeeded: try readLength(4))
  }

  mutating func readDouble() throws(PickleError) -> Double {
    var bits: UInt64 = 0
    for byte in try readSlice(8) { bits = bits << 8 | UInt64(byte) }
    return Double(bitPattern: bits)
  }

  /// UTF-8 text of `count` bytes.
  mutating func readText(_ count: Int) throws(PickleError) -> String {
    let start = offset
    let bytes = try readSlice(count)
    try charge(PickleCost.text(count))
    guard let text = String(validUTF8: bytes) else {
      throw .corrupt(offset: start, reason: "text that is not valid UTF-8")
    }
    return text
  }

  /// The bytes up to the next newline, which is consumed.
  mutating func readLine() throws(PickleError) -> ArraySlice<UInt8> {
    let start = offset
    while offset < input.count, input[offset] != 0x0a {
      offset += 1
      if offset - start > limits.textLineBytes {
        throw .limit(offset: start, reason: "a text line longer than \(limits.textLineBytes) bytes")
      }
    }
    guard offset < input.count else { throw truncated() }
    defer { offset += 1 }
    return input[start..<offset]
  }

  mutating func readTextLine() throws(PickleError) -> String {
    guard let text = String(validUTF8: try readLine()) else { throw corrupt("a text line that is not UTF-8") }
    return text
  }

  mutating func readDecimalLine() throws(PickleError) -> Int {
    let text = try readTextLine()
    guard let number = Int(text) else {
      throw corrupt("'\(String(quoting: text, limit: 40))' where a number belongs")
    }
    return number
  }

  func truncated() -> PickleError {
    .corrupt(offset: input.count, reason: "the file ends in the middle (truncated)")
  }

  /// A little-endian two's-complement integer, as LONG1 and LONG4 hold it.
  func integer(_ bytes: ArraySlice<UInt8>) -> PickleValue {
    guard bytes.count <= 8 else { return .bigInteger(bytes) }
    var bits: UInt64 = 0
    for (position, byte) in bytes.enumerated() { bits |= UInt64(byte) << UInt64(8 * position) }
    if let last = bytes.last, last & 0x80 != 0, bytes.count < 8 { bits |= ~0 << UInt64(8 * bytes.count) }
    return .integer(Int64(bitPattern: bits))
  }
}
