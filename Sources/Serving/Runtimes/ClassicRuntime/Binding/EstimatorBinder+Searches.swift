extension EstimatorFamily {
  static let searches = EstimatorFamily(
    [
      "sklearn.model_selection._search", "sklearn.model_selection._search_successive_halving",
      "sklearn.model_selection.search",
    ],
    [
      "GridSearchCV": { binder, state throws(BindError) in try binder.search(state) },
      "RandomizedSearchCV": { binder, state throws(BindError) in try binder.search(state) },
      "HalvingGridSearchCV": { binder, state throws(BindError) in try binder.search(state) },
      "HalvingRandomSearchCV": { binder, state throws(BindError) in try binder.search(state) },
    ])

  static let thresholds = EstimatorFamily(
    ["sklearn.model_selection._classification_threshold"],
    [
      "FixedThresholdClassifier": { binder, state throws(BindError) in
        BoundEstimator(try binder.fixedThreshold(state))
      },
      "TunedThresholdClassifierCV": { binder, state throws(BindError) in
        BoundEstimator(try binder.tunedThreshold(state))
      },
    ])

  static let frozen = EstimatorFamily(
    ["sklearn.frozen._frozen", "sklearn.frozen"],
    [
      "FrozenEstimator": { binder, state throws(BindError) in
        try binder.bind(try state.value("estimator"))
      }
    ])

  static let transformedTargets = EstimatorFamily(
    ["sklearn.compose._target"],
    [
      "TransformedTargetRegressor": { binder, state throws(BindError) in
        BoundEstimator(try binder.transformedTarget(state))
      }
    ])
}

extension EstimatorBinder {
  /// A search is its best estimator, fitted once more on all rows.
  func search(_ state: EstimatorState) throws(BindError) -> BoundEstimator? {
    guard state.has("best_estimator_") else {
      throw .unsupported(
        "its \(state.className) has no best_estimator_: it was not fitted, or with refit=False")
    }
    return try bind(try state.value("best_estimator_"))
  }

  // MARK: Thresholds

  func fixedThreshold(_ state: EstimatorState) throws(BindError) -> ThresholdClassifier {
    var threshold: Double?
    if case .string("auto") = try state.value("threshold") {
    } else {
      threshold = try state.double("threshold")
    }
    let attribute = state.has("estimator_") ? "estimator_" : "estimator"
    return try thresholdClassifier(
      state, try predictor(try state.value(attribute), of: state), threshold: threshold,
      positive: state.has("pos_label") ? try state.value("pos_label") : .none)
  }

  func tunedThreshold(_ state: EstimatorState) throws(BindError) -> ThresholdClassifier {
    var positive = PickleValue.none
    if case .object(let object)? = graph.node(try state.value("_curve_scorer")) {
      let scorer = try EstimatorState(object, binder: self, heldBy: state)
      if scorer.has("_kwargs"), case .dictionary(let entries)? = graph.node(try scorer.value("_kwargs")) {
        for entry in entries {
          if case .string("pos_label") = entry.key { positive = entry.value }
        }
      }
    }
    return try thresholdClassifier(
      state, try predictor(try state.value("estimator_"), of: state),
      threshold: try state.double("best_threshold_"), positive: positive)
  }

  private func thresholdClassifier(
    _ state: EstimatorState, _ classifier: any Predictor, threshold: Double?, positive: PickleValue
  ) throws(BindError) -> ThresholdClassifier {
    guard let classes = classifier.classLabels, classes.count == 2 else {
      throw .unsupported("its \(state.className) holds no classifier of two classes")
    }
    let method = try state.text("response_method", default: "auto")
    let usesProbabilities =
      method == "predict_proba" || (method == "auto" && classifier.probabilityOutputs != nil)
    guard usesProbabilities ? classifier.probabilityOutputs != nil : classifier.decisionOutputs != nil else {
      throw .unsupported(
        "its \(state.className) holds \(classifier.identity.className), which has no \(method)")
    }
    let place: Int?
    switch positive {
    case .none: place = 1
    case .integer(let number): place = classes.index(ofNumber: Double(number))
    case .float(let number): place = classes.index(ofNumber: number)
    case .bool(let flag): place = classes.index(ofNumber: flag ? 1 : 0)
    case .string(let text): place = classes.index(ofText: text)
    default: place = nil
    }
    guard let place else { throw state.malformed("pos_label", "one of the classes") }
    let identity = try identity(state, [classifier])
    return ThresholdClassifier(
      identity: identity, featureNames: try featureNames(state, identity, [classifier]),
      classifier: classifier, classes: classes, threshold: threshold ?? (usesProbabilities ? 0.5 : 0),
      usesProbabilities: usesProbabilities, positive: place)
  }

  // MARK: Targets

  func transformedTarget(_ state: EstimatorState) throws(BindError) -> TransformedTarget {
    let regressor = try predictor(try state.value("regressor_"), of: state)
    let identity = try identity(state, [regressor])
    return TransformedTarget(
      identity: identity, featureNames: try featureNames(state, identity, [regressor]), regressor: regressor,
      steps: try targetInverse(try part("transformer_", of: state)),
      isFlat: try state.int("_training_dim") == 1)
  }

  private func targetInverse(_ state: EstimatorState) throws(BindError) -> [TargetInverse] {
    switch state.className {
    case "FunctionTransformer":
      let check: [TargetInverse] = try state.bool("validate") ? [.check(allowsNaN: false)] : []
      return check + (try targetFunction(state))
    default: return [.check(allowsNaN: true)] + (try targetScaling(state))
    }
  }

  private func targetFunction(_ state: EstimatorState) throws(BindError) -> [TargetInverse] {
    if state.isNone("inverse_func") { return [] }
    guard case .global(let global) = try state.value("inverse_func"), global.module.hasPrefix("numpy"),
      let function = TargetInverse.Function(rawValue: global.name)
    else {
      let names = TargetInverse.Function.allCases.map(\.rawValue).joined(separator: ", ")
      throw .unsupported(
        "its target is transformed back by a function of its own; numpy's \(names) are known")
    }
    return [.function(function)]
  }

  private func targetScaling(_ state: EstimatorState) throws(BindError) -> [TargetInverse] {
    switch state.className {
    case "StandardScaler":
      return (try state.bool("with_std") ? [.multiply(try state.doubles("scale_"))] : [])
        + (try state.bool("with_mean") ? [.add(try state.doubles("mean_"))] : [])
    case "MinMaxScaler": return [.subtract(try state.doubles("min_")), .divide(try state.doubles("scale_"))]
    case "MaxAbsScaler": return [.multiply(try state.doubles("scale_"))]
    case "RobustScaler":
      return (try state.bool("with_scaling") ? [.multiply(try state.doubles("scale_"))] : [])
        + (try state.bool("with_centering") ? [.add(try state.doubles("center_"))] : [])
    default:
      throw .unsupported(
        "its target is transformed back by a \(state.className); functions of numpy and the standard, "
          + "min-max, max-abs and robust scalers can be served")
    }
  }
}
