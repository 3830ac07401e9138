extension EstimatorFamily {
  static let selectors: [EstimatorFamily] =
    [
      (["sklearn.feature_selection._variance_threshold"], ["VarianceThreshold"]),
      (
        ["sklearn.feature_selection._univariate_selection"],
        ["SelectKBest", "SelectPercentile", "SelectFpr", "SelectFdr", "SelectFwe", "GenericUnivariateSelect"]
      ),
      (["sklearn.feature_selection._from_model"], ["SelectFromModel"]),
      (["sklearn.feature_selection._rfe"], ["RFE", "RFECV"]),
      (["sklearn.feature_selection._sequential"], ["SequentialFeatureSelector"]),
    ].map { modules, names in
      EstimatorFamily(modules, names) { binder, state throws(BindError) in
        try binder.boundSelector(state)
      }
    } + [
      EstimatorFamily(
        ["sklearn.feature_selection._univariate_selection"],
        parts: ["f_classif", "f_regression", "chi2", "r_regression", "f_oneway"]),
      EstimatorFamily(
        ["sklearn.feature_selection._mutual_info", "sklearn.feature_selection.mutual_info_"],
        parts: ["mutual_info_classif", "mutual_info_regression"]),
    ]
}

extension EstimatorBinder {
  /// `RFE` also predicts, with the estimator that was fitted on the features it kept.
  func boundSelector(_ state: EstimatorState) throws(BindError) -> BoundEstimator {
    let selector = try featureSelector(state)
    guard state.className.hasPrefix("RFE"), !state.isNone("estimator_"),
      let last = try bind(try state.value("estimator_"))?.predictor
    else { return BoundEstimator(selector) }
    let predictor = Pipeline(chain: TransformerChain(first: selector, rest: []), last: last)
    return BoundEstimator(predictor, predictor: predictor, transformer: selector)
  }

  func featureSelector(_ state: EstimatorState) throws(BindError) -> FeatureSelector {
    // `SelectFromModel` has its estimator's number of features.
    let holder =
      state.has("n_features_in_") || !state.has("estimator_") ? state : try state.nested("estimator_")
    let identity = EstimatorIdentity(
      className: state.className, featureCount: try holder.identity().featureCount)
    let kept: [Int]
    switch state.className {
    case "VarianceThreshold":
      let threshold = try state.double("threshold")
      let variances = try state.vector("variances_", count: identity.featureCount)
      kept = variances.indices.filter { variances[$0] > threshold }
    case "SelectFromModel": kept = try featuresOfModel(state, identity)
    case "RFE", "RFECV", "SequentialFeatureSelector":
      kept = try state.positions("support_", count: identity.featureCount)
    default: kept = try univariate(state, identity)
    }
    guard !kept.isEmpty else { throw .unsupported("its \(state.className) selects no feature") }
    // Tags of the selectors: those that look at the values alone let NaN pass.
    let strict = ["SelectKBest", "SelectPercentile", "SelectFpr", "SelectFdr", "SelectFwe"]
    return FeatureSelector(
      identity: identity, featureNames: try state.featureNames(identity), kept: kept,
      allowsNaN: !strict.contains(state.className) && state.className != "GenericUnivariateSelect")
  }

  private func univariate(
    _ state: EstimatorState, _ identity: EstimatorIdentity
  ) throws(BindError) -> [Int] {
    let count = identity.featureCount
    var mode = state.className
    var parameter = try state.value(
      ["SelectKBest": "k", "SelectPercentile": "percentile", "GenericUnivariateSelect": "param"][mode]
        ?? "alpha")
    if mode == "GenericUnivariateSelect" {
      let modes = [
        "k_best": "SelectKBest", "percentile": "SelectPercentile", "fpr": "SelectFpr", "fdr": "SelectFdr",
        "fwe": "SelectFwe",
      ]
      mode = modes[try state.string("mode")] ?? ""
    }
    if case .string("all") = parameter { parameter = .integer(Int64(count)) }
    guard let number = state.cell(parameter)?.double, number.isFinite else {
      throw state.malformed("k", "a number")
    }
    switch mode {
    case "SelectKBest":
      let scores = try state.vector("scores_", count: count)
      return FeatureRanking.best(scores, count: Int(max(0, min(Double(count), number))))
    case "SelectPercentile":
      return FeatureRanking.percentile(try state.vector("scores_", count: count), number)
    case "SelectFpr": return FeatureRanking.below(try state.vector("pvalues_", count: count), number)
    case "SelectFwe":
      return FeatureRanking.below(try state.vector("pvalues_", count: count), number / Double(count))
    case "SelectFdr":
      return FeatureRanking.falseDiscovery(try state.vector("pvalues_", count: count), number)
    default: throw state.malformed("mode", "a mode of selection")
    }
  }

  /// Importances from `coef_`; those of trees are only calculated where Python runs.
  private func featuresOfModel(
    _ state: EstimatorState, _ identity: EstimatorIdentity
  ) throws(BindError) -> [Int] {
    let inner = try state.nested(state.has("estimator_") ? "estimator_" : "estimator")
    let getter = try state.text("importance_getter", default: "auto")
    guard inner.has("coef_"), getter == "auto" || getter == "coef_" else {
      throw .unsupported(
        "its SelectFromModel takes importances from \(inner.className), which does not keep them as coef_; "
          + "use SelectKBest or RFE")
    }
    let order = try state.double("norm_order")
    let matrix = try inner.matrix("coef_", columns: identity.featureCount)
    let isVector = try inner.array("coef_").shape.count == 1
    let scores = (0..<identity.featureCount).map { column in
      let values = (0..<matrix.rows).map { matrix[$0, column].magnitude }
      if isVector || order == 1 { return values.reduce(0, +) }
      if order == .infinity { return values.max() ?? 0 }
      return FeatureRanking.norm(values, order)
    }
    let threshold = try threshold(state, inner, scores)
    var limit = identity.featureCount
    if !state.isNone("max_features") {
      limit = try state.int(state.has("max_features_") ? "max_features_" : "max_features")
    }
    return FeatureRanking.above(scores, threshold, limit: limit)
  }

  private func threshold(
    _ state: EstimatorState, _ inner: EstimatorState, _ scores: [Double]
  ) throws(BindError) -> Double {
    switch try state.value("threshold") {
    case .none:
      let isLasso = inner.className.contains("Lasso")
      let isL1 = !inner.isNone("penalty") && (try? inner.string("penalty")) == "l1"
      let hasFullRatio =
        inner.className.hasPrefix("ElasticNet") || inner.className.hasPrefix("LogisticRegression")
      let ratio = inner.has("l1_ratio_") ? "l1_ratio_" : "l1_ratio"
      let isElastic = hasFullRatio && !inner.isNone(ratio) && (try? inner.double(ratio)) == 1
      if isLasso || isL1 || isElastic { return 1e-5 }
      return FeatureRanking.mean(scores)
    case .string(let text):
      let parts = text.split(separator: "*").map { String(String($0).trimmingASCIIWhitespace()) }
      let reference = parts.last == "median" ? FeatureRanking.median(scores) : FeatureRanking.mean(scores)
      guard parts.count == 1 || parts.count == 2, ["mean", "median"].contains(parts.last) else {
        throw state.malformed("threshold", "mean, median or a multiple of them")
      }
      guard parts.count == 2 else { return reference }
      guard let scale = Double(parts[0]) else { throw state.malformed("threshold", "a number") }
      return scale * reference
    default: return try state.double("threshold")
    }
  }
}
