internal import InferenceProtocol

extension EstimatorFamily {
  static let linearModels: [EstimatorFamily] =
    regressors.map { modules, names in
      EstimatorFamily(modules, names) { binder, state throws(BindError) in
        BoundEstimator(try binder.linearRegressor(state))
      }
    }
    + classifiers.map { modules, names in
      EstimatorFamily(modules, names) { binder, state throws(BindError) in
        BoundEstimator(try binder.linearClassifier(state))
      }
    } + [
      EstimatorFamily(
        ["sklearn.linear_model._ransac"],
        [
          "RANSACRegressor": { binder, state throws(BindError) in
            try binder.bind(try state.value("estimator_"))
          }
        ]),
      EstimatorFamily(["sklearn.linear_model._sgd_fast"], parts: sgdLosses),
      EstimatorFamily(
        ["sklearn._loss._loss", "_loss"], parts: losses + losses.map { "__pyx_unpickle_\($0)" }),
      EstimatorFamily(["sklearn._loss.link"], parts: ["IdentityLink", "Interval", "LogLink", "LogitLink"]),
      EstimatorFamily(["sklearn._loss.loss"], parts: losses.map { String($0.dropFirst(2)) }),
    ]

  private static let regressors: [([String], [String])] = [
    (["sklearn.linear_model._base", "sklearn.linear_model.base"], ["LinearRegression"]),
    (["sklearn.linear_model._ridge", "sklearn.linear_model.ridge"], ["Ridge", "RidgeCV"]),
    (
      ["sklearn.linear_model._coordinate_descent", "sklearn.linear_model.coordinate_descent"],
      [
        "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV", "MultiTaskLasso", "MultiTaskLassoCV",
        "MultiTaskElasticNet", "MultiTaskElasticNetCV",
      ]
    ),
    (
      ["sklearn.linear_model._least_angle", "sklearn.linear_model.least_angle"],
      ["Lars", "LarsCV", "LassoLars", "LassoLarsCV", "LassoLarsIC"]
    ),
    (["sklearn.linear_model._omp"], ["OrthogonalMatchingPursuit", "OrthogonalMatchingPursuitCV"]),
    (["sklearn.linear_model._bayes", "sklearn.linear_model.bayes"], ["BayesianRidge", "ARDRegression"]),
    (["sklearn.linear_model._huber", "sklearn.linear_model.huber"], ["HuberRegressor"]),
    (["sklearn.linear_model._theil_sen"], ["TheilSenRegressor"]),
    (["sklearn.linear_model._quantile"], ["QuantileRegressor"]),
    (["sklearn.linear_model._glm.glm"], ["PoissonRegressor", "GammaRegressor", "TweedieRegressor"]),
    (["sklearn.linear_model._stochastic_gradient"], ["SGDRegressor"]),
    (["sklearn.linear_model._passive_aggressive"], ["PassiveAggressiveRegressor"]),
    (["sklearn.svm._classes", "sklearn.svm.classes"], ["LinearSVR"]),
  ]

  private static let classifiers: [([String], [String])] = [
    (
      ["sklearn.linear_model._logistic", "sklearn.linear_model.logistic"],
      ["LogisticRegression", "LogisticRegressionCV"]
    ),
    (
      ["sklearn.linear_model._ridge", "sklearn.linear_model.ridge"], ["RidgeClassifier", "RidgeClassifierCV"]
    ),
    (["sklearn.linear_model._stochastic_gradient"], ["SGDClassifier"]),
    (["sklearn.linear_model._passive_aggressive"], ["PassiveAggressiveClassifier"]),
    (["sklearn.linear_model._perceptron", "sklearn.linear_model.perceptron"], ["Perceptron"]),
    (["sklearn.svm._classes", "sklearn.svm.classes"], ["LinearSVC"]),
  ]

  private static let sgdLosses = [
    "Hinge", "SquaredHinge", "Log", "ModifiedHuber", "Huber", "SquaredLoss", "EpsilonInsensitive",
    "SquaredEpsilonInsensitive",
  ]

  private static let losses = [
    "CyHalfSquaredError", "CyAbsoluteError", "CyPinballLoss", "CyHuberLoss", "CyHalfPoissonLoss",
    "CyHalfGammaLoss", "CyHalfTweedieLoss", "CyHalfTweedieLossIdentity", "CyHalfBinomialLoss",
    "CyHalfMultinomialLoss", "CyExponentialLoss",
  ]
}

extension EstimatorBinder {
  func linearRegressor(_ state: EstimatorState) throws(BindError) -> LinearRegressor {
    let identity = try state.identity()
    let hasTargets = try state.array("coef_").shape.count == 2
    return LinearRegressor(
      identity: identity, featureNames: try state.featureNames(identity),
      scores: try linearScores(state, identity), link: try link(state), hasTargets: hasTargets)
  }

  func linearClassifier(_ state: EstimatorState) throws(BindError) -> any FittedEstimator {
    let identity = try state.identity()
    let scores = try linearScores(state, identity)
    if state.className.hasPrefix("RidgeClassifier"),
      try state.nested("_label_binarizer").string("y_type_").hasPrefix("multilabel")
    {
      return MultilabelLinearClassifier(
        identity: identity, featureNames: try state.featureNames(identity), scores: scores)
    }
    let classes = try classes(state)
    guard classes.count >= 2 else { throw .unsupported("its \(state.className) has a single class") }
    guard scores.count == (classes.count == 2 ? 1 : classes.count) else {
      throw state.malformed("coef_", "a matrix with one row per class")
    }
    return LinearClassifier(
      identity: identity, featureNames: try state.featureNames(identity), classes: classes,
      scheme: try scheme(state, classes: classes.count), scores: scores)
  }

  /// `classes_`; ridge classifiers keep it in their label binarizer.
  func classes(_ state: EstimatorState) throws(BindError) -> ClassLabels {
    if state.has("classes_") || !state.has("_label_binarizer") {
      return try labels(try state.array("classes_"), state)
    }
    return try labels(try state.nested("_label_binarizer").array("classes_"), state)
  }

  func linearScores(
    _ state: EstimatorState, _ identity: EstimatorIdentity
  ) throws(BindError) -> LinearScores {
    let coefficients = try state.matrix("coef_", columns: identity.featureCount)
    guard coefficients.rows > 0 else { throw state.malformed("coef_", "a matrix with rows") }
    return LinearScores(
      coefficients: coefficients.values, intercepts: try intercepts(state, scores: coefficients.rows),
      featureCount: identity.featureCount, hasSingleCoefficients: coefficients.isSingle,
      hasSingleIntercepts: try hasSingleIntercepts(state))
  }

  /// A plain number does not widen float32 in numpy, a float64 array does (`fit_intercept=False` leaves such
  /// zeros).
  private func hasSingleIntercepts(_ state: EstimatorState) throws(BindError) -> Bool {
    guard case .array(let array)? = graph.node(try state.value("intercept_")) else { return true }
    return state.isSingle(array)
  }

  private func intercepts(_ state: EstimatorState, scores: Int) throws(BindError) -> [Double] {
    if case .node = try state.value("intercept_") {
      let values = try state.doubles("intercept_")
      if values.count == scores { return values }
      guard values.count == 1 else { throw state.malformed("intercept_", "one number per row of coef_") }
      return [Double](repeating: values[0], count: scores)
    }
    return [Double](repeating: try state.double("intercept_"), count: scores)
  }

  private func link(_ state: EstimatorState) throws(BindError) -> LinearRegressor.Link {
    switch state.className {
    case "PoissonRegressor", "GammaRegressor": return .log
    case "TweedieRegressor":
      switch try state.string("link") {
      case "log": return .log
      case "identity": return .identity
      default: return try state.double("power") <= 0 ? .identity : .log
      }
    default: return .identity
    }
  }

  /// The rule of `predict_proba`, which changed with the versions.
  private func scheme(_ state: EstimatorState, classes: Int) throws(BindError) -> LinearClassifier.Scheme {
    let oneVersusRest = LinearClassifier.Scheme.oneVersusRest(
      equalWhereZero: state.version >= SklearnVersion(1, 8))
    switch state.className {
    case "LogisticRegression", "LogisticRegressionCV": break
    case "SGDClassifier":
      switch try state.string("loss") {
      case "log_loss", "log": return oneVersusRest
      case "modified_huber": return .modifiedHuber
      default: return .none
      }
    default: return .none
    }
    // Without the parameter (since 1.8) two classes get the sigmoid and more the softmax.
    guard state.has("multi_class") else { return classes <= 2 ? oneVersusRest : .softmax }
    let solver = try state.string("solver")
    switch try state.string("multi_class") {
    case "ovr", "warn": return oneVersusRest
    case "auto", "deprecated":
      let isNewtonCholesky = solver == "newton-cholesky" && state.version < SklearnVersion(1, 6)
      return classes <= 2 || solver == "liblinear" || isNewtonCholesky ? oneVersusRest : .softmax
    default: return .softmax
    }
  }
}
