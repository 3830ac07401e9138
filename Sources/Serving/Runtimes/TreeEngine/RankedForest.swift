internal import CShims
internal import ModelRuntime

/// Small trees, each decided as a whole. Batches go block of trees by block of rows, so that both stay in the
/// nearest cache.
final class RankedForest<Coder: KeyCoder, Sum: LeafSum>: ForestCore {
  let shape: ForestShape
  private let trees: RankTrees<Coder>
  /// `[tree][place][leafWidth]`.
  private let leaves: Frozen<Sum>

  private static var treesPerBlock: Int { 64 }
  private static var rowsPerBlock: Int { 64 }
  private static var ranksPerRow: Int { Int(APUS_RANK_SLOTS) }

  init(shape: ForestShape, trees: RankTrees<Coder>, leaves: [Sum]) {
    self.trees = trees
    self.leaves = Frozen(leaves)
    self.shape = shape
  }

  var memoryBytes: Int { trees.memoryBytes + leaves.byteCount }

  var estimatedNanosecondsPerRow: Double {
    20 + Double(shape.slots.count) * 3 + Double(shape.treeCount * shape.leafWidth) * 2.5
  }

  func scratchBytes(rows: Int) -> Int {
    shape.keyStride * 8 + min(max(rows, 1), Self.rowsPerBlock) * Self.ranksPerRow * 2
      + (shape.treeCount + 16) * 4 + 64
  }

  func run(_ batch: RowBatch, _ sums: UnsafeMutablePointer<Sum>, _ scratch: UnsafeMutableRawPointer) {
    read(batch, Coder.self) { value in decide(batch.rows, sums, scratch, value) }
  }

  @inline(__always)
  private func decide(
    _ rows: Int, _ sums: UnsafeMutablePointer<Sum>, _ scratch: UnsafeMutableRawPointer,
    _ value: (_ row: Int, _ column: Int) -> Coder.Value
  ) {
    let keys = scratch.assumingMemoryBound(to: Coder.Key.self)
    let places = (scratch + shape.keyStride &* 8).assumingMemoryBound(to: UInt32.self)
    let placeBytes = ((shape.treeCount &+ 15) & ~15) &* 4
    let ranks = (scratch + shape.keyStride &* 8 + placeBytes).assumingMemoryBound(to: UInt16.self)
    // A single row passes all trees at once.
    let treesPerBlock = rows == 1 ? shape.treeCount : Self.treesPerBlock
    var first = 0
    while first < rows {
      let count = min(Self.rowsPerBlock, rows &- first)
      for index in 0..<count {
        shape.slots.fill(keys, with: Coder.self) { value(first &+ index, $0) }
        trees.rank(keys, into: ranks + index &* Self.ranksPerRow)
      }
      var tree = 0
      while tree < shape.treeCount {
        let treeCount = min(treesPerBlock, shape.treeCount &- tree)
        let table = leaves.pointer + tree &* trees.shape.room &* shape.leafWidth
        for index in 0..<count {
          trees.leaves(of: ranks + index &* Self.ranksPerRow, first: tree, count: treeCount, into: places)
          add(places, tree, treeCount, table, sums + (first &+ index) &* shape.outputs)
        }
        tree &+= treeCount
      }
      first &+= count
    }
  }

  @inline(__always)
  private func add(
    _ places: UnsafeMutablePointer<UInt32>, _ first: Int, _ count: Int, _ table: UnsafePointer<Sum>,
    _ sums: UnsafeMutablePointer<Sum>
  ) {
    let width = shape.leafWidth
    if width == 1, shape.outputs == 1 {
      var sum = sums[0]
      for tree in 0..<count { sum += table[Int(places[tree])] }
      sums[0] = sum
    } else if width == 1 {
      for tree in 0..<count {
        sums[Int(shape.outputOfTree[first &+ tree])] += table[Int(places[tree])]
      }
    } else {
      for tree in 0..<count {
        let leaf = Int(places[tree]) &* width
        for index in 0..<width { sums[index] += table[leaf &+ index] }
      }
    }
  }
}
