/// Digits of a decimal number as an integer and a power of ten.
struct DecimalScanner {
  private var significand: UInt64 = 0
  private var exponent = 0
  private var isTooLong = false
  private(set) var isInteger = true

  /// 10⁰ … 10²²: exact as doubles.
  private static let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
  ]

  /// Reads an unsigned number; nil where there is no digit.
  static func scan(_ bytes: UnsafeBufferPointer<UInt8>, from offset: inout Int) -> DecimalScanner? {
    var scanner = DecimalScanner()
    var digits = scanner.digits(bytes, &offset, isFraction: false)
    if offset < bytes.count, bytes[offset] == UInt8(ascii: ".") {
      offset += 1
      scanner.isInteger = false
      digits += scanner.digits(bytes, &offset, isFraction: true)
    }
    guard digits > 0 else { return nil }
    if offset < bytes.count, bytes[offset] | 0x20 == UInt8(ascii: "e") {
      scanner.isInteger = false
      guard scanner.takeExponent(bytes, &offset) else { return nil }
    }
    return scanner
  }

  private mutating func digits(
    _ bytes: UnsafeBufferPointer<UInt8>, _ offset: inout Int, isFraction: Bool
  ) -> Int {
    let start = offset
    while offset < bytes.count {
      let digit = bytes[offset] &- 48
      guard digit < 10 else { break }
      if significand < 900_000_000_000_000_000 {
        significand = significand &* 10 &+ UInt64(digit)
        if isFraction { exponent -= 1 }
      } else {
        isTooLong = true
      }
      offset += 1
    }
    return offset - start
  }

  private mutating func takeExponent(_ bytes: UnsafeBufferPointer<UInt8>, _ offset: inout Int) -> Bool {
    offset += 1
    var isNegative = false
    if offset < bytes.count, bytes[offset] == UInt8(ascii: "-") || bytes[offset] == UInt8(ascii: "+") {
      isNegative = bytes[offset] == UInt8(ascii: "-")
      offset += 1
    }
    let start = offset
    var value = 0
    while offset < bytes.count {
      let digit = bytes[offset] &- 48
      guard digit < 10 else { break }
      if value < 100_000 { value = value * 10 + Int(digit) }
      offset += 1
    }
    exponent += isNegative ? -value : value
    return offset > start
  }

  /// The number where one correctly rounded operation gives it (W. D. Clinger, 1990) and rounding it once
  /// more to float32 is safe; else nil, and the text must be asked.
  var exact: Double? {
    guard !isTooLong else { return nil }
    return isInteger
      ? DecimalScanner.exact(significand, exponent) : DecimalScanner.exactFraction(significand, exponent)
  }

  @inline(__always)
  private static func exact(_ significand: UInt64, _ exponent: Int) -> Double? {
    guard significand <= 1 << 53 else { return nil }
    if significand == 0 { return 0 }
    if exponent >= 0, exponent <= 22 { return Double(significand) * powersOfTen[exponent] }
    if exponent < 0, exponent >= -22 { return Double(significand) / powersOfTen[-exponent] }
    return nil
  }

  /// As `exact`, of a number that is not written as an integer: XGBoost reads those as float32.
  @inline(__always)
  static func exactFraction(_ significand: UInt64, _ exponent: Int) -> Double? {
    guard let value = exact(significand, exponent), value.bitPattern & 0x1FFF_FFFF != 0x1000_0000 else {
      return nil
    }
    return value
  }
}
