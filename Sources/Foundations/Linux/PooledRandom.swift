public import Basics
internal import CShims
internal import Glibc
internal import Synchronization

/// Randomness from the kernel, fetched 4 KiB at a time: for what is needed once per request. From any thread.
public final class PooledRandom: RandomSource {
  private let pool = Mutex(RandomPool())

  public init() {}

  public func next() -> UInt64 { pool.withLock { $0.next() } }
}

/// As `PooledRandom`, for one thread.
public struct RandomPool: ~Copyable {
  private static let words = 512
  private let words = UnsafeMutablePointer<UInt64>.allocate(capacity: RandomPool.words)
  private var position = RandomPool.words

  public init() {}

  deinit { words.deallocate() }

  public mutating func next() -> UInt64 {
    if position == Self.words {
      Self.fill(words)
      position = 0
    }
    let word = words[position]
    // Given out once.
    words[position] = 0
    position &+= 1
    return word
  }

  private static func fill(_ words: UnsafeMutablePointer<UInt64>) {
    let size = Self.words * 8
    var filled = 0
    while filled < size {
      apus_count_other()
      let count = apus_random(UnsafeMutableRawPointer(words) + filled, size - filled)
      if count > 0 { filled += count }
      if count < 0 && errno != EINTR {
        // Kernels without the call: the standard library knows other ways.
        var generator = SystemRandomNumberGenerator()
        for index in 0..<Self.words { words[index] = generator.next() }
        return
      }
    }
  }
}
