/// Memory that only grows, for what one loop does at a time.
struct AlignedMemory: ~Copyable {
  private var memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1024, alignment: 64)

  deinit { memory.deallocate() }

  /// At least so many bytes, aligned to a cache line; what was there before is gone.
  mutating func reserve(_ count: Int) -> UnsafeMutableRawPointer {
    if count > memory.count {
      memory.deallocate()
      memory = .allocate(byteCount: max(count, 2 &* memory.count), alignment: 64)
    }
    // A buffer that was allocated has an address.
    return memory.baseAddress.unsafelyUnwrapped
  }
}
