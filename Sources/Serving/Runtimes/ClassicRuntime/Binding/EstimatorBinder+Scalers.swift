extension EstimatorFamily {
  private static let data = ["sklearn.preprocessing._data", "sklearn.preprocessing.data"]

  static let scalers: [EstimatorFamily] = [
    EstimatorFamily(data, ["StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler"]) {
      binder, state throws(BindError) in BoundEstimator(try binder.columnScaler(state))
    },
    EstimatorFamily(
      data,
      [
        "Normalizer": { binder, state throws(BindError) in BoundEstimator(try binder.normalizer(state)) },
        "Binarizer": { binder, state throws(BindError) in BoundEstimator(try binder.binarizer(state)) },
        "PowerTransformer": { binder, state throws(BindError) in
          BoundEstimator(try binder.powerTransformer(state))
        },
        "QuantileTransformer": { binder, state throws(BindError) in
          BoundEstimator(try binder.quantileTransformer(state))
        },
      ], parts: ["KernelCenterer"]),
    EstimatorFamily(
      ["sklearn.preprocessing._polynomial"] + data,
      [
        "PolynomialFeatures": { binder, state throws(BindError) in
          BoundEstimator(try binder.polynomialFeatures(state))
        }
      ]),
    EstimatorFamily(
      ["sklearn.preprocessing._discretization"],
      [
        "KBinsDiscretizer": { binder, state throws(BindError) in
          BoundEstimator(try binder.binsDiscretizer(state))
        }
      ]),
    EstimatorFamily(
      ["sklearn.preprocessing._function_transformer"],
      [
        "FunctionTransformer": { binder, state throws(BindError) in
          BoundEstimator(try binder.functionTransformer(state))
        }
      ]),
    EstimatorFamily(
      ["numpy", "numpy.core._multiarray_umath", "numpy._core._multiarray_umath"],
      parts: FunctionTransformer.Function.allCases.map(\.rawValue)),
  ]
}

extension EstimatorBinder {
  func columnScaler(_ state: EstimatorState) throws(BindError) -> ColumnScaler {
    let identity = try state.identity()
    func numbers(_ name: String) throws(BindError) -> [Double] {
      try state.vector(name, count: identity.featureCount)
    }
    var steps: [ColumnScaler.Step] = []
    switch state.className {
    case "MinMaxScaler":
      steps = [.multiply(try numbers("scale_")), .add(try numbers("min_"))]
      if try state.flag("clip", default: false) { steps.append(try range(state)) }
    case "MaxAbsScaler":
      steps = [.divide(try numbers("scale_"))]
      if try state.flag("clip", default: false) { steps.append(.clip(-1, 1)) }
    case "RobustScaler":
      if try state.bool("with_centering") { steps.append(.subtract(try numbers("center_"))) }
      if try state.bool("with_scaling") { steps.append(.divide(try numbers("scale_"))) }
    default:
      if try state.bool("with_mean") { steps.append(.subtract(try numbers("mean_"))) }
      if try state.bool("with_std") { steps.append(.divide(try numbers("scale_"))) }
    }
    return ColumnScaler(
      identity: identity, featureNames: try state.featureNames(identity), steps: steps,
      roundsStatisticsFirst: state.className == "StandardScaler" && state.version >= SklearnVersion(1, 8))
  }

  private func range(_ state: EstimatorState) throws(BindError) -> ColumnScaler.Step {
    let cells = try state.items("feature_range").compactMap { state.cell($0)?.double }
    guard cells.count == 2 else { throw state.malformed("feature_range", "two numbers") }
    return .clip(cells[0], cells[1])
  }

  func normalizer(_ state: EstimatorState) throws(BindError) -> Normalizer {
    let identity = try state.identity()
    guard let norm = Normalizer.Norm(rawValue: try state.string("norm")) else {
      throw state.malformed("norm", "l1, l2 or max")
    }
    return Normalizer(identity: identity, featureNames: try state.featureNames(identity), norm: norm)
  }

  func binarizer(_ state: EstimatorState) throws(BindError) -> Binarizer {
    let identity = try state.identity()
    return Binarizer(
      identity: identity, featureNames: try state.featureNames(identity),
      threshold: try state.double("threshold"))
  }

  func powerTransformer(_ state: EstimatorState) throws(BindError) -> PowerTransformer {
    let identity = try state.identity()
    let isBoxCox = try state.string("method") == "box-cox"
    var scaler: ColumnScaler?
    if try state.bool("standardize") { scaler = try columnScaler(try state.nested("_scaler")) }
    if let scaler, scaler.identity.featureCount != identity.featureCount {
      throw state.malformed("_scaler", "a scaler of as many features")
    }
    return PowerTransformer(
      identity: identity, featureNames: try state.featureNames(identity),
      method: isBoxCox ? .boxCox : .yeoJohnson(usesPower: state.version < SklearnVersion(1, 7)),
      exponents: try state.vector("lambdas_", count: identity.featureCount),
      // numpy 2 subtracts them in float32, numpy 1 did not.
      hasSingleExponents: state.version >= SklearnVersion(1, 7)
        ? state.isSingle(try state.array("lambdas_")) : false,
      scaler: scaler)
  }

  func quantileTransformer(_ state: EstimatorState) throws(BindError) -> QuantileTransformer {
    let identity = try state.identity()
    let matrix = try state.matrix("quantiles_", columns: identity.featureCount).transposed
    let references = try state.vector("references_", count: matrix.columns)
    guard matrix.columns > 0 else { throw state.malformed("quantiles_", "a matrix with rows") }
    return QuantileTransformer(
      identity: identity, featureNames: try state.featureNames(identity),
      quantiles: (0..<matrix.rows).map { Array(matrix.row($0)) }, references: references,
      isNormal: try state.string("output_distribution") == "normal")
  }

  func polynomialFeatures(_ state: EstimatorState) throws(BindError) -> PolynomialFeatures {
    let identity = try state.identity()
    var degrees = (0, 0)
    if let range = state.items(try state.value("degree")) {
      let numbers = range.compactMap { state.cell($0)?.double }.compactMap { Int(exactly: $0) }
      guard numbers.count == 2 else { throw state.malformed("degree", "one degree or two") }
      degrees = (numbers[0], numbers[1])
    } else {
      degrees = (0, try state.int("degree"))
    }
    guard degrees.0 >= 0, degrees.1 >= degrees.0, degrees.1 <= 64,
      let features = PolynomialFeatures(
        identity: identity, featureNames: try state.featureNames(identity), minimumDegree: degrees.0,
        maximumDegree: degrees.1, interactionsOnly: try state.bool("interaction_only"),
        includesBias: try state.bool("include_bias"))
    else {
      throw .unsupported(
        "its PolynomialFeatures makes more than \(PolynomialFeatures.maximumColumns) columns")
    }
    try hold(features.products.count, 16)
    return features
  }

  func binsDiscretizer(_ state: EstimatorState) throws(BindError) -> BinsDiscretizer {
    let identity = try state.identity()
    let items = try state.items("bin_edges_")
    guard items.count == identity.featureCount else {
      throw state.malformed("bin_edges_", "one array per feature")
    }
    var edges: [[Double]] = []
    for item in items {
      let array = try state.array(in: item, "bin_edges_")
      guard let numbers = array.doubles(), numbers.count >= 2 else {
        throw state.malformed("bin_edges_", "arrays of numbers")
      }
      edges.append(Array(numbers.dropFirst().dropLast()))
    }
    let encodings: [String: BinsDiscretizer.Encoding] = [
      "ordinal": .ordinal, "onehot": .oneHot, "onehot-dense": .oneHotDense,
    ]
    guard let encoding = encodings[try state.string("encode")] else {
      throw state.malformed("encode", "ordinal, onehot or onehot-dense")
    }
    var isSingle: Bool?
    if !state.isNone("dtype") {
      if case .float32 = try state.encoderType() { isSingle = true } else { isSingle = false }
    }
    return BinsDiscretizer(
      identity: identity, featureNames: try state.featureNames(identity), edges: edges, encoding: encoding,
      isSingle: isSingle)
  }

  func functionTransformer(_ state: EstimatorState) throws(BindError) -> FunctionTransformer {
    // Without validation older versions keep no number of features.
    let hasCount = state.has("n_features_in_")
    let identity =
      hasCount ? try state.identity() : EstimatorIdentity(className: state.className, featureCount: -1)
    var function: FunctionTransformer.Function?
    if !state.isNone("func") {
      function = try state.globalName("func").flatMap {
        FunctionTransformer.Function(rawValue: $0 == "abs" ? "absolute" : $0)
      }
      if function == nil { throw .unsupported("its FunctionTransformer calls a function other than numpy's") }
    }
    if !state.isNone("kw_args"), try !state.entries("kw_args").isEmpty {
      throw .unsupported("its FunctionTransformer passes arguments (kw_args)")
    }
    return FunctionTransformer(
      identity: identity, featureNames: hasCount ? try state.featureNames(identity) : nil,
      function: function, validates: try state.bool("validate"))
  }
}
