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
    return String(unsafeUninitializedCapacity: 36) { text in
      var shift: UInt64 = 64
      for position in 0..<36 {
        if position == 8 || position == 13 || position == 18 || position == 23 {
          text[position] = UInt8(ascii: "-")
          continue
        }
        if shift == 0 { shift = 64 }
        shift &-= 4
        let digit = UInt8(truncatingIfNeeded: ((position < 18 ? high : low) &>> shift) & 15)
        text[position] = digit < 10 ? 48 &+ digit : 87 &+ digit
      }
      return 36
    }
  }

  /// The suffix that Kubernetes appends for `generateName`: letters and digits that spell no words.
  public func nameSuffix(length: Int = 5) -> String {
    let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
    return String((0..<length).map { _ in alphabet[Int(next() % UInt64(alphabet.count))] })
  }
}
