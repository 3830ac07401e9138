/// Where time comes from; tests and simulations pass their own.
public protocol WallClock: Sendable {
  func now() -> Timestamp
  /// A clock that never steps back, for measuring and for deadlines.
  func monotonicNow() -> Duration
}

/// Where randomness comes from; tests pass a seeded one.
public protocol RandomSource: Sendable {
  /// 64 uniformly distributed bits; safe to call from any thread.
  func next() -> UInt64
}

extension RandomSource {
  /// A version 4 UUID, lower case (RFC 9562).
  public func uuid() -> String {
    let high = (next() & 0xFFFF_FFFF_FFFF_0FFF) | 0x0000_0000_0000_4000
    let low = (next() & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000
    func hex(_ value: UInt64) -> String {
      let digits = String(value, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }
    let text = Array(hex(high) + hex(low))
    return [text[0..<8], text[8..<12], text[12..<16], text[16..<20], text[20..<32]].map { String($0) }
      .joined(separator: "-")
  }

  /// The suffix that Kubernetes appends for `generateName`: letters and digits that spell no words.
  public func nameSuffix(length: Int = 5) -> String {
    let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
    return String((0..<length).map { _ in alphabet[Int(next() % UInt64(alphabet.count))] })
  }
}
