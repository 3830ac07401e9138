/// The sorted bounds of every slot: turns a row's keys into ranks, how many bounds are not above each key. In
/// blocks of 16, so that one vector comparison finds the block and another the place in it.
struct RankTable<Key: FixedWidthInteger & SignedInteger & BitwiseCopyable & Sendable>: Sendable {
  let bounds: Frozen<Key>
  let starts: Frozen<UInt32>
  /// The last bound of each block.
  let pivots: Frozen<Key>
  let pivotStarts: Frozen<UInt32>
  let blocks: Frozen<UInt32>

  static var blockSize: Int { 16 }
  static var maximumBounds: Int { 60_000 }

  /// - Parameter sorted: the bounds of each slot, ascending, each once.
  /// - Returns: nil where a slot has too many for ranks of 16 bits.
  init?(_ sorted: [[Key]]) {
    var bounds: [Key] = []
    var starts: [UInt32] = []
    var pivots: [Key] = []
    var pivotStarts: [UInt32] = []
    var blocks: [UInt32] = []
    for slot in sorted {
      guard slot.count <= Self.maximumBounds else { return nil }
      let blockCount = max((slot.count + Self.blockSize - 1) / Self.blockSize, 1)
      starts.append(UInt32(bounds.count))
      pivotStarts.append(UInt32(pivots.count))
      blocks.append(UInt32(blockCount))
      bounds.append(contentsOf: slot)
      // One block more, for keys beyond all bounds.
      let padding = (blockCount + 1) * Self.blockSize - slot.count
      bounds.append(contentsOf: repeatElement(Key.max, count: padding))
      for block in 0..<blockCount {
        let last = (block + 1) * Self.blockSize - 1
        pivots.append(last < slot.count ? slot[last] : Key.max)
      }
      pivots.append(contentsOf: repeatElement(Key.max, count: Self.blockSize))
    }
    self.bounds = Frozen(bounds)
    self.starts = Frozen(starts)
    self.pivots = Frozen(pivots)
    self.pivotStarts = Frozen(pivotStarts)
    self.blocks = Frozen(blocks)
  }

  var memoryBytes: Int { bounds.byteCount + pivots.byteCount + starts.byteCount * 3 }
}
