internal import CShims
internal import ModelRuntime

/// Trees of any size. One row walks down several trees at once; a batch walks down each tree with several
/// rows at once.
final class WalkedForest<Coder: KeyCoder, Sum: LeafSum>: ForestCore {
  let shape: ForestShape
  private let nodes: Frozen<Coder.Node>
  /// Padded to whole groups of lanes.
  private let roots: Frozen<UInt32>
  private let groupLeast: Frozen<UInt16>
  private let groupMost: Frozen<UInt16>
  private let least: Frozen<Int32>
  private let most: Frozen<Int32>
  /// Whether leaves' nodes hold their values, else numbers of leaves in the table.
  private let isInline: Bool
  private let leaves: Frozen<Sum>

  private static var lanes: Int { Int(APUS_TREE_LANES) }
  private static var keysPerBlock: Int { 16_384 }

  init(
    shape: ForestShape, nodes: Frozen<Coder.Node>, roots: [UInt32], depths: [(least: Int, most: Int)],
    isInline: Bool, leaves: [Sum]
  ) {
    self.nodes = nodes
    let lanes = Self.lanes
    let groups = (roots.count + lanes - 1) / lanes
    self.roots = Frozen(
      roots + Array(repeating: roots.last ?? 0, count: groups * lanes - roots.count))
    let members = (0..<groups).map { depths[($0 * lanes)..<min(($0 + 1) * lanes, depths.count)] }
    groupLeast = Frozen(members.map { UInt16(clamping: $0.map(\.least).min() ?? 0) })
    groupMost = Frozen(members.map { UInt16(clamping: $0.map(\.most).max() ?? 0) })
    least = Frozen(depths.map { Int32(clamping: $0.least) })
    most = Frozen(depths.map { Int32(clamping: $0.most) })
    self.isInline = isInline
    self.leaves = Frozen(leaves)
    self.shape = shape
  }

  var memoryBytes: Int { nodes.byteCount + leaves.byteCount + roots.byteCount * 3 }

  var estimatedNanosecondsPerRow: Double {
    var steps = 0.0
    for group in 0..<groupLeast.count { steps += (Double(groupLeast[group]) + Double(groupMost[group])) / 2 }
    let perStep = memoryBytes > 1 << 20 ? 1.5 : 0.7
    return 20 + Double(shape.slots.count) * 1.2 + steps * Double(Self.lanes) * perStep
      + Double(shape.treeCount * shape.leafWidth)
  }

  func scratchBytes(rows: Int) -> Int {
    let block = blockRows(rows)
    return (block * shape.keyStride + max(roots.count, block)) * 8 + 64
  }

  func run(_ batch: RowBatch, _ sums: UnsafeMutablePointer<Sum>, _ scratch: UnsafeMutableRawPointer) {
    read(batch, Coder.self) { value in walk(batch.rows, sums, scratch, value) }
  }

  /// Rows whose keys are held at once, whole groups of lanes; 1 for too few rows.
  private func blockRows(_ rows: Int) -> Int {
    let lanes = Self.lanes
    if rows < lanes { return 1 }
    let fitting = Self.keysPerBlock / shape.keyStride / lanes * lanes
    return max(lanes, min(fitting, 256, rows / lanes * lanes))
  }

  @inline(__always)
  private func walk(
    _ rows: Int, _ sums: UnsafeMutablePointer<Sum>, _ scratch: UnsafeMutableRawPointer,
    _ value: (_ row: Int, _ column: Int) -> Coder.Value
  ) {
    let stride = shape.keyStride
    let block = blockRows(rows)
    let keys = scratch.assumingMemoryBound(to: Coder.Key.self)
    let answers = keys + block &* stride
    var row = 0
    while rows &- row >= Self.lanes {
      let count = min(block, (rows &- row) / Self.lanes &* Self.lanes)
      for index in 0..<count {
        shape.slots.fill(keys + index &* stride, with: Coder.self) { value(row &+ index, $0) }
      }
      addBlock(keys, stride, count, answers, sums + row &* shape.outputs)
      row &+= count
    }
    while row < rows {
      shape.slots.fill(keys, with: Coder.self) { value(row, $0) }
      addRow(keys, answers, sums + row &* shape.outputs)
      row &+= 1
    }
  }

  /// One row through all trees.
  @inline(__always)
  private func addRow(
    _ keys: UnsafeMutablePointer<Coder.Key>, _ answers: UnsafeMutablePointer<Coder.Key>,
    _ sums: UnsafeMutablePointer<Sum>
  ) {
    let groups = TreeGroups(
      roots: roots.pointer, least: groupLeast.pointer, most: groupMost.pointer, count: groupLeast.count)
    Coder.walkRow(nodes.pointer, groups, keys, answers)
    let trees = shape.treeCount
    let width = shape.leafWidth
    if width == 1, shape.outputs == 1 {
      var sum = sums[0]
      if isInline {
        for tree in 0..<trees { sum += Sum.inline(answers[tree]) }
      } else {
        for tree in 0..<trees { sum += leaves[Int(answers[tree])] }
      }
      sums[0] = sum
    } else if width == 1 {
      for tree in 0..<trees {
        let summand = isInline ? Sum.inline(answers[tree]) : leaves[Int(answers[tree])]
        sums[Int(shape.outputOfTree[tree])] += summand
      }
    } else {
      for tree in 0..<trees {
        let leaf = Int(answers[tree]) &* width
        for index in 0..<width { sums[index] += leaves[leaf &+ index] }
      }
    }
  }

  /// Rows of whole groups of lanes through all trees, one tree after the other.
  @inline(__always)
  private func addBlock(
    _ keys: UnsafeMutablePointer<Coder.Key>, _ stride: Int, _ rows: Int,
    _ answers: UnsafeMutablePointer<Coder.Key>, _ sums: UnsafeMutablePointer<Sum>
  ) {
    let outputs = shape.outputs
    let width = shape.leafWidth
    for tree in 0..<shape.treeCount {
      Coder.walkRows(
        nodes.pointer + Int(roots[tree]), (least: Int(least[tree]), most: Int(most[tree])), keys,
        stride: stride, rows: rows, answers)
      let target = sums + Int(shape.outputOfTree[tree])
      if width > 1 {
        for row in 0..<rows {
          let leaf = Int(answers[row]) &* width
          for index in 0..<width { sums[row &* outputs &+ index] += leaves[leaf &+ index] }
        }
      } else if isInline {
        for row in 0..<rows { target[row &* outputs] += Sum.inline(answers[row]) }
      } else {
        for row in 0..<rows { target[row &* outputs] += leaves[Int(answers[row])] }
      }
    }
  }
}
