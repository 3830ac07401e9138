public import Basics

/// The texts of gRPC's own header fields.
public enum GRPCFields {
  /// `grpc-timeout`: one to eight digits and a unit.
  /// - Returns: nanoseconds; nil where the value is malformed.
  public static func timeout(_ value: UnsafeRawBufferPointer) -> UInt64? {
    guard value.count >= 2, value.count <= 9, let unit = value.last else { return nil }
    var amount: UInt64 = 0
    for byte in value.dropLast() {
      guard HTTPCharacters.isDigit(byte) else { return nil }
      amount = amount &* 10 &+ UInt64(byte &- 48)
    }
    // 99,999,999 hours are 3.6e20 ns, which is beyond 64 bits.
    let scale: UInt64
    switch unit {
    case UInt8(ascii: "n"): scale = 1
    case UInt8(ascii: "u"): scale = 1_000
    case UInt8(ascii: "m"): scale = 1_000_000
    case UInt8(ascii: "S"): scale = 1_000_000_000
    case UInt8(ascii: "M"): scale = 60_000_000_000
    case UInt8(ascii: "H"): scale = 3_600_000_000_000
    default: return nil
    }
    let (product, overflows) = amount.multipliedReportingOverflow(by: scale)
    return overflows ? .max : product
  }

  /// `grpc-message`: printable ASCII stays, everything else and `%` is percent-encoded.
  public static func appendMessage(_ text: String, to bytes: inout Bytes) {
    PercentEncoding.append(text, to: &bytes) { $0 >= 32 && $0 <= 126 && $0 != UInt8(ascii: "%") }
  }

  /// The prefix of a message.
  public static func appendPrefix(_ count: Int, isCompressed: Bool, to bytes: inout Bytes) {
    let length = UInt32(clamping: count)
    bytes.append(isCompressed ? 1 : 0)
    bytes.append(UInt8(truncatingIfNeeded: length >> 24))
    bytes.append(UInt8(truncatingIfNeeded: length >> 16))
    bytes.append(UInt8(truncatingIfNeeded: length >> 8))
    bytes.append(UInt8(truncatingIfNeeded: length))
  }
}
