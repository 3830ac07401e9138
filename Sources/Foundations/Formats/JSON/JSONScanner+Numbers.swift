extension JSONScanner {
  /// A number token as Python's `json` sees it: integers stay integers while they fit.
  public enum NumberValue: Sendable, Hashable {
    case integer(Int64)
    /// Nearest double; infinite where the text is out of range.
    case double(Double)
  }

  /// The value of the last number token. Integers beyond 64 bits become doubles.
  public var numberValue: NumberValue {
    let parts = DecimalParts(tokenBytes)
    if parts.isInteger, let integer = parts.int64 { return .integer(integer) }
    return .double(parts.exactDouble ?? Double(numberText) ?? .nan)
  }

  /// The last number token as the nearest double.
  public var doubleValue: Double { DecimalParts(tokenBytes).exactDouble ?? Double(numberText) ?? .nan }
}

/// Sign, digits and power of ten of a JSON number whose grammar has been checked.
private struct DecimalParts {
  private var significand: UInt64 = 0
  private var significantDigits = 0
  private var exponent = 0
  private var isNegative = false
  private(set) var isInteger = true

  /// 10⁰ … 10²²: every one of them is exact as a double.
  private static let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19,
    1e20, 1e21, 1e22,
  ]

  init(_ text: UnsafeRawBufferPointer) {
    var index = 0
    if text.first == UInt8(ascii: "-") {
      isNegative = true
      index = 1
    }
    var fractionDigits = 0
    while index < text.count {
      let byte = text[index]
      if byte &- 48 < 10 {
        if significantDigits > 0 || byte != 48 { significantDigits += 1 }
        if significantDigits <= 19 { significand = significand &* 10 &+ UInt64(byte &- 48) }
        if !isInteger { fractionDigits += 1 }
      } else if byte == UInt8(ascii: ".") {
        isInteger = false
      } else {
        isInteger = false
        exponent = Self.readExponent(text, from: index + 1)
        break
      }
      index += 1
    }
    exponent = exponent - fractionDigits
  }

  /// Exponents beyond any double's are cut, so that the sum with a digit count cannot overflow.
  private static func readExponent(_ text: UnsafeRawBufferPointer, from start: Int) -> Int {
    var value = 0
    var isNegative = false
    for byte in text[start...] {
      if byte == UInt8(ascii: "-") {
        isNegative = true
      } else if byte &- 48 < 10, value < 100_000 {
        value = value * 10 + Int(byte &- 48)
      }
    }
    return isNegative ? -value : value
  }

  var int64: Int64? {
    guard significantDigits <= 19 else { return nil }
    if isNegative { return significand <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- significand) : nil }
    return Int64(exactly: significand)
  }

  /// W. D. Clinger, "How to read floating point numbers accurately" (1990): with a significand below 2⁵³ and
  /// a power of ten that is itself exact, one correctly rounded operation gives the nearest double. Nil
  /// outside of that.
  var exactDouble: Double? {
    guard significantDigits <= 19, significand <= 1 << 53 else { return nil }
    let magnitude: Double
    if significand == 0 {
      magnitude = 0
    } else if exponent >= 0 && exponent <= 22 {
      magnitude = Double(significand) * Self.powersOfTen[exponent]
    } else if exponent < 0 && exponent >= -22 {
      magnitude = Double(significand) / Self.powersOfTen[-exponent]
    } else {
      return nil
    }
    return isNegative ? -magnitude : magnitude
  }
}
