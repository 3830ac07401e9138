internal import TreeEngine

/// Lays an XGBoost booster's trees out: float32 rows, `x < threshold`, float32 sums.
enum XGBoostForest {
  static func build(
    _ trees: XGBoostTrees, features: Int, outputs: Int
  ) throws(ModelFileError) -> TreeForest {
    let hasVectors = trees.haveVectors
    var builder = TreeForestBuilder(
      columns: features, outputs: outputs, rows: .float32, sums: .float32,
      leafWidth: hasVectors ? outputs : 1)
    builder.reserve(trees: trees.count, nodes: trees.nodeEstimate)
    for number in 0..<trees.count {
      let tree = try trees.tree(number)
      do throws(TreeShapeError) {
        if !hasVectors, tree.categories.isEmpty {
          try builder.add(
            FlatTree(
              left: tree.left, right: tree.right, features: tree.features, values: tree.conditions,
              missingGoesLeft: tree.defaultLeft), output: tree.output, scale: tree.weight)
          continue
        }
        try builder.add(
          try description(of: tree, width: hasVectors ? outputs : 1), output: hasVectors ? 0 : tree.output)
      } catch {
        throw .corrupt(offset: nil, "tree \(number) \(error.reason)")
      }
    }
    return builder.build()
  }

  private static func description(
    of tree: XGBoostTree, width: Int
  ) throws(TreeShapeError) -> TreeDescription {
    let count = tree.left.count
    let hasCategories = !tree.categories.isEmpty
    var splits: [TreeSplit] = []
    splits.reserveCapacity(count)
    for node in 0..<count {
      let left = Int(tree.left[node])
      if left == -1 {
        // Leaves are named by their node; the place stays empty.
        splits.append(TreeSplit(feature: 0, test: .less(0), left: 0, right: 0))
        continue
      }
      let right = Int(tree.right[node])
      guard left >= 0, left < count, right >= 0, right < count else {
        throw TreeShapeError("leads to node \(left) or \(right) of \(count)")
      }
      let test: TreeSplit.Test
      if hasCategories, let members = tree.categories[node] {
        test = .categories(CategoryTest(members: members, membersGoLeft: false))
      } else {
        test = .less(Double(tree.conditions[node]))
      }
      splits.append(
        TreeSplit(
          feature: Int(tree.features[node]), test: test, missing: tree.defaultLeft[node] ? .left : .right,
          left: tree.left[left] == -1 ? ~left : left, right: tree.left[right] == -1 ? ~right : right))
    }
    let values = try leafValues(of: tree, width: width)
    if tree.left[0] == -1 { return TreeDescription(leafValues: Array(values.prefix(width))) }
    return TreeDescription(splits: splits, leafValues: values)
  }

  /// `[node][width]`.
  private static func leafValues(of tree: XGBoostTree, width: Int) throws(TreeShapeError) -> [Double] {
    guard let vectors = tree.leafVectors, let numbers = tree.leafNumbers else {
      guard width == 1 else { throw TreeShapeError("has leaves of one value among trees with several") }
      // What DART multiplies with is rounded to float32 before it is added.
      return tree.conditions.map { Double(tree.weight == 1 ? $0 : $0 * tree.weight) }
    }
    var values = [Double](repeating: 0, count: tree.left.count * width)
    for node in tree.left.indices where tree.left[node] == -1 {
      let leaf = Int(numbers[node])
      guard leaf >= 0, leaf < vectors.count / width else {
        throw TreeShapeError("leads to leaf \(leaf) of \(vectors.count / width)")
      }
      for index in 0..<width { values[node * width + index] = Double(vectors[leaf * width + index]) }
    }
    return values
  }
}
