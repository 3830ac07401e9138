public import Basics
internal import Linux
internal import Synchronization

/// Randomness for identifiers that only have to differ, without a system call for each: a counter, begun
/// anywhere, through the finalizer of SplitMix64.
public struct FastRandom: RandomSource {
  private final class State: Sendable {
    let counter = Atomic<UInt64>(0)
  }

  private let state = State()

  public init() { state.counter.store(SystemRandom().next(), ordering: .relaxed) }

  public func next() -> UInt64 {
    var mixed = state.counter.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
