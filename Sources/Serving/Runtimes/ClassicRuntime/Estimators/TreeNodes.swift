/// The nodes of all trees of a forest, flattened for descent.
///
/// Rows are float32 and thresholds float64; each threshold is kept as the largest float32 not above it, which
/// decides `x <= threshold` alike for every float32 x. The two children of a split lie side by side.
struct TreeNodes: Sendable {
  ///
  /// A leaf leads to itself: nothing is at most NaN, so every row goes to the "right child" of the node
  /// before it.
  struct Node: Sendable {
    var threshold: Float
    /// The feature, plus `missingGoesLeft`.
    var feature: Int32
    /// The left child; the right one follows it.
    var child: Int32
    /// The leaf's number, -1 for a split.
    var leaf: Int32

    static func leaf(_ number: Int, at index: Int) -> Node {
      Node(threshold: .nan, feature: 0, child: Int32(index) - 1, leaf: Int32(number))
    }
  }

  static let missingGoesLeft: Int32 = 1 << 30
  static let featureMask = missingGoesLeft - 1

  private(set) var nodes: [Node] = []
  private(set) var roots: [Int32] = []
  private(set) var leafCount = 0
  /// Leaf depths summed over all trees, for the cost estimate.
  private(set) var depthSum = 0

  /// One tree as its file holds it.
  struct Source {
    var leftChildren: [Int64]
    var rightChildren: [Int64]
    var features: [Int64]
    var thresholds: [Double]
    /// Empty for files older than scikit-learn 1.3.
    var missingGoesLeft: [Int64]
  }

  /// Adds a tree; returns which of its nodes are its leaves, in the order of their numbers.
  /// - Returns: nil where the nodes form no tree or name a feature beyond `featureCount`.
  mutating func append(_ tree: Source, featureCount: Int) -> [Int]? {
    let count = tree.leftChildren.count
    guard count > 0, nodes.count + count < Int(Int32.max) / 2, featureCount < Int(TreeNodes.missingGoesLeft),
      tree.rightChildren.count == count, tree.features.count == count, tree.thresholds.count == count,
      tree.missingGoesLeft.isEmpty || tree.missingGoesLeft.count == count
    else { return nil }
    var leaves: [Int] = []
    let root = nodes.count
    nodes.append(.leaf(0, at: root))
    roots.append(Int32(root))
    var pending: [(source: Int, target: Int, depth: Int)] = [(0, root, 0)]
    var visited = 0
    while let (source, target, depth) = pending.popLast() {
      visited += 1
      guard visited <= count else { return nil }
      if tree.leftChildren[source] == -1 {
        nodes[target] = .leaf(leafCount + leaves.count, at: target)
        leaves.append(source)
        depthSum += depth
        continue
      }
      // Both of scikit-learn's builders number children after their parent, so there are no cycles.
      guard let left = Int(exactly: tree.leftChildren[source]),
        let right = Int(exactly: tree.rightChildren[source]),
        left > source, right > source, left < count, right < count, left != right,
        let feature = Int32(exactly: tree.features[source]), feature >= 0, feature < featureCount
      else { return nil }
      let child = nodes.count
      nodes.append(.leaf(0, at: child))
      nodes.append(.leaf(0, at: child + 1))
      let isMissingLeft = !tree.missingGoesLeft.isEmpty && tree.missingGoesLeft[source] != 0
      nodes[target] = Node(
        threshold: TreeNodes.floatNotAbove(tree.thresholds[source]),
        feature: isMissingLeft ? feature | TreeNodes.missingGoesLeft : feature, child: Int32(child), leaf: -1)
      pending.append((right, child + 1, depth + 1))
      pending.append((left, child, depth + 1))
    }
    leafCount += leaves.count
    return leaves
  }

  /// The largest float32 that is not above `value`.
  static func floatNotAbove(_ value: Double) -> Float {
    let rounded = Float(value)
    return Double(rounded) > value ? rounded.nextDown : rounded
  }
}
