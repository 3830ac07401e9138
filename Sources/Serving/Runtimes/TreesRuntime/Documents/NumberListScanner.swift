/// Walks over the numbers of a JSON list. Its closing bracket, which lies within `bytes`, ends every number,
/// so digits are looked at without asking for the end each time.
struct NumberListScanner {
  private let bytes: UnsafeBufferPointer<UInt8>
  private(set) var offset: Int

  init(bytes: UnsafeBufferPointer<UInt8>, offset: Int) {
    self.bytes = bytes
    self.offset = offset
  }

  @inline(__always)
  private mutating func skipSpace() {
    while bytes[offset] <= 0x20,
      bytes[offset] == 0x20 || bytes[offset] == 0x0A || bytes[offset] == 0x0D || bytes[offset] == 0x09
    {
      offset &+= 1
    }
  }

  /// Takes a comma, and white space around it.
  @inline(__always)
  mutating func takeComma() -> Bool {
    skipSpace()
    guard bytes[offset] == UInt8(ascii: ",") else { return false }
    offset &+= 1
    return true
  }

  @inline(__always)
  private func endsNumber(_ byte: UInt8) -> Bool { byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") }

  @inline(__always)
  mutating func integer() -> Int32? {
    skipSpace()
    var position = offset
    let isNegative = bytes[position] == UInt8(ascii: "-")
    if isNegative { position &+= 1 }
    let first = position
    var value: Int64 = 0
    while bytes[position] &- 48 < 10 {
      value = value &* 10 &+ Int64(bytes[position] &- 48)
      position &+= 1
    }
    let digits = position &- first
    guard digits > 0, digits <= 18, endsNumber(bytes[position]) else {
      return double().flatMap { Int32(exactly: $0) }
    }
    offset = position
    return Int32(exactly: isNegative ? 0 &- value : value)
  }

  @inline(__always)
  mutating func flag() -> Bool? {
    let byte = bytes[offset]
    if byte &- 48 < 2, endsNumber(bytes[offset &+ 1]) {
      offset &+= 1
      return byte == 49
    }
    return double().map { $0 == 1 }
  }

  /// The float32 that the text is nearest to.
  @inline(__always)
  mutating func float() -> Float? {
    skipSpace()
    var position = offset
    let isNegative = bytes[position] == UInt8(ascii: "-")
    if isNegative { position &+= 1 }
    var significand: UInt64 = 0
    let first = position
    var digits = 0
    while bytes[position] &- 48 < 10 {
      significand = significand &* 10 &+ UInt64(bytes[position] &- 48)
      position &+= 1
    }
    digits = position &- first
    var exponent = 0
    // Integers, and what is written otherwise than `1.5E-1`, go the long way.
    guard digits > 0, bytes[position] == UInt8(ascii: ".") || bytes[position] | 0x20 == UInt8(ascii: "e")
    else { return double().map { Float($0) } }
    if bytes[position] == UInt8(ascii: ".") {
      position &+= 1
      let fraction = position
      while bytes[position] &- 48 < 10 {
        significand = significand &* 10 &+ UInt64(bytes[position] &- 48)
        position &+= 1
      }
      exponent = fraction &- position
      digits = digits &- exponent
    }
    if bytes[position] | 0x20 == UInt8(ascii: "e") {
      position &+= 1
      let isDown = bytes[position] == UInt8(ascii: "-")
      if isDown || bytes[position] == UInt8(ascii: "+") { position &+= 1 }
      var power = 0
      let start = position
      while bytes[position] &- 48 < 10 {
        power = power &* 10 &+ Int(bytes[position] &- 48)
        position &+= 1
      }
      guard position &- start == 1 || position &- start == 2 else { return double().map { Float($0) } }
      exponent = exponent &+ (isDown ? 0 &- power : power)
    }
    guard digits <= 18, endsNumber(bytes[position]),
      let value = DecimalScanner.exactFraction(significand, exponent)
    else { return double().map { Float($0) } }
    offset = position
    return Float(isNegative ? -value : value)
  }

  @inline(never)
  mutating func double() -> Double? {
    skipSpace()
    return ModelJSONReader.number(bytes, &offset)
  }
}
