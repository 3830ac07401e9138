public import Formats

/// A Kubernetes quantity (`500m`, `2Gi`, `1e3`) compared by value. Exact for what fits 128 bits in
/// billionths.
public struct Quantity: Sendable, Hashable, Comparable {
  /// The value times 10⁹; fractions below that are rounded up, as upstream does.
  public let billionths: Int128

  /// From a string or a number; nil where it is no quantity.
  public init?(json: JSONValue) {
    switch json {
    case .string(let text): self.init(text)
    case .number(let number): self.init(number.text)
    default: return nil
    }
  }

  public init?(_ text: String) {
    var bytes = Array(text.utf8)[...]
    guard bytes.count <= 64 else { return nil }
    var isNegative = false
    if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
      isNegative = sign == UInt8(ascii: "-")
      bytes = bytes.dropFirst()
    }
    var mantissa: Int128 = 0
    var fractionDigits = 0
    var digits = 0
    var isFraction = false
    while let byte = bytes.first {
      if byte == UInt8(ascii: "."), !isFraction {
        isFraction = true
      } else if (48...57).contains(byte) {
        let (product, overflow) = mantissa.multipliedReportingOverflow(by: 10)
        if overflow { return nil }
        mantissa = product &+ Int128(byte &- 48)
        digits += 1
        if isFraction { fractionDigits += 1 }
      } else {
        break
      }
      bytes = bytes.dropFirst()
    }
    guard digits > 0, let scale = Self.scale(String(decoding: bytes, as: UTF8.self)) else { return nil }
    guard
      let value = Self.value(
        mantissa, tens: 9 - fractionDigits + scale.tens, binary: scale.binary)
    else { return nil }
    billionths = isNegative ? -value : value
  }

  public static func < (left: Quantity, right: Quantity) -> Bool { left.billionths < right.billionths }

  /// Rounded towards zero; clamped.
  public var wholeUnits: Int64 { Int64(clamping: billionths / 1_000_000_000) }
  public var milliUnits: Int64 { Int64(clamping: billionths / 1_000_000) }

  private static func scale(_ suffix: String) -> (tens: Int, binary: Int)? {
    switch suffix {
    case "": return (0, 0)
    case "n": return (-9, 0)
    case "u": return (-6, 0)
    case "m": return (-3, 0)
    case "k": return (3, 0)
    case "M": return (6, 0)
    case "G": return (9, 0)
    case "T": return (12, 0)
    case "P": return (15, 0)
    case "E": return (18, 0)
    case "Ki": return (0, 10)
    case "Mi": return (0, 20)
    case "Gi": return (0, 30)
    case "Ti": return (0, 40)
    case "Pi": return (0, 50)
    case "Ei": return (0, 60)
    default:
      guard let first = suffix.first, first == "e" || first == "E",
        let exponent = Int(suffix.dropFirst()), (-30...30).contains(exponent)
      else { return nil }
      return (exponent, 0)
    }
  }

  private static func value(_ mantissa: Int128, tens: Int, binary: Int) -> Int128? {
    var result = mantissa
    for _ in 0..<max(0, binary / 10) {
      let (product, overflow) = result.multipliedReportingOverflow(by: 1024)
      if overflow { return nil }
      result = product
    }
    for _ in 0..<max(0, tens) {
      let (product, overflow) = result.multipliedReportingOverflow(by: 10)
      if overflow { return nil }
      result = product
    }
    var wasCut = false
    for _ in 0..<max(0, -tens) {
      if result % 10 != 0 { wasCut = true }
      result /= 10
    }
    return wasCut ? result + 1 : result
  }
}

extension Quantity {
  /// Whole units with a binary unit where they fit, else milli units.
  public static func text(billionths: Int128) -> String {
    guard billionths % 1_000_000_000 == 0 else { return "\(billionths / 1_000_000)m" }
    var number = billionths / 1_000_000_000
    var unit = ""
    for next in ["Ki", "Mi", "Gi", "Ti"] where number >= 1024 && number % 1024 == 0 {
      number /= 1024
      unit = next
    }
    return "\(number)\(unit)"
  }
}
