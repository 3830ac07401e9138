internal import InferenceProtocol
internal import TreeEngine

extension EstimatorFamily {
  static let gradientBoosting = EstimatorFamily(
    ["sklearn.ensemble._gb", "sklearn.ensemble.gradient_boosting"],
    [
      "GradientBoostingClassifier": { binder, state throws(BindError) in
        BoundEstimator(try binder.boostingClassifier(state))
      },
      "GradientBoostingRegressor": { binder, state throws(BindError) in
        BoundEstimator(try binder.boostingRegressor(state))
      },
    ])
}

extension EstimatorBinder {
  func boostingRegressor(_ state: EstimatorState) throws(BindError) -> TreeRegressor {
    let stages = try stages(state)
    guard stages.width == 1 else { throw state.malformed("estimators_", "one tree per stage") }
    let (start, initial) = try initialScores(state, width: 1, link: .identity)
    return TreeRegressor(
      ensemble: stages.ensemble(start), initial: initial,
      featureNames: try state.featureNames(stages.identity),
      link: .identity)
  }

  func boostingClassifier(_ state: EstimatorState) throws(BindError) -> TreeClassifier {
    let classes = try labels(try state.array("classes_"), state)
    let stages = try stages(state)
    guard stages.width == (classes.count == 2 ? 1 : classes.count), classes.count >= 2 else {
      throw state.malformed("estimators_", "one tree per class and stage")
    }
    let loss = try loss(state, isBinary: stages.width == 1)
    let (start, initial) = try initialScores(state, width: stages.width, link: loss.initialLink)
    return TreeClassifier(
      ensemble: stages.ensemble(start), initial: initial,
      featureNames: try state.featureNames(stages.identity),
      classes: classes, classCounts: [classes.count], probabilityRule: loss.probabilityRule,
      labelRule: loss.labelRule, hasDecisionFunction: true)
  }

  // MARK: Losses

  private struct Loss {
    let initialLink: InitialScores.Link
    let probabilityRule: ProbabilityRule
    let labelRule: LabelRule
  }

  /// Until 1.3 losses were classes of their own in the ensemble's package, with rules of their own.
  private func loss(_ state: EstimatorState, isBinary: Bool) throws(BindError) -> Loss {
    let attribute = state.has("_loss") ? "_loss" : "loss_"
    guard case .object(let object)? = graph.node(try state.value(attribute)) else {
      throw state.malformed(attribute, "a loss")
    }
    let isOld = object.global.module.hasSuffix("_gb_losses")
    let usesLog1p = !isOld && state.version >= SklearnVersion(1, 6)
    switch (object.global.name, isBinary) {
    case ("BinomialDeviance", true):
      return Loss(
        initialLink: .logit(half: false, usesLog1p: false), probabilityRule: .logistic(factor: 1),
        labelRule: .largestProbability)
    case ("HalfBinomialLoss", true):
      return Loss(
        initialLink: .logit(half: false, usesLog1p: usesLog1p), probabilityRule: .logistic(factor: 1),
        labelRule: .positive(orZero: true))
    case ("ExponentialLoss", true):
      return Loss(
        initialLink: .logit(half: true, usesLog1p: usesLog1p), probabilityRule: .logistic(factor: 2),
        labelRule: .positive(orZero: true))
    case ("MultinomialDeviance", false):
      return Loss(
        initialLink: .logarithm, probabilityRule: .logSumExp, labelRule: .largestProbability)
    case ("HalfMultinomialLoss", false):
      return Loss(
        initialLink: .centeredLogarithm, probabilityRule: .softmax(isColumnMajor: false),
        labelRule: .largestScore)
    default:
      throw .unsupported("its \(state.className) has the loss \(object.global.fullName)")
    }
  }

  // MARK: Stages

  /// The trees of all stages and what sums over them give.
  private struct Stages {
    let identity: EstimatorIdentity
    let trees: TreeForest
    let width: Int

    func ensemble(_ start: [Double]) -> TreeEnsemble {
      TreeEnsemble(identity: identity, trees: trees, accepted: .finite, isSingle: true, start: start)
    }
  }

  private func stages(_ state: EstimatorState) throws(BindError) -> Stages {
    let identity = try state.identity()
    let estimators = try state.array("estimators_")
    guard estimators.shape.count == 2, case .objects(let trees) = estimators.storage, !trees.isEmpty else {
      throw state.malformed("estimators_", "a table of trees")
    }
    let width = estimators.shape[1]
    let rate = try state.double("learning_rate")
    var builder = TreeForestBuilder(
      columns: identity.featureCount, outputs: width, rows: .float32, sums: .float64)
    for index in 0..<trees.count {
      // Object arrays may be kept column by column.
      let place =
        estimators.isFortranOrder
        ? (index % width) * estimators.shape[0] + index / width : index
      let arrays = try treeArrays(try treeState(trees[place], in: state, "estimators_"))
      guard arrays.stride == 1 else {
        throw .corrupt("the values of one of its trees have another shape than its nodes")
      }
      let (splits, leaves) = try arrays.shape(columns: nil, usesMissing: false)
      try add(splits, leaves.map { rate * arrays.values[$0] }, to: &builder, output: index % width)
    }
    return Stages(identity: identity, trees: builder.build(), width: width)
  }

  // MARK: Where the sums start

  private func initialScores(
    _ state: EstimatorState, width: Int, link: InitialScores.Link
  ) throws(BindError) -> (start: [Double], perRow: InitialScores?) {
    let zeros = [Double](repeating: 0, count: width)
    let value = try state.value("init_")
    if case .string("zero") = value { return (zeros, nil) }
    let predictor = try predictor(value, of: state)
    var isClassifier = true
    if case .identity = link { isClassifier = false }
    if isClassifier, predictor.probabilityOutputs == nil {
      throw .unsupported("the init estimator of its \(state.className) has no predict_proba")
    }
    // Since 1.6 probabilities are kept further away from 0 and 1.
    let epsilon = state.version >= SklearnVersion(1, 6) ? Double.ulpOfOne : Double(Float.ulpOfOne)
    let initial = InitialScores(predictor: predictor, link: link, epsilon: epsilon, width: width)
    guard predictor is any ConstantPredictor else { return (zeros, initial) }
    // The same for every row: calculated once.
    let row = RowMatrix(rows: 1, columns: 1, values: .float64([0]))
    do {
      let start = try initial.scores(row)
      guard start.count == width else { throw state.malformed("init_", "an estimator of the same classes") }
      return (start, nil)
    } catch let error as BindError {
      throw error
    } catch {
      throw .corrupt("the init estimator of its \(state.className) does not predict: \(error)")
    }
  }
}
