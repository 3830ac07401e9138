internal import TreeEngine

extension EstimatorFamily {
  static let isolationForests = EstimatorFamily(
    ["sklearn.ensemble._iforest", "sklearn.ensemble.iforest"],
    [
      "IsolationForest": { binder, state throws(BindError) in
        BoundEstimator(try binder.isolationForest(state))
      }
    ])
}

extension EstimatorBinder {
  func isolationForest(_ state: EstimatorState) throws(BindError) -> IsolationForest {
    let identity = try state.identity()
    let trees = try state.list("estimators_")
    let columns = try columnSubsets(state, trees: trees.count, features: identity.featureCount)
    let usesSubsets = try state.int("_max_features") != identity.featureCount
    let usesMissing = state.version >= SklearnVersion(1, 7)
    var builder = TreeForestBuilder(
      columns: identity.featureCount, outputs: 1, rows: .float32, sums: .float64)
    for (index, value) in trees.enumerated() {
      let arrays = try treeArrays(try treeState(value, in: state, "estimators_"))
      let (splits, leaves) = try arrays.shape(
        columns: usesSubsets ? columns[index] : nil, usesMissing: usesMissing)
      let depths = nodeDepths(arrays)
      let values = leaves.map { IsolationForest.leafDepth(nodes: depths[$0], samples: arrays.samples[$0]) }
      try add(splits, values, to: &builder)
    }
    guard !trees.isEmpty else { throw state.malformed("estimators_", "a list of trees") }
    // Text in very old files; a number since.
    let samples = try state.int(state.has("_max_samples") ? "_max_samples" : "max_samples_")
    return IsolationForest(
      ensemble: TreeEnsemble(
        identity: identity, trees: builder.build(), accepted: usesMissing ? .anything : .finite,
        isSingle: true, start: [0]),
      featureNames: try state.featureNames(identity),
      denominator: Double(trees.count) * IsolationForest.averagePathLength(Int64(samples)),
      offset: try state.double("offset_"), base: 2)
  }

  /// `estimators_features_`: which of the model's columns each estimator was fitted on.
  func columnSubsets(
    _ state: EstimatorState, trees: Int, features: Int
  ) throws(BindError) -> [[Int]] {
    let lists = try state.list("estimators_features_")
    guard lists.count == trees else {
      throw state.malformed("estimators_features_", "one list of columns per estimator")
    }
    var result: [[Int]] = []
    for value in lists {
      guard case .array(let array)? = graph.node(value) else {
        throw state.malformed("estimators_features_", "one list of columns per estimator")
      }
      try spend(elements: array.count)
      try hold(array.count, 16)
      guard let columns = array.integers(), columns.allSatisfy({ $0 >= 0 && $0 < features }) else {
        throw state.malformed("estimators_features_", "lists of columns")
      }
      result.append(columns.map { Int($0) })
    }
    return result
  }

  /// Nodes on the way from the root to each node, both included. Children follow their parents, which
  /// `TreeArrays.shape` has checked.
  private func nodeDepths(_ arrays: TreeArrays) -> [Int] {
    var depths = [Int](repeating: 1, count: arrays.count)
    for node in 0..<arrays.count where !arrays.isLeaf(node) {
      depths[Int(arrays.leftChildren[node])] = depths[node] + 1
      depths[Int(arrays.rightChildren[node])] = depths[node] + 1
    }
    return depths
  }
}
