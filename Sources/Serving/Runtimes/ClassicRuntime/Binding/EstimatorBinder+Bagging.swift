internal import TreeEngine

extension EstimatorFamily {
  static let bagging = EstimatorFamily(
    ["sklearn.ensemble._bagging", "sklearn.ensemble.bagging"],
    [
      "BaggingClassifier": { binder, state throws(BindError) in
        BoundEstimator(try binder.baggingClassifier(state))
      },
      "BaggingRegressor": { binder, state throws(BindError) in
        BoundEstimator(try binder.baggingRegressor(state))
      },
    ])

  static let adaptiveBoosting = EstimatorFamily(
    ["sklearn.ensemble._weight_boosting", "sklearn.ensemble.weight_boosting"],
    [
      "AdaBoostClassifier": { binder, state throws(BindError) in
        BoundEstimator(try binder.adaBoostClassifier(state))
      },
      "AdaBoostRegressor": { binder, state throws(BindError) in
        BoundEstimator(try binder.adaBoostRegressor(state))
      },
    ])
}

extension EstimatorBinder {
  // MARK: Bagging

  func baggingClassifier(_ state: EstimatorState) throws(BindError) -> any FittedEstimator {
    let identity = try state.identity()
    let classes = try labels(try state.array("classes_"), state)
    let values = try state.list("estimators_")
    let divisor = Double(try state.int("n_estimators"))
    if let trees = try baggedTrees(state, values, classes: classes.count) {
      return TreeClassifier(
        ensemble: trees, initial: nil, featureNames: try state.featureNames(identity), classes: classes,
        classCounts: [classes.count], probabilityRule: .mean(divisor), labelRule: .largestProbability,
        hasDecisionFunction: false)
    }
    return BaggingClassifier(
      identity: identity, featureNames: try state.featureNames(identity), bag: try bag(state, divisor),
      classes: classes)
  }

  func baggingRegressor(_ state: EstimatorState) throws(BindError) -> any FittedEstimator {
    let identity = try state.identity()
    let values = try state.list("estimators_")
    let divisor = Double(try state.int("n_estimators"))
    if let trees = try baggedTrees(state, values, classes: nil) {
      return TreeRegressor(
        ensemble: trees, initial: nil, featureNames: try state.featureNames(identity), link: .mean(divisor))
    }
    return BaggingRegressor(
      identity: identity, featureNames: try state.featureNames(identity), bag: try bag(state, divisor))
  }

  private func bag(_ state: EstimatorState, _ divisor: Double) throws(BindError) -> Bag {
    let members = try predictors("estimators_", of: state)
    let features = try state.int("n_features_in_")
    let columns = try columnSubsets(state, trees: members.count, features: features)
    let all = Array(0..<features)
    return Bag(members: members, columns: columns.allSatisfy { $0 == all } ? nil : columns, divisor: divisor)
  }

  /// The state of each of the values, where all of them are decision trees of the kind.
  private func treeStates(_ values: [PickleValue], isForClasses: Bool) throws(BindError) -> [EstimatorState]?
  {
    let suffix = isForClasses ? "TreeClassifier" : "TreeRegressor"
    var states: [EstimatorState] = []
    for value in values {
      guard case .object(let object)? = graph.node(value), object.global.meaning == .estimator,
        object.global.name.hasSuffix(suffix)
      else { return nil }
      states.append(try EstimatorState(object, binder: self))
    }
    return states.isEmpty ? nil : states
  }

  /// A bag of decision trees is a forest whose trees know some columns and some classes only.
  private func baggedTrees(
    _ state: EstimatorState, _ values: [PickleValue], classes: Int?
  ) throws(BindError) -> TreeEnsemble? {
    guard let trees = try treeStates(values, isForClasses: classes != nil) else { return nil }
    let identity = try state.identity()
    let width = classes ?? 1
    let columns = try columnSubsets(state, trees: trees.count, features: identity.featureCount)
    var builder = TreeForestBuilder(
      columns: identity.featureCount, outputs: width, rows: .float32, sums: .float64, leafWidth: width)
    var acceptsAll = true
    for (index, tree) in trees.enumerated() {
      let isExtra = tree.className.hasPrefix("Extra")
      let usesMissing = try acceptsMissing(tree, isForest: false, isExtra: isExtra)
      acceptsAll = acceptsAll && usesMissing
      let arrays = try treeArrays(tree)
      guard arrays.outputs == 1 else { return nil }
      let (splits, leaves) = try arrays.shape(columns: columns[index], usesMissing: usesMissing)
      let places = try classPlaces(tree, arrays, classes: classes)
      let layout = LeafLayout(
        classCounts: [arrays.largestClassCount],
        isNormalized: classes != nil && tree.version < SklearnVersion(1, 3))
      try hold(ReadBudget.product(leaves.count, width), 16)
      var leafValues: [Double] = []
      for leaf in leaves {
        var own: [Double] = []
        layout.append(arrays.values(of: leaf), largest: arrays.largestClassCount, to: &own)
        var all = [Double](repeating: 0, count: width)
        for (place, value) in zip(places, own) { all[place] = value }
        leafValues += all
      }
      try add(splits, leafValues, to: &builder)
    }
    return TreeEnsemble(
      identity: identity, trees: builder.build(), accepted: acceptsAll ? .missing : .finite, isSingle: true,
      start: [Double](repeating: 0, count: width), checkedColumns: checkedColumns(columns, of: identity))
  }

  /// nil where trees look at all columns.
  private func checkedColumns(_ columns: [[Int]], of identity: EstimatorIdentity) -> [Int]? {
    var used = Set<Int>()
    for columns in columns { used.formUnion(columns) }
    return used.count == identity.featureCount ? nil : used.sorted()
  }

  /// Where a member's classes, which are indices, stand among all classes.
  private func classPlaces(
    _ tree: EstimatorState, _ arrays: TreeArrays, classes: Int?
  ) throws(BindError) -> [Int] {
    guard let classes else { return [0] }
    if arrays.largestClassCount == classes { return Array(0..<classes) }
    let places = try tree.integers("classes_")
    guard places.count == arrays.largestClassCount, places.allSatisfy({ (0..<classes).contains($0) }) else {
      throw tree.malformed("classes_", "classes of the ensemble")
    }
    return places
  }

  // MARK: AdaBoost

  private func boostingWeights(_ state: EstimatorState, members: Int) throws(BindError) -> [Double] {
    let weights = try state.doubles("estimator_weights_")
    // The array has room for `n_estimators`, also where fitting stopped earlier.
    guard weights.count >= members else {
      throw state.malformed("estimator_weights_", "one number per estimator")
    }
    return weights
  }

  func adaBoostRegressor(_ state: EstimatorState) throws(BindError) -> AdaBoostRegressor {
    let members = try predictors("estimators_", of: state)
    let identity = try identity(state, members)
    return AdaBoostRegressor(
      identity: identity, featureNames: try featureNames(state, identity, members), members: members,
      weights: try boostingWeights(state, members: members.count))
  }

  func adaBoostClassifier(_ state: EstimatorState) throws(BindError) -> AdaBoostClassifier {
    let classes = try labels(try state.array("classes_"), state)
    guard classes.count >= 2 else { throw .unsupported("its AdaBoostClassifier has a single class") }
    let values = try state.list("estimators_")
    let weights = try boostingWeights(state, members: values.count)
    let isReal = try state.text("algorithm", default: "SAMME") == "SAMME.R"
    let vote = BoostingVote(
      algorithm: isReal ? .real : .discrete(negatesOthers: state.version >= SklearnVersion(1, 3)),
      classes: classes.count)
    let trees = try boostedTrees(state, values, weights, vote, classes)
    let members = trees == nil ? try predictors("estimators_", of: state) : []
    if isReal, let member = members.first(where: { $0.probabilityOutputs == nil }) {
      throw .unsupported(
        "its AdaBoostClassifier holds \(member.identity.className), which has no predict_proba")
    }
    let identity = try identity(state, members)
    return AdaBoostClassifier(
      identity: identity, featureNames: try featureNames(state, identity, members), trees: trees,
      members: members, weights: weights,
      weightSum: weights.withUnsafeBufferPointer { NumpySums.sum($0) }, vote: vote, classes: classes)
  }

  /// The votes of a tree are known for each of its leaves.
  private func boostedTrees(
    _ state: EstimatorState, _ values: [PickleValue], _ weights: [Double], _ vote: BoostingVote,
    _ classes: ClassLabels
  ) throws(BindError) -> TreeEnsemble? {
    guard let trees = try treeStates(values, isForClasses: true), !state.isNone("n_features_in_") else {
      return nil
    }
    let identity = try state.identity()
    var builder = TreeForestBuilder(
      columns: identity.featureCount, outputs: classes.count, rows: .float32, sums: .float64,
      leafWidth: classes.count)
    for (tree, weight) in zip(trees, weights) {
      let arrays = try treeArrays(tree)
      guard arrays.outputs == 1, arrays.largestClassCount == classes.count else { return nil }
      let (splits, leaves) = try arrays.shape(columns: nil, usesMissing: false)
      let layout = LeafLayout(
        classCounts: [classes.count], isNormalized: tree.version < SklearnVersion(1, 3))
      var leafValues: [Double] = []
      for leaf in leaves {
        if case .discrete = vote.algorithm {
          let label = arrays.values(of: leaf).withUnsafeBufferPointer { NumpySums.argmax($0) }
          vote.scores(label: label, weight: weight, into: &leafValues)
        } else {
          var probabilities: [Double] = []
          layout.append(arrays.values(of: leaf), largest: classes.count, to: &probabilities)
          vote.scores(probabilities: probabilities, into: &leafValues)
        }
      }
      try add(splits, leafValues, to: &builder)
    }
    return TreeEnsemble(
      identity: identity, trees: builder.build(), accepted: .finite, isSingle: true,
      start: [Double](repeating: 0, count: classes.count))
  }
}
