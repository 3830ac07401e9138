extension EstimatorFamily {
  static let imputers: [EstimatorFamily] = [
    EstimatorFamily(
      ["sklearn.impute._base"],
      [
        "SimpleImputer": { binder, state throws(BindError) in BoundEstimator(try binder.simpleImputer(state))
        },
        "MissingIndicator": { binder, state throws(BindError) in
          BoundEstimator(try binder.missingIndicator(state))
        },
      ]),
    EstimatorFamily(
      ["sklearn.impute._knn"],
      [
        "KNNImputer": { binder, state throws(BindError) in BoundEstimator(try binder.neighborsImputer(state))
        }
      ]),
    EstimatorFamily(
      ["sklearn.impute._iterative"],
      [
        "IterativeImputer": { binder, state throws(BindError) in
          BoundEstimator(try binder.iterativeImputer(state))
        }
      ], parts: ["_ImputerTriplet"]),
  ]
}

extension EstimatorBinder {
  func simpleImputer(_ state: EstimatorState) throws(BindError) -> SimpleImputer {
    let identity = try state.identity()
    let array = try state.array("statistics_")
    let cells = try state.cells(array, "statistics_")
    guard cells.count == identity.featureCount else {
      throw state.malformed("statistics_", "one value per feature")
    }
    let keepsEmpty = try state.flag("keep_empty_features", default: false)
    let strategy = try state.string("strategy")
    let keepsAll = keepsEmpty || (strategy == "constant" && state.version < SklearnVersion(1, 6))
    var isObject = array.dtype.kind == .object
    if state.has("_fit_dtype"), case .dtype(let dtype)? = graph.node(try state.value("_fit_dtype")) {
      isObject = dtype.kind == .object
    }
    return SimpleImputer(
      identity: identity, featureNames: try state.featureNames(identity),
      missing: try state.missingValue(), statistics: cells.map { $0.isNaN && !keepsAll ? nil : $0 },
      indicator: try indicator(state, identity),
      needsReals: strategy == "mean" || strategy == "median", isObject: isObject)
  }

  /// `indicator_`, where there is one.
  func indicator(
    _ state: EstimatorState, _ identity: EstimatorIdentity
  ) throws(BindError) -> MissingIndicator? {
    guard try state.flag("add_indicator", default: false), !state.isNone("indicator_") else { return nil }
    let inner = try state.nested("indicator_")
    return MissingIndicator(
      identity: identity, featureNames: nil, missing: try state.missingValue(),
      columns: try inner.positions("features_", count: identity.featureCount), refusesNew: false)
  }

  func missingIndicator(_ state: EstimatorState) throws(BindError) -> MissingIndicator {
    let identity = try state.identity()
    let isSome = try state.string("features") == "missing-only"
    return MissingIndicator(
      identity: identity, featureNames: try state.featureNames(identity), missing: try state.missingValue(),
      columns: try state.positions("features_", count: identity.featureCount),
      refusesNew: isSome ? try state.bool("error_on_new") : false)
  }

  func neighborsImputer(_ state: EstimatorState) throws(BindError) -> NeighborsImputer {
    let identity = try state.identity()
    guard case .string(let weights) = try state.value("weights"),
      weights == "uniform" || weights == "distance"
    else { throw .unsupported("its KNNImputer has weights written in Python") }
    guard case .string("nan_euclidean") = try state.value("metric") else {
      throw .unsupported("its KNNImputer has a metric other than nan_euclidean")
    }
    let training = try state.matrix("_fit_X", columns: identity.featureCount)
    let missing = try state.missingValue()
    let values = training.values.map { missing.matches($0) ? Double.nan : $0 }
    let valid = Set(try state.positions("_valid_mask", count: identity.featureCount))
    let neighbors = try state.int("n_neighbors")
    guard neighbors > 0 else { throw state.malformed("n_neighbors", "a number of neighbors") }
    return NeighborsImputer(
      identity: identity, featureNames: try state.featureNames(identity), missing: missing,
      neighbors: neighbors, weighsDistance: weights == "distance",
      training: BoundMatrix(
        values: values, rows: training.rows, columns: training.columns, isSingle: training.isSingle),
      isValid: (0..<identity.featureCount).map { valid.contains($0) },
      keepsEmpty: try state.flag("keep_empty_features", default: false),
      indicator: try indicator(state, identity),
      skipsIndicatorWhereComplete: state.version < SklearnVersion(1, 3))
  }

  func iterativeImputer(_ state: EstimatorState) throws(BindError) -> IterativeImputer {
    let identity = try state.identity()
    if try state.bool("sample_posterior") {
      throw .unsupported("its IterativeImputer draws random values (sample_posterior=True)")
    }
    let initial = try simpleImputer(try state.nested("initial_imputer_"))
    let kept = initial.statistics.indices.filter { initial.statistics[$0] != nil }
    guard initial.identity.featureCount == identity.featureCount, initial.indicator == nil, !initial.isObject
    else { throw state.malformed("initial_imputer_", "an imputer of as many features") }
    var steps: [IterativeImputer.Step] = []
    for item in try state.items("imputation_sequence_") {
      steps.append(try imputerStep(item, state, kept.count))
    }
    if try state.int("n_iter_") == 0 { steps = [] }
    // Rows in which everything is missing are guessed in another way when they come alone.
    isBatchable = isBatchable && steps.isEmpty
    return IterativeImputer(
      identity: identity, featureNames: try state.featureNames(identity), missing: try state.missingValue(),
      initial: initial, kept: kept, steps: steps, minimum: try state.vector("_min_value", count: kept.count),
      maximum: try state.vector("_max_value", count: kept.count), indicator: try indicator(state, identity))
  }

  private func imputerStep(
    _ item: PickleValue, _ state: EstimatorState, _ count: Int
  ) throws(BindError) -> IterativeImputer.Step {
    guard case .object(let triplet)? = graph.node(item), triplet.arguments.count == 3,
      let feature = state.cell(triplet.arguments[0])?.double.flatMap({ Int(exactly: $0) }),
      let neighbors = try state.array(in: triplet.arguments[1], "imputation_sequence_").integers(),
      (0..<count).contains(feature), neighbors.allSatisfy({ (0..<Int64(count)).contains($0) })
    else { throw state.malformed("imputation_sequence_", "a list of steps") }
    return IterativeImputer.Step(
      feature: feature, neighbors: neighbors.map { Int($0) },
      estimator: try predictor(triplet.arguments[2], of: state))
  }
}
