internal import TreeEngine

extension EstimatorFamily {
  static let forests = EstimatorFamily(
    ["sklearn.ensemble._forest", "sklearn.ensemble.forest"],
    [
      "RandomForestClassifier": { binder, state throws(BindError) in
        BoundEstimator(try binder.forestClassifier(state, isExtra: false))
      },
      "ExtraTreesClassifier": { binder, state throws(BindError) in
        BoundEstimator(try binder.forestClassifier(state, isExtra: true))
      },
      "RandomForestRegressor": { binder, state throws(BindError) in
        BoundEstimator(try binder.forestRegressor(state, isExtra: false))
      },
      "ExtraTreesRegressor": { binder, state throws(BindError) in
        BoundEstimator(try binder.forestRegressor(state, isExtra: true))
      },
      "RandomTreesEmbedding": { binder, state throws(BindError) in
        BoundEstimator(try binder.treesEmbedding(state))
      },
    ])

  static let trees = EstimatorFamily(
    ["sklearn.tree._classes", "sklearn.tree.tree"],
    [
      "DecisionTreeClassifier": { binder, state throws(BindError) in
        BoundEstimator(try binder.treeClassifier(state, isExtra: false))
      },
      "ExtraTreeClassifier": { binder, state throws(BindError) in
        BoundEstimator(try binder.treeClassifier(state, isExtra: true))
      },
      "DecisionTreeRegressor": { binder, state throws(BindError) in
        BoundEstimator(try binder.treeRegressor(state, isExtra: false))
      },
      "ExtraTreeRegressor": { binder, state throws(BindError) in
        BoundEstimator(try binder.treeRegressor(state, isExtra: true))
      },
    ])
}

/// What of a tree's leaves counts: `[outputs][largest class count]` values per node, of which each output
/// uses its own number of classes.
struct LeafLayout {
  let classCounts: [Int]
  /// Up to scikit-learn 1.2 nodes hold weighted counts, which `predict_proba` divides by their sum.
  var isNormalized = false
  /// Whether the index of the most frequent class follows, per output.
  var addsLabels = false

  var width: Int { classCounts.reduce(0, +) + (addsLabels ? classCounts.count : 0) }

  func append(_ node: ArraySlice<Double>, largest: Int, to values: inout [Double]) {
    var labels: [Double] = []
    for (output, count) in classCounts.enumerated() {
      let start = node.startIndex + output * largest
      let counts = node[start..<(start + count)]
      if addsLabels { labels.append(Double(counts.withUnsafeBufferPointer { NumpySums.argmax($0) })) }
      guard isNormalized else {
        values.append(contentsOf: counts)
        continue
      }
      let sum = counts.withUnsafeBufferPointer { NumpySums.sum($0) }
      let divisor = sum == 0 ? 1 : sum
      values.append(contentsOf: counts.map { $0 / divisor })
    }
    values.append(contentsOf: labels)
  }
}

extension EstimatorBinder {
  // MARK: Forests

  func forestClassifier(_ state: EstimatorState, isExtra: Bool) throws(BindError) -> TreeClassifier {
    let labels = try outputLabels(state)
    let layout = LeafLayout(
      classCounts: labels.map(\.count), isNormalized: state.version < SklearnVersion(1, 3))
    let trees = try state.list("estimators_")
    let ensemble = try ensemble(
      state, trees, layout, accepted: try acceptsMissing(state, isForest: true, isExtra: isExtra))
    return try classifier(state, ensemble, labels, .mean(Double(trees.count)), .largestProbability)
  }

  func forestRegressor(_ state: EstimatorState, isExtra: Bool) throws(BindError) -> TreeRegressor {
    let trees = try state.list("estimators_")
    let ensemble = try ensemble(
      state, trees, try valueLayout(state),
      accepted: try acceptsMissing(state, isForest: true, isExtra: isExtra))
    return TreeRegressor(
      ensemble: ensemble, initial: nil, featureNames: try state.featureNames(ensemble.identity),
      link: .mean(Double(trees.count)))
  }

  private func valueLayout(_ state: EstimatorState) throws(BindError) -> LeafLayout {
    let outputs = try state.int("n_outputs_")
    guard outputs > 0, outputs <= 1 << 16 else { throw state.malformed("n_outputs_", "a number of outputs") }
    return LeafLayout(classCounts: [Int](repeating: 1, count: outputs))
  }

  // MARK: Single trees

  func treeClassifier(_ state: EstimatorState, isExtra: Bool) throws(BindError) -> TreeClassifier {
    let labels = try outputLabels(state)
    // Before 1.3 `predict` compares counts and only `predict_proba` divides them by their sum.
    let isOld = state.version < SklearnVersion(1, 3)
    let layout = LeafLayout(classCounts: labels.map(\.count), isNormalized: isOld, addsLabels: isOld)
    let ensemble = try ensemble(
      state, nil, layout, accepted: try acceptsMissing(state, isForest: false, isExtra: isExtra))
    return try classifier(state, ensemble, labels, .mean(1), isOld ? .given : .largestProbability)
  }

  func treeRegressor(_ state: EstimatorState, isExtra: Bool) throws(BindError) -> TreeRegressor {
    let ensemble = try ensemble(
      state, nil, try valueLayout(state),
      accepted: try acceptsMissing(state, isForest: false, isExtra: isExtra))
    return TreeRegressor(
      ensemble: ensemble, initial: nil, featureNames: try state.featureNames(ensemble.identity),
      link: .identity)
  }

  // MARK: Both

  private func classifier(
    _ state: EstimatorState, _ ensemble: TreeEnsemble, _ labels: [ClassLabels],
    _ probabilityRule: ProbabilityRule, _ labelRule: LabelRule
  ) throws(BindError) -> TreeClassifier {
    guard let classes = ClassLabels.concatenate(labels) else {
      throw .unsupported("the outputs of its \(state.className) have labels of different types")
    }
    return TreeClassifier(
      ensemble: ensemble, initial: nil, featureNames: try state.featureNames(ensemble.identity),
      classes: classes, classCounts: labels.map(\.count), probabilityRule: probabilityRule,
      labelRule: labelRule, hasDecisionFunction: false)
  }

  /// `classes_` is one array, or a list of them for several outputs.
  func outputLabels(_ state: EstimatorState) throws(BindError) -> [ClassLabels] {
    let outputs = try state.int("n_outputs_")
    if outputs == 1, case .array(let array)? = graph.node(try state.value("classes_")) {
      return [try labels(array, state)]
    }
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

  /// - Parameter trees: the trees of a forest; nil where `state` is itself the tree.
  private func ensemble(
    _ state: EstimatorState, _ trees: [PickleValue]?, _ layout: LeafLayout, accepted usesMissing: Bool
  ) throws(BindError) -> TreeEnsemble {
    let identity = try state.identity()
    if let trees, trees.isEmpty { throw state.malformed("estimators_", "a list of trees") }
    var builder = TreeForestBuilder(
      columns: identity.featureCount, outputs: layout.width, rows: .float32, sums: .float64,
      leafWidth: layout.width)
    for value in trees ?? [.none] {
      let tree = trees == nil ? state : try treeState(value, in: state, "estimators_")
      let arrays = try treeArrays(tree)
      guard arrays.outputs == layout.classCounts.count,
        arrays.largestClassCount == layout.classCounts.max()
      else { throw .corrupt("the values of one of its trees have another shape than its nodes") }
      let (splits, leaves) = try arrays.shape(columns: nil, usesMissing: usesMissing)
      var leafValues: [Double] = []
      leafValues.reserveCapacity(leaves.count * layout.width)
      for leaf in leaves {
        layout.append(arrays.values(of: leaf), largest: arrays.largestClassCount, to: &leafValues)
      }
      try add(splits, leafValues, to: &builder)
    }
    return TreeEnsemble(
      identity: identity, trees: builder.build(), accepted: usesMissing ? .missing : .finite, isSingle: true,
      // A single tree's value is taken as it is: adding it to -0 changes nothing, not even -0.
      start: [Double](repeating: trees == nil ? -0.0 : 0, count: layout.width))
  }

  // MARK: Embedding

  /// Each leaf of each tree is a column; the encoder's categories say which of them were ever reached.
  func treesEmbedding(_ state: EstimatorState) throws(BindError) -> TreesEmbedding {
    let identity = try state.identity()
    let trees = try state.list("estimators_")
    let encoder = try part("one_hot_encoder_", of: state)
    let usesMissing = state.version >= SklearnVersion(1, 6)
    let categories = try encoder.list("categories_")
    guard !trees.isEmpty, trees.count == categories.count else {
      throw state.malformed("one_hot_encoder_", "an encoder with one list of leaves per tree")
    }
    var builder = TreeForestBuilder(
      columns: identity.featureCount, outputs: trees.count, rows: .float32, sums: .float64)
    var columns = 0
    for (output, value) in trees.enumerated() {
      let arrays = try treeArrays(try treeState(value, in: state, "estimators_"))
      let (splits, leaves) = try arrays.shape(columns: nil, usesMissing: usesMissing)
      guard case .array(let known)? = graph.node(categories[output]), let nodes = known.integers() else {
        throw state.malformed("one_hot_encoder_", "an encoder with one list of leaves per tree")
      }
      try spend(elements: known.count)
      var columnOfNode: [Int64: Int] = [:]
      for node in nodes {
        columnOfNode[node] = columns
        columns += 1
      }
      try add(splits, leaves.map { Double(columnOfNode[Int64($0)] ?? -1) }, to: &builder, output: output)
    }
    return TreesEmbedding(
      ensemble: TreeEnsemble(
        identity: identity, trees: builder.build(), accepted: usesMissing ? .missing : .finite,
        isSingle: true, start: [Double](repeating: 0, count: trees.count)),
      featureNames: try state.featureNames(identity), outputColumns: columns,
      isSparse: try state.flag("sparse_output", default: true))
  }

  /// An object in an attribute, read with the version of the estimator that holds it.
  func part(_ name: String, of state: EstimatorState) throws(BindError) -> EstimatorState {
    guard case .object(let object)? = graph.node(try state.value(name)) else {
      throw state.malformed(name, "an object")
    }
    return try EstimatorState(object, binder: self, heldBy: state)
  }
}
