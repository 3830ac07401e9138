internal import CShims
public import ModelRuntime

/// Trees laid out for prediction. Adds leaf values to sums in the trees' order, in the sums' precision: what
/// stands in the sums before (a base score) is where they start.
///
/// One row walks down several trees at once; a batch walks down each tree with several rows at once. Immutable:
/// any thread may call it.
public struct TreeForest: Sendable {
  struct Shape: Sendable {
    let columns: Int
    let outputs: Int
    let leafWidth: Int
    /// The output of each tree.
    let trees: [Int]
    let least: [Int]
    let most: [Int]
    let slots: RowSlots
    let rowRule: TreeForestBuilder.RowRule
  }

  enum Layout: Sendable {
    case narrow([apus_tree_node])
    /// Float32 keys, widened.
    case wideFloats([apus_wide_tree_node])
    case wide([apus_wide_tree_node])
  }

  let shape: Shape
  let layout: Layout
  /// Padded to whole groups of lanes.
  let roots: [UInt32]
  let groupLeast: [UInt16]
  let groupMost: [UInt16]
  let outputOfTree: [Int32]
  let hasOneOutput: Bool
  /// Whether leaves' nodes hold their values, else numbers of leaves in the tables.
  let isInline: Bool
  let sums: TreeForestBuilder.Precision
  let floatLeaves: [Float]
  let doubleLeaves: [Double]

  static let lanes = Int(APUS_TREE_LANES)
  private static let keysPerBlock = 16_384

  init(
    shape: Shape, layout: Layout, roots: [UInt32], isInline: Bool, sums: TreeForestBuilder.Precision,
    floatLeaves: [Float], doubleLeaves: [Double]
  ) {
    self.shape = shape
    self.layout = layout
    let groups = (roots.count + TreeForest.lanes - 1) / TreeForest.lanes
    let padding = groups * TreeForest.lanes - roots.count
    self.roots = roots + Array(repeating: roots.last ?? 0, count: padding)
    groupLeast = (0..<groups).map { group in
      let range = group * TreeForest.lanes..<min((group + 1) * TreeForest.lanes, roots.count)
      return UInt16(clamping: shape.least[range].min() ?? 0)
    }
    groupMost = (0..<groups).map { group in
      let range = group * TreeForest.lanes..<min((group + 1) * TreeForest.lanes, roots.count)
      return UInt16(clamping: shape.most[range].max() ?? 0)
    }
    outputOfTree = shape.trees.map { Int32($0) }
    hasOneOutput = shape.outputs == 1
    self.isInline = isInline
    self.sums = sums
    self.floatLeaves = floatLeaves
    self.doubleLeaves = doubleLeaves
  }

  public var columns: Int { shape.columns }
  public var outputs: Int { shape.outputs }
  public var treeCount: Int { shape.trees.count }

  public var memoryBytes: Int {
    let nodes =
      switch layout {
      case .narrow(let nodes): nodes.count * MemoryLayout<apus_tree_node>.stride
      case .wide(let nodes), .wideFloats(let nodes): nodes.count * MemoryLayout<apus_wide_tree_node>.stride
      }
    return nodes + floatLeaves.count * 4 + doubleLeaves.count * 8 + roots.count * 12 + shape.slots.count * 8
  }

  /// A guess from the structure, of the right order of magnitude.
  public var estimatedNanosecondsPerRow: Double {
    let steps = zip(groupLeast, groupMost).reduce(0.0) { $0 + (Double($1.0) + Double($1.1)) / 2 }
    let perStep = memoryBytes > 1 << 20 ? 1.5 : 0.7
    return 20 + Double(shape.slots.count) * 1.2 + steps * Double(TreeForest.lanes) * perStep
      + Double(treeCount * shape.leafWidth)
  }

  /// Scratch memory for a batch; 16-byte aligned.
  public func scratchBytes(rows: Int) -> Int {
    let block = blockRows(rows)
    return (block * keyStride + max(roots.count, block)) * 8 + 64
  }

  var keyStride: Int { (shape.slots.count + 7) & ~7 }

  /// Rows whose keys are held at once, whole groups of lanes; 1 for too few rows.
  func blockRows(_ rows: Int) -> Int {
    if rows < TreeForest.lanes { return 1 }
    let lanes = TreeForest.lanes
    let fitting = TreeForest.keysPerBlock / keyStride / lanes * lanes
    return max(lanes, min(fitting, 256, rows / lanes * lanes))
  }
}

extension TreeForest {
  /// Adds the forest to float32 sums, `[rows][outputs]`.
  /// - Precondition: built for float32 sums; `batch.columns` is `columns`.
  public func add(
    _ batch: RowBatch, to sums: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
  ) {
    run(batch, to: sums, leaves: floatLeaves, scratch)
  }

  /// Adds the forest to float64 sums, `[rows][outputs]`.
  public func add(
    _ batch: RowBatch, to sums: UnsafeMutablePointer<Double>, scratch: UnsafeMutableRawPointer
  ) {
    run(batch, to: sums, leaves: doubleLeaves, scratch)
  }

  private func run<Sum: LeafSum>(
    _ batch: RowBatch, to sums: UnsafeMutablePointer<Sum>, leaves: [Sum], _ scratch: UnsafeMutableRawPointer
  ) {
    guard batch.columns == shape.columns, treeCount > 0 else { return }
    leaves.withUnsafeBufferPointer { leaves in
      switch layout {
      case .narrow(let nodes):
        walk(batch, nodes, sums, leaves, scratch, NarrowKeys.self)
      case .wideFloats(let nodes):
        walk(batch, nodes, sums, leaves, scratch, WideFloatKeys.self)
      case .wide(let nodes):
        walk(batch, nodes, sums, leaves, scratch, WideKeys.self)
      }
    }
  }
}
