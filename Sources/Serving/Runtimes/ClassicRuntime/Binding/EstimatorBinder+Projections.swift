extension EstimatorFamily {
  static let projections: [EstimatorFamily] =
    [
      (["sklearn.decomposition._pca", "sklearn.decomposition.pca"], ["PCA"]),
      (["sklearn.decomposition._incremental_pca"], ["IncrementalPCA"]),
      (["sklearn.decomposition._truncated_svd"], ["TruncatedSVD"]),
      (["sklearn.decomposition._fastica"], ["FastICA"]),
      (["sklearn.random_projection"], ["GaussianRandomProjection"]),
      (["sklearn.neighbors._nca"], ["NeighborhoodComponentsAnalysis"]),
    ].map { modules, names in
      EstimatorFamily(modules, names) { binder, state throws(BindError) in
        BoundEstimator(try binder.projection(state))
      }
    } + [
      EstimatorFamily(
        ["sklearn.cross_decomposition._pls"], ["PLSRegression", "PLSCanonical", "CCA"]
      ) { binder, state throws(BindError) in try binder.partialLeastSquares(state) },
      EstimatorFamily(
        ["sklearn.discriminant_analysis"],
        [
          "LinearDiscriminantAnalysis": { binder, state throws(BindError) in
            try binder.linearDiscriminants(state)
          }
        ]),
    ]
}

extension EstimatorBinder {
  func projection(_ state: EstimatorState) throws(BindError) -> ProjectionTransformer {
    let identity = try state.identity()
    let components = try state.matrix("components_", columns: identity.featureCount)
    guard components.rows > 0 else { throw state.malformed("components_", "a matrix with rows") }
    var center: [Double]?
    var offset: [Double]?
    var divisor: [Double]?
    switch state.className {
    case "PCA", "IncrementalPCA":
      let mean = try state.vectorIfAny("mean_", count: identity.featureCount)
      // Since 1.5 the mean's projection is taken off afterwards.
      if state.version >= SklearnVersion(1, 5) {
        var isSingle = components.isSingle
        if mean != nil, try !state.isSingle(state.array("mean_")) { isSingle = false }
        offset = mean.map { mean in
          (0..<components.rows).map { row in
            if isSingle {
              return Double(
                zip(mean, components.row(row)).reduce(Float(0)) { $0 + Float($1.0) * Float($1.1) })
            }
            return zip(mean, components.row(row)).reduce(0) { $0 + $1.0 * $1.1 }
          }
        }
      } else {
        center = mean
      }
      if try state.bool("whiten") { divisor = try whitening(state, count: components.rows) }
    case "FastICA": center = try state.vectorIfAny("mean_", count: identity.featureCount)
    default: break
    }
    return ProjectionTransformer(
      identity: identity, featureNames: try state.featureNames(identity),
      projection: Projection(
        center: center, scale: nil, components: components, offset: offset, divisor: divisor,
        keepsSingle: components.isSingle))
  }

  private func whitening(_ state: EstimatorState, count: Int) throws(BindError) -> [Double] {
    let isSingle = state.isSingle(try state.array("explained_variance_"))
    let smallest = isSingle ? Double(Float.ulpOfOne) : Double.ulpOfOne
    let isBounded = state.version >= SklearnVersion(1, 5)
    return try state.vector("explained_variance_", count: count).map {
      let scale = $0.squareRoot()
      return isBounded ? max(scale, smallest) : scale
    }
  }

  func partialLeastSquares(_ state: EstimatorState) throws(BindError) -> BoundEstimator {
    let identity = try state.identity()
    let count = identity.featureCount
    let names = try state.featureNames(identity)
    let center = try state.vector("_x_mean", count: count)
    let scale = try state.vector("_x_std", count: count)
    // Until 1.2 the coefficients are those of scaled rows.
    let isScaled = state.has("_coef_")
    let coefficients = try state.matrix(isScaled ? "_coef_" : "coef_", columns: count)
    let rotations = try state.matrix("x_rotations_", rows: count).transposed
    let predictor = PartialLeastSquares(
      identity: identity, featureNames: names,
      projection: Projection(
        center: center, scale: isScaled ? scale : nil, components: coefficients, offset: nil, divisor: nil,
        keepsSingle: false),
      intercepts: try state.vector("intercept_", count: coefficients.rows),
      isFlat: try state.flag("_predict_1d", default: false))
    let transformer = ProjectionTransformer(
      identity: identity, featureNames: names,
      projection: Projection(
        center: center, scale: scale, components: rotations, offset: nil, divisor: nil, keepsSingle: false))
    return BoundEstimator(predictor, predictor: predictor, transformer: transformer)
  }

  func linearDiscriminants(_ state: EstimatorState) throws(BindError) -> BoundEstimator {
    let identity = try state.identity()
    let names = try state.featureNames(identity)
    let classes = try classes(state)
    let scores = try linearScores(state, identity)
    guard classes.count >= 2, scores.count == (classes.count == 2 ? 1 : classes.count) else {
      throw state.malformed("coef_", "a matrix with one row per class")
    }
    let predictor = LinearClassifier(
      identity: identity, featureNames: names, classes: classes,
      scheme: classes.count == 2 ? .oneVersusRest(equalWhereZero: false) : .softmax, scores: scores)
    guard try state.string("solver") != "lsqr" else { return BoundEstimator(predictor) }
    let scalings = try state.matrix("scalings_", rows: identity.featureCount).transposed
    let width = min(scalings.rows, max(0, try state.int("_max_components")))
    let components = BoundMatrix(
      values: Array(scalings.values[..<(width * scalings.columns)]), rows: width, columns: scalings.columns,
      isSingle: scalings.isSingle)
    let isCentered = try state.string("solver") == "svd"
    let transformer = ProjectionTransformer(
      identity: identity, featureNames: names,
      projection: Projection(
        center: isCentered ? try state.vector("xbar_", count: identity.featureCount) : nil, scale: nil,
        components: components, offset: nil, divisor: nil, keepsSingle: components.isSingle))
    return BoundEstimator(predictor, predictor: predictor, transformer: transformer)
  }
}
