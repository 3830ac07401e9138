internal import TreeEngine

/// Lays a LightGBM booster's trees out: float64 rows, `x <= threshold`, float64 sums.
enum LightGBMForest {
  /// - Parameter answersLeaves: whether each tree answers its leaf's number in an output of its own.
  static func build(_ file: LightGBMFile, answersLeaves: Bool) throws(ModelFileError) -> TreeForest {
    var builder = TreeForestBuilder(
      columns: file.featureNames.count,
      outputs: answersLeaves ? max(file.trees.count, 1) : file.treesPerIteration, rows: .float64,
      sums: .float64, rowRule: .lightGBM)
    for (number, tree) in file.trees.enumerated() {
      do throws(TreeShapeError) {
        var description = try description(of: tree)
        if answersLeaves { description.leafValues = (0..<tree.leafCount).map { Double($0) } }
        try builder.add(description, output: answersLeaves ? number : number % file.treesPerIteration)
      } catch {
        throw .corrupt(offset: nil, "tree \(number) \(error.reason)")
      }
    }
    return builder.build()
  }

  private static func description(of tree: LightGBMTree) throws(TreeShapeError) -> TreeDescription {
    guard tree.leafCount > 1 else { return TreeDescription(leafValues: [tree.leafValues[0]]) }
    var splits: [TreeSplit] = []
    splits.reserveCapacity(tree.left.count)
    for node in tree.left.indices {
      let decision = tree.decisions[node]
      let test: TreeSplit.Test
      let missing: TreeSplit.Missing
      if decision & 1 != 0 {
        test = .categories(try categories(of: tree, node))
        missing = .right
      } else {
        test = .lessOrEqual(tree.thresholds[node])
        let goesLeft = decision & 2 != 0
        switch decision >> 2 & 3 {
        case 0: missing = .asZero
        case 1: missing = goesLeft ? .zeroLeft : .zeroRight
        case 2: missing = goesLeft ? .left : .right
        // No kind of missing value at all: NaN is compared as 0.
        default: missing = .asZero
        }
      }
      splits.append(
        TreeSplit(
          feature: tree.features[node], test: test, missing: missing, left: tree.left[node],
          right: tree.right[node]))
    }
    return TreeDescription(splits: splits, leafValues: tree.leafValues)
  }

  private static func categories(
    of tree: LightGBMTree, _ node: Int
  ) throws(TreeShapeError) -> CategoryTest {
    guard let index = Int(exactly: tree.thresholds[node].rounded(.towardZero)), index >= 0,
      index + 1 < tree.categoryBoundaries.count
    else { throw TreeShapeError("has a categorical split without categories") }
    let range = tree.categoryBoundaries[index]..<tree.categoryBoundaries[index + 1]
    return CategoryTest(
      members: Array(tree.categoryBits[range]), membersGoLeft: true, castsNegativeFractions: true)
  }
}
