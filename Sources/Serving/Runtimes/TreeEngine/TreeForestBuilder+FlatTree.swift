/// One tree as lists over its nodes, node 0 being the root: what XGBoost's files hold. Every split asks
/// whether a feature is less than a threshold; leaves have one value.
public struct FlatTree: Sendable {
  /// -1 for leaves.
  public var left: [Int32]
  public var right: [Int32]
  public var features: [Int32]
  /// Thresholds of splits, values of leaves.
  public var values: [Float]
  /// Where missing values go.
  public var missingGoesLeft: [Bool]

  public init(
    left: [Int32], right: [Int32], features: [Int32], values: [Float], missingGoesLeft: [Bool]
  ) {
    self.left = left
    self.right = right
    self.features = features
    self.values = values
    self.missingGoesLeft = missingGoesLeft
  }
}

extension TreeForestBuilder {
  /// A node that is still to be placed.
  struct FlatStep: BitwiseCopyable {
    let node: Int32
    let target: Int32
    let depth: Int32
  }

  /// Adds a tree without describing each of its splits first.
  /// - Parameter scale: what the leaves' values are multiplied with, in float32.
  /// - Throws: as `add(_: TreeDescription)`.
  public mutating func add(_ tree: FlatTree, output: Int = 0, scale: Float = 1) throws(TreeShapeError) {
    let start = nodes.count
    do {
      try place(tree, output: output, scale: scale)
    } catch {
      nodes.removeLast(nodes.count - start)
      throw error
    }
  }

  private mutating func place(_ tree: FlatTree, output: Int, scale: Float) throws(TreeShapeError) {
    let count = tree.left.count
    guard leafWidth == 1 else { throw TreeShapeError("has leaves of one value among trees with several") }
    guard output >= 0, output < outputs else {
      throw TreeShapeError("belongs to output \(output), the model has \(outputs)")
    }
    guard count > 0, tree.right.count == count, tree.features.count == count, tree.values.count == count,
      tree.missingGoesLeft.count == count
    else { throw TreeShapeError("has lists of different lengths") }
    guard nodes.count + count < Int(Int32.max) / 2, leafValues.count + count < Int(Int32.max) else {
      throw TreeShapeError("is one too many: more than a billion nodes")
    }
    let start = nodes.count
    var draft = Draft(start: start, output: output)
    nodes.append(DraftNode())
    flatQueue.removeAll(keepingCapacity: true)
    flatQueue.append(FlatStep(node: 0, target: 0, depth: 0))
    var next = 0
    while next < flatQueue.count {
      let step = flatQueue[next]
      next += 1
      let node = Int(step.node)
      let target = Int(step.target)
      guard tree.left[node] != -1 else {
        nodes[start + target].link = Int32(truncatingIfNeeded: leafValues.count)
        // What DART multiplies with is rounded to float32 before it is added.
        leafValues.append(Double(scale == 1 ? tree.values[node] : tree.values[node] * scale))
        draft.least = min(draft.least, Int(step.depth))
        draft.most = max(draft.most, Int(step.depth))
        continue
      }
      try checkFlat(tree, node, step.depth)
      let child = nodes.count - start
      guard child + 2 <= count else { throw TreeShapeError("has a node with two parents") }
      let slot = slots.numeric(tree.missingGoesLeft[node] ? .left : .right, Int(tree.features[node]))
      nodes[start + target] = DraftNode(
        slot: slot, test: .less, threshold: Double(tree.values[node]),
        link: Int32(truncatingIfNeeded: child - target))
      nodes.append(DraftNode())
      nodes.append(DraftNode())
      let depth = step.depth + 1
      flatQueue.append(FlatStep(node: tree.left[node], target: Int32(child), depth: depth))
      flatQueue.append(FlatStep(node: tree.right[node], target: Int32(child + 1), depth: depth))
    }
    draft.count = nodes.count - start
    trees.append(draft)
  }

  private func checkFlat(_ tree: FlatTree, _ node: Int, _ depth: Int32) throws(TreeShapeError) {
    let count = tree.left.count
    let left = Int(tree.left[node])
    let right = Int(tree.right[node])
    guard left >= 0, left < count, right >= 0, right < count else {
      throw TreeShapeError("leads to node \(left) or \(right) of \(count)")
    }
    guard depth < TreeForestBuilder.maximumDepth else {
      throw TreeShapeError("is deeper than \(TreeForestBuilder.maximumDepth) levels")
    }
    let feature = Int(tree.features[node])
    guard feature >= 0, feature < columns else {
      throw TreeShapeError("splits on feature \(feature), the model has \(columns)")
    }
  }
}
