internal import InferenceProtocol

extension EstimatorFamily {
  static let linearModels = EstimatorFamily(
    ["sklearn.linear_model._logistic", "sklearn.linear_model.logistic"],
    [
      "LogisticRegression": { binder, state throws(BindError) in
        BoundEstimator(try binder.logisticRegression(state))
      }
    ])
}

extension EstimatorBinder {
  func logisticRegression(_ state: EstimatorState) throws(BindError) -> LogisticRegression {
    let identity = try state.identity()
    let classes = try labels(try state.array("classes_"), state)
    let matrix = try state.array("coef_")
    guard matrix.shape.count == 2, matrix.shape[1] == identity.featureCount, matrix.shape[0] > 0 else {
      throw state.malformed("coef_", "a matrix of [scores, \(identity.featureCount)]")
    }
    let scores = matrix.shape[0]
    guard scores == (classes.count == 2 ? 1 : classes.count) || (scores == 1 && classes.count == 1) else {
      throw state.malformed("coef_", "a matrix with one row per class")
    }
    guard classes.count >= 2 else { throw .unsupported("its LogisticRegression has a single class") }
    return LogisticRegression(
      identity: identity, featureNames: try state.featureNames(identity), classes: classes,
      scheme: try scheme(state, classes: classes.count), coefficients: try state.doubles("coef_"),
      intercepts: try intercepts(state, scores: scores), hasSingleCoefficients: matrix.dtype.itemSize == 4,
      hasSingleIntercepts: try hasSingleIntercepts(state))
  }

  /// A plain number does not widen float32 in numpy, a float64 array does (`fit_intercept=False` leaves such
  /// zeros).
  private func hasSingleIntercepts(_ state: EstimatorState) throws(BindError) -> Bool {
    guard case .array(let array)? = graph.node(try state.value("intercept_")) else { return true }
    return array.dtype.itemSize == 4
  }

  private func intercepts(_ state: EstimatorState, scores: Int) throws(BindError) -> [Double] {
    if case .node = try state.value("intercept_") {
      let values = try state.doubles("intercept_")
      if values.count == scores { return values }
      guard values.count == 1 else { throw state.malformed("intercept_", "one number per class") }
      return [Double](repeating: values[0], count: scores)
    }
    return [Double](repeating: try state.double("intercept_"), count: scores)
  }

  /// The rule of `predict_proba`, which changed with the versions.
  private func scheme(_ state: EstimatorState, classes: Int) throws(BindError) -> LogisticRegression.Scheme {
    // Without the parameter (since 1.8) two classes get the sigmoid and more the softmax.
    guard state.has("multi_class") else { return classes <= 2 ? .oneVersusRest : .softmax }
    let solver = try state.string("solver")
    switch try state.string("multi_class") {
    case "ovr", "warn": return .oneVersusRest
    case "auto", "deprecated":
      let isNewtonCholesky = solver == "newton-cholesky" && state.version < SklearnVersion(1, 6)
      return classes <= 2 || solver == "liblinear" || isNewtonCholesky ? .oneVersusRest : .softmax
    default: return .softmax
    }
  }
}
