internal import Basics

/// Version 4 UUIDs as text, written without allocating (RFC 9562 §5.4).
enum UUIDText {
  /// - Parameters: 128 random bits.
  static func append(_ first: UInt64, _ second: UInt64, to output: inout Bytes) {
    let high = (first & 0xFFFF_FFFF_FFFF_0FFF) | 0x0000_0000_0000_4000
    let low = (second & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000
    var shift: UInt64 = 64
    for position in 0..<36 {
      if position == 8 || position == 13 || position == 18 || position == 23 {
        output.append(UInt8(ascii: "-"))
        continue
      }
      if shift == 0 { shift = 64 }
      shift &-= 4
      let digit = UInt8(truncatingIfNeeded: ((position < 18 ? high : low) &>> shift) & 15)
      output.append(digit < 10 ? 48 &+ digit : 87 &+ digit)
    }
  }
}
