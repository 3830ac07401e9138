/// Walks over the bytes of a list of numbers. No byte is looked at beyond the last one, which ends every
/// number: `JSONNumbers.read` has made sure of it.
struct JSONNumberCursor {
  private(set) var position: UnsafePointer<UInt8>
  private let end: UnsafePointer<UInt8>

  // The number last read.
  private var numberStart: UnsafePointer<UInt8>
  private var significand: UInt64 = 0
  private var exponent = 0
  private var isNegative = false
  private var isWhole = true
  /// All digits are in `significand`.
  private var isExact = true

  init(at position: UnsafePointer<UInt8>, end: UnsafePointer<UInt8>) {
    self.position = position
    self.end = end
    numberStart = position
  }

  static func mayContinueNumber(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "e"),
      UInt8(ascii: "E"):
      true
    default: false
    }
  }

  // MARK: structure

  /// The next byte that is no white space; 0 at the end.
  @inline(__always)
  mutating func peek() -> UInt8 {
    if position < end, position.pointee > 0x20 { return position.pointee }
    return peekBeyondSpace()
  }

  @inline(never)
  private mutating func peekBeyondSpace() -> UInt8 {
    while position < end {
      switch position.pointee {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      default: return position.pointee
      }
    }
    return 0
  }

  /// Takes that byte, and white space before it.
  @inline(__always)
  mutating func take(_ byte: UInt8) -> Bool {
    guard peek() == byte, position < end else { return false }
    position += 1
    return true
  }

  mutating func takeNull() -> Bool {
    guard end - position >= 4, position[0] == 110, position[1] == 117, position[2] == 108, position[3] == 108
    else { return false }
    position += 4
    return true
  }

  // MARK: numbers

  /// Takes a number by JSON's grammar.
  /// - Returns: false where there is none; nothing may be read after that.
  @inline(__always)
  mutating func number() -> Bool {
    guard peek() != 0 else { return false }
    var cursor = position
    numberStart = cursor
    isNegative = cursor.pointee == UInt8(ascii: "-")
    // The last byte is neither a sign nor a digit, so there is one more after each of them.
    if isNegative { cursor += 1 }
    var digits: UInt64 = 0
    let whole = cursor
    if cursor.pointee == 48 {
      cursor += 1
      if cursor.pointee &- 48 < 10 { return false }
    } else {
      while cursor.pointee &- 48 < 10 {
        digits = digits &* 10 &+ UInt64(cursor.pointee &- 48)
        cursor += 1
      }
      if cursor == whole { return false }
    }
    var length = cursor - whole
    var power = 0
    isWhole = true
    if cursor.pointee == UInt8(ascii: ".") {
      isWhole = false
      cursor += 1
      let fraction = cursor
      readFraction(&cursor, &digits)
      power = fraction - cursor
      if power == 0 { return false }
      length = length &- power
    }
    if cursor.pointee | 0x20 == UInt8(ascii: "e") {
      isWhole = false
      guard readExponent(&cursor, &power) else { return false }
    }
    significand = digits
    exponent = power
    isExact = length <= 19 || Self.significantDigits(whole, cursor) <= 19
    position = cursor
    return true
  }

  /// Eight digits at a time while there are as many.
  @inline(__always)
  private func readFraction(_ cursor: inout UnsafePointer<UInt8>, _ digits: inout UInt64) {
    while end - cursor >= 8 {
      let eight = UnsafeRawPointer(cursor).loadUnaligned(as: UInt64.self).littleEndian
      guard Self.areDigits(eight) else { break }
      digits = digits &* 100_000_000 &+ Self.value(ofDigits: eight)
      cursor += 8
    }
    while cursor.pointee &- 48 < 10 {
      digits = digits &* 10 &+ UInt64(cursor.pointee &- 48)
      cursor += 1
    }
  }

  /// - Returns: false where digits are missing. Exponents beyond any double's are cut.
  private func readExponent(_ cursor: inout UnsafePointer<UInt8>, _ power: inout Int) -> Bool {
    cursor += 1
    let isNegative = cursor.pointee == UInt8(ascii: "-")
    if isNegative || cursor.pointee == UInt8(ascii: "+") { cursor += 1 }
    let start = cursor
    var value = 0
    while cursor.pointee &- 48 < 10 {
      if value < 100_000 { value = value &* 10 &+ Int(cursor.pointee &- 48) }
      cursor += 1
    }
    power = power &+ (isNegative ? 0 &- value : value)
    return cursor != start
  }

  /// Digits without the zeros before the first other one.
  private static func significantDigits(
    _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
  ) -> Int {
    var count = 0
    var cursor = start
    while cursor < end, cursor.pointee | 0x20 != UInt8(ascii: "e") {
      if cursor.pointee &- 48 < 10, count > 0 || cursor.pointee != 48 { count &+= 1 }
      cursor += 1
    }
    return count
  }

  @inline(__always)
  private static func areDigits(_ eight: UInt64) -> Bool {
    let high = eight & 0xF0F0_F0F0_F0F0_F0F0
    let carried = (eight &+ 0x0606_0606_0606_0606) & 0xF0F0_F0F0_F0F0_F0F0
    return high | carried &>> 4 == 0x3333_3333_3333_3333
  }

  /// Pairs, then fours, then all eight.
  @inline(__always)
  private static func value(ofDigits eight: UInt64) -> UInt64 {
    var value = eight &- 0x3030_3030_3030_3030
    value = value &* 10 &+ (value &>> 8)
    let low = (value & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064
    let high = ((value &>> 16) & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001
    return (low &+ high) &>> 32
  }

  // MARK: the number last read

  /// Nil for fractions, powers, and whole numbers beyond 64 bits.
  @inline(__always)
  var integer: Int64? {
    guard isWhole, isExact else { return nil }
    if isNegative { return significand <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- significand) : nil }
    return significand < 1 << 63 ? Int64(truncatingIfNeeded: significand) : nil
  }

  /// The nearest double; nil where that is infinite.
  @inline(__always)
  var double: Double? {
    if isExact, let value = DecimalToDouble.nearest(significand: significand, exponent: exponent) {
      return isNegative ? -value : value
    }
    return slowDouble
  }

  /// By the standard library, for what is longer or smaller than the fast ways can tell.
  @inline(never)
  private var slowDouble: Double? {
    let text = String(
      decoding: UnsafeBufferPointer(start: numberStart, count: position - numberStart), as: UTF8.self)
    guard let value = Double(text), value.isFinite else { return nil }
    return value
  }
}
