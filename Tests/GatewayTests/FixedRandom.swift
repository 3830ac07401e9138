import Basics

/// Always the same bits.
struct FixedRandom: RandomSource {
  let value: UInt64
  func next() -> UInt64 { value }
}
