/// Walks over the bytes of a list of numbers. No byte is looked at beyond the last one, which ends every
/// number: `JSONNumbers.read` has made sure of it.
struct JSONNumberCursor {
  private(set) var position: UnsafePointer<UInt8>
  private let end: UnsafePointer<UInt8>

  init(at position: UnsafePointer<UInt8>, end: UnsafePointer<UInt8>) {
    self.position = position
    self.end = end
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
    if position < end {
      if position.pointee > 0x20 { return position.pointee }
      // One space after a comma is what most writers write.
      if position.pointee == 0x20, end - position > 1, position[1] > 0x20 {
        position += 1
        return position.pointee
      }
    }
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

  /// Takes a number by JSON's grammar; nil where there is none, and nothing may be read after that.
  @inline(__always)
  mutating func number() -> ScannedNumber? {
    guard peek() != 0 else { return nil }
    let start = position
    var cursor = start
    let isNegative = cursor.pointee == UInt8(ascii: "-")
    // The last byte is neither a sign nor a digit, so there is one more after each of them.
    if isNegative { cursor += 1 }
    var digits: UInt64 = 0
    let whole = cursor
    if cursor.pointee == 48 {
      cursor += 1
      if cursor.pointee &- 48 < 10 { return nil }
    } else {
      while cursor.pointee &- 48 < 10 {
        digits = digits &* 10 &+ UInt64(cursor.pointee &- 48)
        cursor += 1
      }
      if cursor == whole { return nil }
    }
    var length = cursor - whole
    var power = 0
    var isWhole = true
    if cursor.pointee == UInt8(ascii: ".") {
      isWhole = false
      cursor += 1
      let fraction = cursor
      readFraction(&cursor, &digits)
      power = fraction - cursor
      if power == 0 { return nil }
      length = length &- power
    }
    if cursor.pointee | 0x20 == UInt8(ascii: "e") {
      isWhole = false
      guard readExponent(&cursor, &power) else { return nil }
    }
    position = cursor
    return ScannedNumber(
      start: start, end: cursor, significand: digits, exponent: power, isNegative: isNegative,
      isWhole: isWhole, isExact: length <= 19 || Self.significantDigits(whole, cursor) <= 19)
  }

  /// As many digits as eight bytes hold at a time, found and added up without looking at each.
  @inline(__always)
  private func readFraction(_ cursor: inout UnsafePointer<UInt8>, _ digits: inout UInt64) {
    while end - cursor >= 8 {
      // Digits become 0 to 9, everything else more.
      let eight =
        UnsafeRawPointer(cursor).loadUnaligned(as: UInt64.self).littleEndian ^ 0x3030_3030_3030_3030
      let others =
        ((eight & 0x7F7F_7F7F_7F7F_7F7F) &+ 0x7676_7676_7676_7676 | eight) & 0x8080_8080_8080_8080
      let count = others.trailingZeroBitCount &>> 3
      if count == 0 { return }
      // Zeros before the digits, which leave what comes behind them.
      let padded = eight &<< UInt64(truncatingIfNeeded: (8 &- count) &* 8)
      digits = digits &* Self.tens(count) &+ Self.value(ofDigits: padded)
      cursor += count
      if count < 8 { return }
    }
    while cursor.pointee &- 48 < 10 {
      digits = digits &* 10 &+ UInt64(cursor.pointee &- 48)
      cursor += 1
    }
  }

  /// 10¹ … 10⁸.
  @inline(__always)
  private static func tens(_ count: Int) -> UInt64 {
    switch count {
    case 1: 10
    case 2: 100
    case 3: 1000
    case 4: 10_000
    case 5: 100_000
    case 6: 1_000_000
    case 7: 10_000_000
    default: 100_000_000
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

  /// Pairs, then fours, then all eight.
  @inline(__always)
  private static func value(ofDigits eight: UInt64) -> UInt64 {
    let value = eight &* 10 &+ (eight &>> 8)
    let low = (value & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064
    let high = ((value &>> 16) & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001
    return (low &+ high) &>> 32
  }
}

/// A number as it was read: `significand · 10^exponent`.
struct ScannedNumber {
  let start: UnsafePointer<UInt8>
  let end: UnsafePointer<UInt8>
  let significand: UInt64
  let exponent: Int
  let isNegative: Bool
  let isWhole: Bool
  /// All digits are in `significand`.
  let isExact: Bool

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
    return Self.slowDouble(start, end)
  }

  /// By the standard library, for what is longer or smaller than the fast ways can tell.
  @inline(never)
  private static func slowDouble(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Double? {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: end - start), as: UTF8.self)
    guard let value = Double(text), value.isFinite else { return nil }
    return value
  }
}
