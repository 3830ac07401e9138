extension EstimatorFamily {
  static let kernels: [EstimatorFamily] = [
    EstimatorFamily(
      ["sklearn.kernel_ridge"],
      ["KernelRidge": { binder, state throws(BindError) in BoundEstimator(try binder.kernelRidge(state)) }]),
    EstimatorFamily(
      ["sklearn.decomposition._kernel_pca"],
      ["KernelPCA": { binder, state throws(BindError) in BoundEstimator(try binder.kernelComponents(state)) }]
    ),
    EstimatorFamily(
      ["sklearn.kernel_approximation"],
      [
        "Nystroem": { binder, state throws(BindError) in BoundEstimator(try binder.nystroem(state)) },
        "RBFSampler": { binder, state throws(BindError) in BoundEstimator(try binder.fourierFeatures(state))
        },
      ]),
    EstimatorFamily(
      ["sklearn.covariance._elliptic_envelope"],
      [
        "EllipticEnvelope": { binder, state throws(BindError) in BoundEstimator(try binder.envelope(state)) }
      ]),
    EstimatorFamily(
      ["sklearn.linear_model._stochastic_gradient"],
      [
        "SGDOneClassSVM": { binder, state throws(BindError) in
          BoundEstimator(try binder.linearOutliers(state))
        }
      ]),
    EstimatorFamily(
      ["sklearn.isotonic"],
      [
        "IsotonicRegression": { binder, state throws(BindError) in BoundEstimator(try binder.isotonic(state))
        }
      ]),
  ]
}

extension EstimatorBinder {
  private func pairwiseKernel(
    _ state: EstimatorState, rows: BoundMatrix, defaultDegree: Double = 3, defaultOffset: Double = 1
  ) throws(BindError) -> PairwiseKernel {
    guard case .string(let name) = try state.value("kernel"), state.isNone("kernel_params") else {
      throw .unsupported("its \(state.className) has a kernel with parameters of its own")
    }
    func number(_ name: String, _ otherwise: Double) throws(BindError) -> Double {
      state.isNone(name) ? otherwise : try state.double(name)
    }
    let fitted = state.isNone("gamma_") ? "gamma" : "gamma_"
    let gamma = try number(fitted, 1 / Double(rows.columns))
    let offset = try number("coef0", defaultOffset)
    let function: PairwiseKernel.Function
    switch name {
    case "linear": function = .linear
    case "rbf": function = .radial(gamma: gamma)
    case "poly", "polynomial":
      function = .polynomial(degree: try number("degree", defaultDegree), gamma: gamma, offset: offset)
    case "sigmoid": function = .sigmoid(gamma: gamma, offset: offset)
    case "cosine": function = .cosine
    case "laplacian": function = .laplacian(gamma: gamma)
    default:
      throw .unsupported(
        "its \(state.className) has the kernel '\(String(quoting: name, limit: 40))'; linear, rbf, poly, "
          + "sigmoid, cosine and laplacian can be served")
    }
    try hold(rows.values.count, 8)
    return PairwiseKernel(function: function, rows: rows)
  }

  func kernelRidge(_ state: EstimatorState) throws(BindError) -> KernelRegressor {
    let identity = try state.identity()
    let kernel = try pairwiseKernel(
      state, rows: try state.matrixOfAnyKind("X_fit_", columns: identity.featureCount))
    let array = try state.array("dual_coef_")
    let isFlat = array.shape.count == 1
    let values = try state.doubles("dual_coef_")
    let width = isFlat ? 1 : array.shape.last ?? 1
    guard values.count == kernel.rows.rows * width, width > 0 else {
      throw state.malformed("dual_coef_", "a row per training row")
    }
    return KernelRegressor(
      identity: identity, featureNames: try state.featureNames(identity), kernel: kernel,
      coefficients: FusedMatrix(values, depth: kernel.rows.rows, width: width), isFlat: isFlat)
  }

  func kernelComponents(_ state: EstimatorState) throws(BindError) -> KernelTransformer {
    let identity = try state.identity()
    let kernel = try pairwiseKernel(
      state, rows: try state.matrixOfAnyKind("X_fit_", columns: identity.featureCount))
    let count = kernel.rows.rows
    let vectors = try state.matrix(state.has("eigenvectors_") ? "eigenvectors_" : "alphas_", rows: count)
    let values = try state.vector(
      state.has("eigenvalues_") ? "eigenvalues_" : "lambdas_", count: vectors.columns)
    let centerer = try state.nested("_centerer")
    let scaled = vectors.values.indices.map { index in
      let value = values[index % vectors.columns]
      return value == 0 ? 0 : vectors.values[index] / value.squareRoot()
    }
    return KernelTransformer(
      identity: identity, featureNames: try state.featureNames(identity), kernel: kernel,
      center: (try centerer.vector("K_fit_rows_", count: count), try centerer.double("K_fit_all_")),
      matrix: FusedMatrix(scaled, depth: count, width: vectors.columns))
  }

  func nystroem(_ state: EstimatorState) throws(BindError) -> KernelTransformer {
    let identity = try state.identity()
    let rows = try state.matrixOfAnyKind("components_", columns: identity.featureCount)
    let kernel = try pairwiseKernel(state, rows: rows)
    let normalization = try state.matrix("normalization_", columns: rows.rows)
    return KernelTransformer(
      identity: identity, featureNames: try state.featureNames(identity), kernel: kernel, center: nil,
      matrix: FusedMatrix(normalization.transposed))
  }

  func fourierFeatures(_ state: EstimatorState) throws(BindError) -> RandomFourierFeatures {
    let identity = try state.identity()
    let weights = try state.matrix("random_weights_", rows: identity.featureCount)
    guard weights.columns > 0 else { throw state.malformed("random_weights_", "a matrix with columns") }
    return RandomFourierFeatures(
      identity: identity, featureNames: try state.featureNames(identity), weights: FusedMatrix(weights),
      offsets: try state.vector("random_offset_", count: weights.columns))
  }

  func envelope(_ state: EstimatorState) throws(BindError) -> OutlierDetector {
    let identity = try state.identity()
    guard !state.isNone("precision_") else {
      throw .unsupported("its EllipticEnvelope was fitted with store_precision=False")
    }
    let count = identity.featureCount
    return OutlierDetector(
      identity: identity, featureNames: try state.featureNames(identity),
      score: .ellipse(
        center: try state.vector("location_", count: count),
        precision: try state.matrix("precision_", rows: count, columns: count)),
      offset: try state.double("offset_"))
  }

  func linearOutliers(_ state: EstimatorState) throws(BindError) -> OutlierDetector {
    let identity = try state.identity()
    let coefficients = try state.matrix("coef_", rows: 1, columns: identity.featureCount)
    let scores = LinearScores(
      coefficients: coefficients.values, intercepts: [0], featureCount: identity.featureCount,
      hasSingleCoefficients: coefficients.isSingle, hasSingleIntercepts: true)
    return OutlierDetector(
      identity: identity, featureNames: try state.featureNames(identity), score: .linear(scores),
      offset: try state.double("offset_"))
  }

  func isotonic(_ state: EstimatorState) throws(BindError) -> IsotonicRegressor {
    let array = try state.array("X_thresholds_")
    let thresholds = try state.doubles("X_thresholds_")
    guard !thresholds.isEmpty, zip(thresholds, thresholds.dropFirst()).allSatisfy({ $0 <= $1 }) else {
      throw state.malformed("X_thresholds_", "ascending numbers")
    }
    let outside: IsotonicRegressor.Outside =
      switch try state.string("out_of_bounds") {
      case "clip": .clip
      case "raise": .refuse
      default: .nan
      }
    return IsotonicRegressor(
      identity: EstimatorIdentity(className: state.className, featureCount: 1), thresholds: thresholds,
      values: try state.vector("y_thresholds_", count: thresholds.count), outside: outside,
      isSingle: state.isSingle(array))
  }
}
