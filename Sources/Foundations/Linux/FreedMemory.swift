internal import CShims

/// What the allocator does with memory that is free again.
public enum FreedMemory {
  private static let isKept: Bool =
    apus_keep_freed_memory(Int32(clamping: keptBytes), Int32(clamping: longestKept)) == 0

  private static let keptBytes = 64 << 20
  private static let longestKept = 32 << 20

  /// From now on keeps up to 64 MiB per arena for the next requests, where it else went back to the kernel
  /// each time, which then has to clear every page anew. For processes that see megabytes come and go; a
  /// refusal changes nothing.
  public static func keep() { _ = isKept }

  /// Gives pages that hold nothing back to the kernel, wherever they lie. Takes milliseconds: for threads
  /// that nobody waits for, at the end of much work.
  public static func giveBack() { apus_give_back_freed_memory() }
}
