/// Where a request stands in a trace that spans several programs (W3C Trace Context, Level 1).
public struct TraceContext: Sendable, Hashable {
  public var traceID: TraceIdentifier
  /// The span that the next one is a child of.
  public var spanID: SpanIdentifier
  public var isSampled: Bool
  /// What other tracing systems put beside it, passed on as it came; "" for nothing.
  public var state: String

  /// Members that a `tracestate` may have, and its length that has to be passed on.
  private static let stateMembers = 32
  private static let stateBytes = 512

  public init(traceID: TraceIdentifier, spanID: SpanIdentifier, isSampled: Bool, state: String = "") {
    self.traceID = traceID
    self.spanID = spanID
    self.isSampled = isSampled
    self.state = state
  }

  /// - Parameters:
  ///   - traceparent: the header of that name, exactly one.
  ///   - tracestate: the headers of that name, joined by commas; dropped where they are malformed.
  /// - Returns: nil where the traceparent is malformed: a new trace starts then (§3.3).
  public init?(traceparent: String, tracestate: String? = nil) {
    let bytes = Array(traceparent.utf8)
    guard bytes.count >= 55, bytes[2] == UInt8(ascii: "-"), bytes[35] == UInt8(ascii: "-"),
      bytes[52] == UInt8(ascii: "-"), let version = Self.number(bytes[0..<2]), version != 0xFF,
      let high = Self.number(bytes[3..<19]), let low = Self.number(bytes[19..<35]),
      let span = Self.number(bytes[36..<52]), let flags = Self.number(bytes[53..<55])
    else { return nil }
    // A later version may have more fields behind the known ones.
    guard bytes.count == 55 || (version > 0 && bytes[55] == UInt8(ascii: "-")) else { return nil }
    guard let traceID = TraceIdentifier(high: high, low: low), let spanID = SpanIdentifier(span) else {
      return nil
    }
    self.init(
      traceID: traceID, spanID: spanID, isSampled: flags & 1 == 1, state: Self.checked(tracestate ?? ""))
  }

  /// `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`
  public var traceparent: String { "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")" }

  private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for digit in digits {
      switch digit {
      case 48...57: value = value << 4 | UInt64(digit - 48)
      case 97...102: value = value << 4 | UInt64(digit - 87)
      default: return nil
      }
    }
    return value
  }

  private static func checked(_ state: String) -> String {
    guard state.utf8.count <= stateBytes, state.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
      return ""
    }
    let members = state.split(separator: ",").map { $0.drop { $0 == " " } }.filter { !$0.isEmpty }
    guard members.count <= stateMembers, members.allSatisfy({ $0.contains("=") }) else { return "" }
    return members.joined(separator: ",")
  }
}

/// 16 bytes, not all zero.
public struct TraceIdentifier: Sendable, Hashable, CustomStringConvertible {
  public let high: UInt64
  public let low: UInt64

  public init?(high: UInt64, low: UInt64) {
    guard high != 0 || low != 0 else { return nil }
    self.high = high
    self.low = low
  }

  /// 32 lower-case hexadecimal digits.
  public var description: String { HexadecimalText.of(high) + HexadecimalText.of(low) }
}

/// 8 bytes, not all zero.
public struct SpanIdentifier: Sendable, Hashable, CustomStringConvertible {
  public let value: UInt64

  public init?(_ value: UInt64) {
    guard value != 0 else { return nil }
    self.value = value
  }

  /// 16 lower-case hexadecimal digits.
  public var description: String { HexadecimalText.of(value) }
}

enum HexadecimalText {
  static func of(_ value: UInt64) -> String {
    String(unsafeUninitializedCapacity: 16) { buffer in
      for index in 0..<16 {
        let digit = UInt8(truncatingIfNeeded: value >> UInt64(60 - 4 * index)) & 0xF
        buffer[index] = digit < 10 ? 48 + digit : 87 + digit
      }
      return 16
    }
  }
}
