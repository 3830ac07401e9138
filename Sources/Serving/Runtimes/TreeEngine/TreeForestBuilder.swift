internal import CShims

/// Collects trees and lays them out as a `TreeForest`.
public struct TreeForestBuilder: Sendable {
  /// The precision in which rows are compared and leaves are summed.
  public enum Precision: Sendable, Hashable { case float32, float64 }

  /// What happens to values before they are compared.
  public enum RowRule: Sendable, Hashable {
    /// They are converted to the rows' precision.
    case asSent
    /// As LightGBM: integers are rounded to float32 first, and what is within ±1e-35 is 0.
    case lightGBM
  }

  /// The deepest tree that is taken.
  public static let maximumDepth = 20_000

  let columns: Int
  let outputs: Int
  let rows: Precision
  let sums: Precision
  let leafWidth: Int
  let rowRule: RowRule
  var trees: [Draft] = []
  var slots: RowSlots.Builder
  var leafValues: [Double] = []
  /// The nodes of all trees.
  var nodes: [DraftNode] = []

  /// A tree with its nodes in order: the two children of a split side by side.
  struct Draft: BitwiseCopyable {
    /// Where its nodes begin.
    let start: Int
    var count = 0
    var least = Int.max
    var most = 0
    var output: Int
  }
  struct DraftNode: BitwiseCopyable {
    var threshold = 0.0
    /// What the slot's builder calls it, and the test in the two lowest bits; -1 for a leaf.
    private var code: Int32 = -1
    /// Distance to the left child, or the leaf's number.
    var link: Int32 = 0

    /// A leaf.
    init() {}

    init(slot: Int32, test: DraftTest, threshold: Double = 0, link: Int32) {
      code = slot << 2 | test.rawValue
      self.threshold = threshold
      self.link = link
    }

    var slot: Int32 { code >> 2 }
    var test: DraftTest { DraftTest(rawValue: code & 3) ?? .less }
  }
  enum DraftTest: Int32, BitwiseCopyable { case less, lessOrEqual, categories }

  /// Nodes of the tree that is being added, still to be placed; kept for its memory.
  private var queue: [(reference: Int, target: Int, depth: Int)] = []
  /// The same for trees in lists.
  var flatQueue: [FlatStep] = []

  /// - Parameters:
  ///   - columns: features per row; a split on another is refused.
  ///   - outputs: sums per row.
  ///   - rows: float32 where the library casts rows to that before it compares.
  ///   - leafWidth: 1 (a tree adds to the one output it is given with) or `outputs` (a leaf adds to all).
  public init(
    columns: Int, outputs: Int = 1, rows: Precision, sums: Precision, leafWidth: Int = 1,
    rowRule: RowRule = .asSent
  ) {
    self.rowRule = rowRule
    self.columns = columns
    slots = RowSlots.Builder(columns: columns)
    self.outputs = max(outputs, 1)
    self.rows = rows
    self.sums = sums
    self.leafWidth = leafWidth
  }

  public var treeCount: Int { trees.count }

  /// Makes room for so many more, so that what is added does not move again and again.
  public mutating func reserve(trees count: Int, nodes nodeCount: Int) {
    trees.reserveCapacity(trees.count + count)
    nodes.reserveCapacity(nodes.count + nodeCount)
    leafValues.reserveCapacity(leafValues.count + nodeCount / 2 + count)
  }

  /// Adds a tree, whose leaves are added to `output` (where leaves have one value).
  /// - Throws: where the splits form no tree, or name a feature, leaf or output that there is not.
  public mutating func add(_ tree: TreeDescription, output: Int = 0) throws(TreeShapeError) {
    let start = nodes.count
    do {
      try place(tree, output: output)
    } catch {
      nodes.removeLast(nodes.count - start)
      throw error
    }
  }

  private mutating func place(_ tree: TreeDescription, output: Int) throws(TreeShapeError) {
    let (leaves, remainder) = tree.leafValues.count.quotientAndRemainder(dividingBy: max(leafWidth, 1))
    guard leafWidth == 1 || leafWidth == outputs, remainder == 0, leaves > 0 else {
      throw TreeShapeError("has \(tree.leafValues.count) leaf values for leaves of \(leafWidth)")
    }
    guard output >= 0, output < outputs else {
      throw TreeShapeError("belongs to output \(output), the model has \(outputs)")
    }
    let leafBase = leafValues.count / leafWidth
    guard nodes.count + tree.splits.count * 2 + 1 < Int(Int32.max) / 2, leafBase + leaves < Int(Int32.max)
    else {
      throw TreeShapeError("is one too many: more than a billion nodes")
    }
    let start = nodes.count
    var draft = Draft(start: start, output: output)
    nodes.append(DraftNode())
    // Breadth first: the upper levels, where every row passes, lie together.
    queue.removeAll(keepingCapacity: true)
    queue.append((tree.splits.isEmpty ? ~0 : 0, 0, 0))
    var next = 0
    while next < queue.count {
      let (reference, target, depth) = queue[next]
      next += 1
      if reference < 0 {
        guard ~reference < leaves else { throw TreeShapeError("leads to leaf \(~reference) of \(leaves)") }
        nodes[start + target].link = Int32(truncatingIfNeeded: leafBase + ~reference)
        draft.least = min(draft.least, depth)
        draft.most = max(draft.most, depth)
        continue
      }
      guard reference < tree.splits.count else {
        throw TreeShapeError("leads to node \(reference) of \(tree.splits.count)")
      }
      guard queue.count <= tree.splits.count * 2 else { throw TreeShapeError("has a node with two parents") }
      guard depth < TreeForestBuilder.maximumDepth else {
        throw TreeShapeError("is deeper than \(TreeForestBuilder.maximumDepth) levels")
      }
      let split = tree.splits[reference]
      guard split.feature >= 0, split.feature < columns else {
        throw TreeShapeError("splits on feature \(split.feature), the model has \(columns)")
      }
      let child = nodes.count - start
      nodes.append(DraftNode())
      nodes.append(DraftNode())
      nodes[start + target] = TreeForestBuilder.node(split, slots.reference(split), child - target)
      queue.append((split.left, child, depth + 1))
      queue.append((split.right, child + 1, depth + 1))
    }
    leafValues.append(contentsOf: tree.leafValues)
    draft.count = nodes.count - start
    trees.append(draft)
  }

  private static func node(_ split: TreeSplit, _ slot: Int32, _ link: Int) -> DraftNode {
    let link = Int32(truncatingIfNeeded: link)
    return switch split.test {
    case .less(let threshold): DraftNode(slot: slot, test: .less, threshold: threshold, link: link)
    case .lessOrEqual(let threshold):
      DraftNode(slot: slot, test: .lessOrEqual, threshold: threshold, link: link)
    case .categories: DraftNode(slot: slot, test: .categories, link: link)
    }
  }

  /// Lays the trees out; further trees need a new builder.
  /// - Parameter usesVectors: whether small trees may be laid out for vector instructions, where the
  ///   processor has them. The results are the same.
  public consuming func build(usesVectors: Bool = true) -> TreeForest {
    sums == .float32 ? build(usesVectors, Float.self) : build(usesVectors, Double.self)
  }

  @inline(__always)
  private func build<Sum: LeafSum>(_ usesVectors: Bool, _: Sum.Type) -> TreeForest {
    let (table, numbers) = slots.build()
    let shape = ForestShape(
      columns: columns, outputs: outputs, leafWidth: leafWidth,
      outputOfTree: Frozen(trees.map { Int32($0.output) }), slots: table, isLightGBM: rowRule == .lightGBM)
    let sliced = usesVectors && rows == .float32 && sums == .float32 ? slice(numbers, shape) : nil
    if usesVectors {
      if rows == .float32, let ranked = rank(NarrowKeys.self, numbers, table.count) {
        return TreeForest(
          layout: ForestLayout(
            RankedForest<NarrowKeys, Sum>(
              shape: shape, trees: ranked, leaves: placedLeaves(ranked.leafNumbers)), sliced: sliced))
      }
      if rows == .float64, let ranked = rank(WideKeys.self, numbers, table.count) {
        return TreeForest(
          layout: ForestLayout(
            RankedForest<WideKeys, Sum>(
              shape: shape, trees: ranked, leaves: placedLeaves(ranked.leafNumbers))))
      }
    }
    let widest = self.nodes.reduce(0) { max($0, $1.slot < 0 ? 0 : Int($1.link)) }
    let fitsNarrow = rows == .float32 && table.count <= Int(UInt16.max) && widest <= Int(UInt16.max)
    let isInline = leafWidth == 1 && (sums == .float32 || !fitsNarrow)
    let leaves = isInline ? [] : leafValues.map { Sum($0) }
    let depths = trees.map { (least: $0.least, most: $0.most) }
    var roots: [UInt32] = []
    if fitsNarrow {
      let nodes = layNarrow(numbers, &roots, isInline)
      return TreeForest(
        layout: ForestLayout(
          WalkedForest<NarrowKeys, Sum>(
            shape: shape, nodes: nodes, roots: roots, depths: depths, isInline: isInline,
            leaves: leaves), sliced: sliced))
    }
    let nodes = layWide(numbers, &roots, isInline)
    if rows == .float32 {
      return TreeForest(
        layout: ForestLayout(
          WalkedForest<WideFloatKeys, Sum>(
            shape: shape, nodes: nodes, roots: roots, depths: depths, isInline: isInline,
            leaves: leaves)))
    }
    return TreeForest(
      layout: ForestLayout(
        WalkedForest<WideKeys, Sum>(
          shape: shape, nodes: nodes, roots: roots, depths: depths, isInline: isInline,
          leaves: leaves)))
  }

  /// The leaves' values in the order of places.
  private func placedLeaves<Sum: LeafSum>(_ leafNumbers: [Int32]) -> [Sum] {
    var values: [Sum] = []
    values.reserveCapacity(leafNumbers.count * leafWidth)
    for leaf in leafNumbers {
      for index in 0..<leafWidth { values.append(Sum(leafValues[Int(leaf) * leafWidth + index])) }
    }
    return values
  }

  private func rank<Coder: KeyCoder>(
    _ coder: Coder.Type, _ numbers: [Int32], _ slotCount: Int
  ) -> RankTrees<Coder>? {
    // Larger trees have no such form: no need to copy them.
    guard trees.allSatisfy({ $0.count < 128 }) else { return nil }
    return RankTrees(
      trees: trees.map { rankNodes(of: $0, coder, numbers) }, depths: trees.map(\.most), slotCount: slotCount)
  }

  private func slice(_ numbers: [Int32], _ shape: ForestShape) -> SlicedTrees? {
    guard leafWidth == 1, trees.allSatisfy({ $0.count < 128 }) else { return nil }
    return SlicedTrees(
      trees: trees.map { rankNodes(of: $0, NarrowKeys.self, numbers) }, depths: trees.map(\.most),
      shape: shape
    ) { Float(leafValues[$0]) }
  }

  private func rankNodes<Coder: KeyCoder>(
    of tree: Draft, _ coder: Coder.Type, _ numbers: [Int32]
  ) -> [RankTrees<Coder>.Node] {
    nodes[tree.start..<(tree.start + tree.count)].map { node in
      RankTrees<Coder>.Node(
        slot: node.slot < 0 ? nil : Int(numbers[Int(node.slot)]), bound: bound(node, coder),
        link: Int(node.link))
    }
  }

  private func layNarrow(
    _ numbers: [Int32], _ roots: inout [UInt32], _ isInline: Bool
  ) -> Frozen<apus_tree_node> {
    Frozen(count: nodes.count) { memory in
      lay(numbers, &roots) { place, node, slot, link, leaf in
        let key = leaf.map { answer32($0, isInline) } ?? bound(node, NarrowKeys.self)
        (memory + place).initialize(to: apus_tree_node(key: key, slot: UInt16(slot), child: UInt16(link)))
      }
    }
  }

  private func layWide(
    _ numbers: [Int32], _ roots: inout [UInt32], _ isInline: Bool
  ) -> Frozen<apus_wide_tree_node> {
    let usesFloats = rows == .float32
    return Frozen(count: nodes.count) { memory in
      lay(numbers, &roots) { place, node, slot, link, leaf in
        let key: Int64
        if let leaf {
          key = answer64(leaf, isInline)
        } else {
          key = usesFloats ? bound(node, WideFloatKeys.self) : bound(node, WideKeys.self)
        }
        (memory + place).initialize(
          to: apus_wide_tree_node(key: key, slot: UInt32(slot), child: UInt32(link)))
      }
    }
  }

  @inline(__always)
  private func lay(
    _ numbers: [Int32], _ roots: inout [UInt32],
    _ emit: (_ place: Int, DraftNode, _ slot: Int, _ link: Int, _ leaf: Int?) -> Void
  ) {
    roots = trees.map { UInt32($0.start) }
    for place in nodes.indices {
      let node = nodes[place]
      if node.slot >= 0 {
        emit(place, node, Int(numbers[Int(node.slot)]), Int(node.link), nil)
      } else {
        emit(place, node, 0, 0, Int(node.link))
      }
    }
  }

  private func bound<Coder: KeyCoder>(_ node: DraftNode, _: Coder.Type) -> Coder.Key {
    switch node.test {
    case .less: Coder.bound(less: node.threshold)
    case .lessOrEqual: Coder.bound(lessOrEqual: node.threshold)
    case .categories: 0
    }
  }

  /// What a leaf's node holds: its value where that fits, else its number. A leaf must compare greater than
  /// the least key, whose bits are those of -0: that one becomes +0, which no sum can tell.
  private func answer32(_ leaf: Int, _ isInline: Bool) -> Int32 {
    isInline ? Int32(bitPattern: (Float(leafValues[leaf]) + 0).bitPattern) : Int32(leaf)
  }

  private func answer64(_ leaf: Int, _ isInline: Bool) -> Int64 {
    if !isInline { return Int64(leaf) }
    if sums == .float32 { return Int64((Float(leafValues[leaf]) + 0).bitPattern) }
    return Int64(bitPattern: (leafValues[leaf] + 0).bitPattern)
  }
}
