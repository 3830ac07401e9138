extension EstimatorFamily {
  static let forests = EstimatorFamily(
    ["sklearn.ensemble._forest", "sklearn.ensemble.forest"],
    [
      "RandomForestClassifier": { binder, state throws(BindError) in
        BoundEstimator(try binder.forestClassifier(state))
      },
      "RandomForestRegressor": { binder, state throws(BindError) in
        BoundEstimator(try binder.forestRegressor(state))
      },
    ])

  static let trees = EstimatorFamily(
    ["sklearn.tree._classes", "sklearn.tree.tree"], [:],
    parts: ["DecisionTreeClassifier", "DecisionTreeRegressor"])
}

extension EstimatorBinder {
  func forestClassifier(_ state: EstimatorState) throws(BindError) -> RandomForestClassifier {
    let labels = try forestLabels(state)
    guard let classes = ClassLabels.concatenate(labels) else {
      throw .unsupported("the outputs of its RandomForestClassifier have labels of different types")
    }
    let layout = LeafLayout(
      classCounts: labels.map(\.count), isNormalized: state.version < SklearnVersion(1, 3))
    let forest = try forest(state, layout, treeClass: "DecisionTreeClassifier")
    return RandomForestClassifier(
      forest: forest, featureNames: try state.featureNames(forest.identity), classes: classes,
      classCounts: layout.classCounts)
  }

  func forestRegressor(_ state: EstimatorState) throws(BindError) -> RandomForestRegressor {
    let outputs = try state.int("n_outputs_")
    guard outputs > 0, outputs <= 1 << 16 else { throw state.malformed("n_outputs_", "a number of outputs") }
    let layout = LeafLayout(classCounts: [Int](repeating: 1, count: outputs), isNormalized: false)
    let forest = try forest(state, layout, treeClass: "DecisionTreeRegressor")
    return RandomForestRegressor(forest: forest, featureNames: try state.featureNames(forest.identity))
  }

  /// `classes_` is one array, or a list of them for several outputs.
  private func forestLabels(_ state: EstimatorState) throws(BindError) -> [ClassLabels] {
    let outputs = try state.int("n_outputs_")
    if outputs == 1 { return [try labels(try state.array("classes_"), state)] }
    var result: [ClassLabels] = []
    for value in try state.list("classes_") {
      guard case .array(let array)? = graph.node(value) else {
        throw state.malformed("classes_", "lists of labels")
      }
      result.append(try labels(array, state))
    }
    guard result.count == outputs, outputs > 0 else {
      throw state.malformed("classes_", "one list of labels per output")
    }
    return result
  }

  /// Which of a node's `[outputs][largest class count]` values count, and whether they are made fractions
  /// first.
  private struct LeafLayout {
    let classCounts: [Int]
    /// Up to scikit-learn 1.2 nodes hold weighted counts, which `predict_proba` divides by their sum.
    let isNormalized: Bool

    var width: Int { classCounts.reduce(0, +) }
    var largest: Int { classCounts.max() ?? 1 }
    var stride: Int { classCounts.count * largest }

    func append(_ node: ArraySlice<Double>, to values: inout [Double]) {
      for (output, count) in classCounts.enumerated() {
        let start = node.startIndex + output * largest
        let counts = node[start..<(start + count)]
        guard isNormalized else {
          values.append(contentsOf: counts)
          continue
        }
        let sum = counts.withUnsafeBufferPointer { NumpySums.sum($0) }
        let divisor = sum == 0 ? 1 : sum
        values.append(contentsOf: counts.map { $0 / divisor })
      }
    }
  }

  private func forest(
    _ state: EstimatorState, _ layout: LeafLayout, treeClass: String
  ) throws(BindError) -> Forest {
    let identity = try state.identity()
    let estimators = try state.list("estimators_")
    guard !estimators.isEmpty else { throw state.malformed("estimators_", "a list of trees") }
    var nodes = TreeNodes()
    var leafValues: [Double] = []
    for value in estimators {
      guard case .object(let object)? = graph.node(value), object.global.name == treeClass else {
        throw state.malformed("estimators_", "a list of \(treeClass)")
      }
      let before = (mark: budget.used, nodes: nodes.nodes.count, values: leafValues.count)
      let tree = try EstimatorState(object, binder: self)
      try append(try treeState(tree), to: &nodes, &leafValues, layout, identity)
      release(to: before.mark)
      // Twice, since both grow by doubling.
      try hold(nodes.nodes.count - before.nodes, 2 * MemoryLayout<TreeNodes.Node>.stride)
      try hold(leafValues.count - before.values, 16)
    }
    return Forest(
      identity: identity, nodes: nodes, leafValues: leafValues, width: layout.width,
      allowsNaN: try allowsMissingValues(state))
  }

  /// The state of a `sklearn.tree._tree.Tree`: `nodes`, `values`, `node_count`.
  private func treeState(_ tree: EstimatorState) throws(BindError) -> EstimatorState {
    guard case .object(let object)? = graph.node(try tree.value("tree_")), object.global.meaning == .tree
    else {
      throw tree.malformed("tree_", "a Tree")
    }
    return try EstimatorState(object, binder: self)
  }

  private func append(
    _ tree: EstimatorState, to nodes: inout TreeNodes, _ leafValues: inout [Double], _ layout: LeafLayout,
    _ identity: EstimatorIdentity
  ) throws(BindError) {
    let array = try part(tree, "nodes")
    try spend(elements: ReadBudget.product(array.count, 8))
    try hold(array.count, 64)
    func integers(_ name: String) throws(BindError) -> [Int64] {
      guard let field = array.field(name), let values = array.integers(field: field) else {
        throw .unsupportedVersion(
          "its trees have no field \(name); files of scikit-learn 1.0 to 1.9 can be read")
      }
      return values
    }
    guard let field = array.field("threshold"), let thresholds = array.doubles(field: field) else {
      throw .unsupportedVersion(
        "its trees have no field threshold; files of scikit-learn 1.0 to 1.9 can be read")
    }
    let source = TreeNodes.Source(
      leftChildren: try integers("left_child"), rightChildren: try integers("right_child"),
      features: try integers("feature"), thresholds: thresholds,
      missingGoesLeft: array.field("missing_go_to_left") == nil ? [] : try integers("missing_go_to_left"))
    guard let leaves = nodes.append(source, featureCount: identity.featureCount) else {
      throw .corrupt("the nodes of one of its trees do not form a tree")
    }
    let content = try part(tree, "values")
    try spend(elements: content.count)
    try hold(content.count, 8)
    guard content.shape == [array.count, layout.classCounts.count, layout.largest],
      let values = content.doubles()
    else {
      throw .corrupt("the values of one of its trees have another shape than its nodes")
    }
    for leaf in leaves {
      layout.append(values[(leaf * layout.stride)..<((leaf + 1) * layout.stride)], to: &leafValues)
    }
  }

  private func part(_ tree: EstimatorState, _ name: String) throws(BindError) -> NumpyArray {
    guard tree.has(name) else { throw .corrupt("one of its trees has no \(name)") }
    return try tree.array(name)
  }

  /// Forests take NaN as "missing" since 1.4; until 1.8 only with the criteria that know missing values.
  private func allowsMissingValues(_ state: EstimatorState) throws(BindError) -> Bool {
    if state.version >= SklearnVersion(1, 9) { return true }
    guard state.version >= SklearnVersion(1, 4) else { return false }
    if state.has("monotonic_cst"), !state.isNone("monotonic_cst") { return false }
    let known: Set<String> = ["gini", "log_loss", "entropy", "squared_error", "friedman_mse", "poisson"]
    return known.contains(try state.string("criterion"))
  }
}
