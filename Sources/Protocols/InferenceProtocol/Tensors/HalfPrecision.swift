/// IEEE 754 binary16, which Swift has no type for on x86.
public enum HalfPrecision {
  /// The value of a half's bits; exact.
  public static func float(half bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10) & 0x1F
    let fraction = UInt32(bits & 0x3FF)
    switch exponent {
    case 0:
      // Zero, or a subnormal: fraction · 2⁻²⁴.
      let magnitude = Float(fraction) * 0x1p-24
      return Float(bitPattern: magnitude.bitPattern | sign)
    case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }

  /// The nearest half's bits, ties to even; beyond 65,504 infinity.
  public static func bits(_ value: Float) -> UInt16 {
    let sign = UInt16(truncatingIfNeeded: value.bitPattern >> 16) & 0x8000
    if value.isNaN { return sign | 0x7E00 }
    let magnitude = value.magnitude
    if magnitude >= 65_520 { return sign | 0x7C00 }
    if magnitude < 0x1p-14 {
      return sign | UInt16((magnitude * 0x1p24).rounded(.toNearestOrEven))
    }
    let rounded = magnitude.bitPattern &+ 0xFFF &+ ((magnitude.bitPattern >> 13) & 1)
    return sign | UInt16(truncatingIfNeeded: (rounded >> 13) &- (112 << 10))
  }
}
