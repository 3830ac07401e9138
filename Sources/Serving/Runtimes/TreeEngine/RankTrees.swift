internal import CShims

/// Small trees laid out for processors that compare all nodes of a tree at once; see `shims_rank_trees.h`.
struct RankTrees<Coder: KeyCoder>: Sendable where Coder.Key: Sendable {
  /// How a tree's leaf follows from its nodes' comparisons.
  enum Shape: Sendable {
    case complete5, complete6, masks32, masks64

    /// Places for nodes, and for leaves.
    var room: Int {
      switch self {
      case .complete5, .masks32: 32
      case .complete6, .masks64: 64
      }
    }
  }

  let shape: Shape
  let table: RankTable<Coder.Key>
  let slots: Frozen<UInt8>
  let bounds: Frozen<UInt16>
  let masks32: Frozen<UInt32>
  let masks64: Frozen<UInt64>
  /// The leaf (as numbered by the builder) of each place, per tree.
  let leafNumbers: [Int32]

  static var maximumSlots: Int { Int(APUS_RANK_SLOTS) }
  /// Below so many trees, walking is done before the ranks are.
  static var minimumTrees: Int { 6 }

  /// A node: its slot (nil for a leaf), its bound, and the distance to the left child or the leaf's number.
  struct Node {
    let slot: Int?
    let bound: Coder.Key
    let link: Int
  }

  /// - Parameter slotCount: including slot 0, which is the leaves'.
  /// - Returns: nil where the processor or the trees do not fit.
  init?(trees: [[Node]], depths: [Int], slotCount: Int) {
    guard apus_rank_trees_supported() != 0, trees.count >= Self.minimumTrees,
      slotCount - 1 <= Self.maximumSlots, slotCount > 1,
      let shape = Self.shape(
        depth: depths.max() ?? 0, leaves: trees.reduce(0) { max($0, $1.count / 2 + 1) })
    else { return nil }
    self.shape = shape
    var sorted = [[Coder.Key]](repeating: [], count: slotCount - 1)
    for tree in trees {
      for node in tree {
        if let slot = node.slot { sorted[slot - 1].append(node.bound) }
      }
    }
    for slot in sorted.indices { sorted[slot] = Self.distinct(sorted[slot]) }
    guard let table = RankTable(sorted) else { return nil }
    self.table = table
    var draft = Draft(shape: shape, sorted: sorted, count: trees.count * shape.room)
    for (number, tree) in trees.enumerated() { draft.lay(tree, at: number * shape.room) }
    slots = Frozen(draft.slots)
    bounds = Frozen(draft.bounds)
    masks32 = Frozen(draft.masks32)
    masks64 = Frozen(draft.masks64)
    leafNumbers = draft.leafNumbers
  }

  private static func shape(depth: Int, leaves: Int) -> Shape? {
    if depth <= 5 { return .complete5 }
    if leaves <= 32 { return .masks32 }
    if depth <= 6 { return .complete6 }
    return leaves <= 64 ? .masks64 : nil
  }

  private static func distinct(_ values: [Coder.Key]) -> [Coder.Key] {
    var result: [Coder.Key] = []
    for value in values.sorted() where result.last != value { result.append(value) }
    return result
  }

  var memoryBytes: Int {
    slots.byteCount + bounds.byteCount + masks32.byteCount + masks64.byteCount + leafNumbers.count * 4
      + table.memoryBytes
  }

  /// Places of the leaves that a row reaches, from tree `first` on, counted from that tree's first place.
  @inline(__always)
  func leaves(
    of ranks: UnsafePointer<UInt16>, first: Int, count: Int, into leaves: UnsafeMutablePointer<UInt32>
  ) {
    let start = first &* shape.room
    let slots = slots.pointer + start
    let bounds = bounds.pointer + start
    switch shape {
    case .complete5: apus_rank_trees_complete5(slots, bounds, count, ranks, leaves)
    case .complete6: apus_rank_trees_complete6(slots, bounds, count, ranks, leaves)
    case .masks32: apus_rank_trees_masks32(slots, bounds, masks32.pointer + start, count, ranks, leaves)
    case .masks64: apus_rank_trees_masks64(slots, bounds, masks64.pointer + start, count, ranks, leaves)
    }
  }

  /// Ranks of a row whose keys begin with slot 0's.
  @inline(__always)
  func rank(_ keys: UnsafePointer<Coder.Key>, into ranks: UnsafeMutablePointer<UInt16>) {
    Coder.rank(
      keys + 1, table.blocks.count, table.bounds.pointer, table.starts.pointer, table.pivots.pointer,
      table.pivotStarts.pointer, table.blocks.pointer, ranks)
  }
}
