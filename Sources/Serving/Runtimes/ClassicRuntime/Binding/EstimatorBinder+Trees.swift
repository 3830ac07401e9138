internal import TreeEngine

/// The arrays of one `sklearn.tree._tree.Tree`, decoded.
struct TreeArrays {
  let leftChildren: [Int64]
  let rightChildren: [Int64]
  let features: [Int64]
  let thresholds: [Double]
  /// Empty for files older than scikit-learn 1.3.
  let missingGoesLeft: [Int64]
  /// `n_node_samples`.
  let samples: [Int64]
  /// `[node][outputs][largest class count]`.
  let values: [Double]
  let outputs: Int
  let largestClassCount: Int

  var count: Int { leftChildren.count }
  var stride: Int { outputs * largestClassCount }

  func isLeaf(_ node: Int) -> Bool { leftChildren[node] == -1 }

  func values(of node: Int) -> ArraySlice<Double> { values[(node * stride)..<((node + 1) * stride)] }

  /// The splits with leaves numbered in the nodes' order, and which nodes those leaves are.
  /// - Parameters:
  ///   - columns: where the tree was fitted on some of the model's columns, which ones they are.
  ///   - usesMissing: whether the library looks at NaN at all.
  func shape(columns: [Int]?, usesMissing: Bool) throws(BindError) -> (splits: [TreeSplit], leaves: [Int]) {
    var numbers = [Int](repeating: 0, count: count)
    var leaves: [Int] = []
    var splitCount = 0
    for node in 0..<count {
      if isLeaf(node) {
        numbers[node] = ~leaves.count
        leaves.append(node)
      } else {
        numbers[node] = splitCount
        splitCount += 1
      }
    }
    // A root that is a leaf is the tree; the engine takes leaf 0 then.
    guard numbers[0] == 0 || leaves.count == 1 else { throw TreeArrays.malformed }
    var splits: [TreeSplit] = []
    splits.reserveCapacity(splitCount)
    for node in 0..<count where !isLeaf(node) {
      guard let left = Int(exactly: leftChildren[node]), let right = Int(exactly: rightChildren[node]),
        left > node, right > node, left < count, right < count, left != right,
        let feature = Int(exactly: features[node]), feature >= 0,
        columns.map({ feature < $0.count }) ?? true
      else { throw TreeArrays.malformed }
      let goesLeft = usesMissing && !missingGoesLeft.isEmpty && missingGoesLeft[node] != 0
      splits.append(
        TreeSplit(
          feature: columns.map { $0[feature] } ?? feature, test: .lessOrEqual(thresholds[node]),
          missing: goesLeft ? .left : .right, left: numbers[left], right: numbers[right]))
    }
    return (splits, leaves)
  }

  static let malformed = BindError.corrupt("the nodes of one of its trees do not form a tree")
}

extension EstimatorBinder {
  /// What one node takes while trees are laid out, and what stays of it.
  private static let bytesPerDraftedNode = 192

  /// The state of a decision tree that a forest or a booster holds.
  func treeState(_ value: PickleValue, in state: EstimatorState, _ attribute: String) throws(BindError)
    -> EstimatorState
  {
    guard case .object(let object)? = graph.node(value),
      ["DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor"]
        .contains(object.global.name)
    else { throw state.malformed(attribute, "a list of decision trees") }
    return try EstimatorState(object, binder: self)
  }

  /// The `tree_` of a decision tree.
  func treeArrays(_ tree: EstimatorState) throws(BindError) -> TreeArrays {
    guard case .object(let object)? = graph.node(try tree.value("tree_")), object.global.meaning == .tree
    else {
      throw tree.malformed("tree_", "a Tree")
    }
    let state = try EstimatorState(object, binder: self)
    let nodes = try part(state, "nodes")
    try spend(elements: ReadBudget.product(nodes.count, 8))
    try hold(nodes.count, EstimatorBinder.bytesPerDraftedNode)
    let content = try part(state, "values")
    try spend(elements: content.count)
    try hold(content.count, 16)
    guard nodes.count > 0, content.shape.count == 3, content.shape[0] == nodes.count,
      content.shape[1] > 0, content.shape[2] > 0, let values = content.doubles()
    else {
      throw .corrupt("the values of one of its trees have another shape than its nodes")
    }
    let hasMissing = nodes.field("missing_go_to_left") != nil
    return TreeArrays(
      leftChildren: try integers(nodes, "left_child"), rightChildren: try integers(nodes, "right_child"),
      features: try integers(nodes, "feature"), thresholds: try doubles(nodes, "threshold"),
      missingGoesLeft: hasMissing ? try integers(nodes, "missing_go_to_left") : [],
      samples: try integers(nodes, "n_node_samples"), values: values, outputs: content.shape[1],
      largestClassCount: content.shape[2])
  }

  private func part(_ tree: EstimatorState, _ name: String) throws(BindError) -> NumpyArray {
    guard tree.has(name) else { throw .corrupt("one of its trees has no \(name)") }
    return try tree.array(name)
  }

  func integers(_ nodes: NumpyArray, _ name: String) throws(BindError) -> [Int64] {
    guard let field = nodes.field(name), let values = nodes.integers(field: field) else {
      throw .unsupportedVersion(
        "its trees have no field \(name); files of scikit-learn 1.0 to 1.9 can be read")
    }
    return values
  }

  func doubles(_ nodes: NumpyArray, _ name: String) throws(BindError) -> [Double] {
    guard let field = nodes.field(name), let values = nodes.doubles(field: field) else {
      throw .unsupportedVersion(
        "its trees have no field \(name); files of scikit-learn 1.0 to 1.9 can be read")
    }
    return values
  }

  func add(
    _ splits: [TreeSplit], _ leafValues: [Double], to builder: inout TreeForestBuilder, output: Int = 0
  ) throws(BindError) {
    do {
      try builder.add(TreeDescription(splits: splits, leafValues: leafValues), output: output)
    } catch {
      throw .corrupt("one of its trees \(error.reason)")
    }
  }

  /// Trees take NaN as "missing" since 1.3, forests since 1.4; until 1.8 only with the criteria that know
  /// missing values and without monotonic constraints.
  func acceptsMissing(_ state: EstimatorState, isForest: Bool, isExtra: Bool) throws(BindError) -> Bool {
    let splitter = isForest ? (isExtra ? "random" : "best") : try state.string("splitter")
    let version = state.version
    if version >= SklearnVersion(1, 9) { return !isExtra || splitter == "random" }
    guard version >= SklearnVersion(1, isForest ? 4 : 3) else { return false }
    if state.has("monotonic_cst"), !state.isNone("monotonic_cst") { return false }
    let known: Set<String> = ["gini", "log_loss", "entropy", "squared_error", "friedman_mse", "poisson"]
    guard known.contains(try state.string("criterion")) else { return false }
    if version >= SklearnVersion(1, 6) { return !isExtra || splitter == "random" }
    return splitter == "best"
  }
}
