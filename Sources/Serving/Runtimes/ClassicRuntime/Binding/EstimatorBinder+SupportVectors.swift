extension EstimatorFamily {
  static let supportVectors = EstimatorFamily(
    ["sklearn.svm._classes", "sklearn.svm.classes"],
    [
      "SVC": { binder, state throws(BindError) in BoundEstimator(try binder.supportVectorClassifier(state)) }
    ])
}

extension EstimatorBinder {
  func supportVectorClassifier(_ state: EstimatorState) throws(BindError) -> SupportVectorClassifier {
    let identity = try state.identity()
    let function = try kernelFunction(state)
    let classes = try labels(try state.array("classes_"), state)
    if state.has("_sparse"), try state.bool("_sparse") {
      throw .unsupported("its SVC was fitted on a sparse matrix; fit it on a dense one (X.toarray())")
    }
    let vectors = try state.array("support_vectors_")
    guard vectors.shape.count == 2, vectors.shape[1] == identity.featureCount || vectors.shape[0] == 0 else {
      throw state.malformed("support_vectors_", "a matrix of [vectors, \(identity.featureCount)]")
    }
    let count = vectors.shape[0]
    let perClass = try state.integers(state.has("_n_support") ? "_n_support" : "n_support_")
    guard perClass.count == classes.count, classes.count >= 2,
      perClass.allSatisfy({ $0 >= 0 && $0 <= count }),
      perClass.reduce(0, &+) == count
    else { throw state.malformed("_n_support", "the number of support vectors per class") }
    // Beside the decoded ones, the kernel keeps them in an order of its own.
    try hold(vectors.count, 16)
    let (pairs, coefficients, intercepts) = try pairwiseCoefficients(
      state, classes: classes.count, vectors: count)
    return SupportVectorClassifier(
      identity: identity, featureNames: try state.featureNames(identity), classes: classes,
      kernel: SupportVectorKernel(
        function: function, vectors: try state.doubles("support_vectors_"), count: count,
        featureCount: identity.featureCount),
      vectorsPerClass: perClass, coefficients: coefficients, intercepts: intercepts,
      breaksTies: try breaksTies(state, classes: classes.count),
      offersProbabilities: try offersProbabilities(state), calibration: try calibration(state, pairs: pairs))
  }

  private func pairwiseCoefficients(
    _ state: EstimatorState, classes: Int, vectors: Int
  ) throws(BindError) -> (pairs: Int, coefficients: [Double], intercepts: [Double]) {
    let (product, overflow) = classes.multipliedReportingOverflow(by: classes - 1)
    let pairs = product / 2
    let intercepts = try state.doubles("_intercept_")
    guard !overflow, intercepts.count == pairs else {
      throw state.malformed("_intercept_", "one number per pair of classes")
    }
    let matrix = try state.array("_dual_coef_")
    guard matrix.shape == [classes - 1, vectors] else {
      throw state.malformed("_dual_coef_", "a matrix of [\(classes - 1), \(vectors)]")
    }
    return (pairs, try state.doubles("_dual_coef_"), intercepts)
  }

  private func kernelFunction(_ state: EstimatorState) throws(BindError) -> SupportVectorKernel.Function {
    guard case .string(let kernel) = try state.value("kernel") else {
      throw .unsupported(
        "its SVC has a kernel written in Python; linear, poly, rbf and sigmoid can be served")
    }
    switch kernel {
    case "linear": return .linear
    case "rbf": return .radial(gamma: try state.double("_gamma"))
    case "sigmoid": return .sigmoid(gamma: try state.double("_gamma"), offset: try state.double("coef0"))
    case "poly":
      let degree = try state.int("degree")
      guard degree >= 0, degree <= Int(Int32.max) else { throw state.malformed("degree", "a degree") }
      return .polynomial(degree: degree, gamma: try state.double("_gamma"), offset: try state.double("coef0"))
    default:
      let name = String(quoting: kernel, limit: 40)
      throw .unsupported("its SVC has the kernel '\(name)'; linear, poly, rbf and sigmoid can be served")
    }
  }

  private func breaksTies(_ state: EstimatorState, classes: Int) throws(BindError) -> Bool {
    guard state.has("break_ties"), try state.bool("break_ties") else { return false }
    guard try state.string("decision_function_shape") != "ovo" else {
      throw .unsupported("break_ties must be False when decision_function_shape is 'ovo'")
    }
    return classes > 2
  }

  /// Since 1.8 the default is the text `deprecated`, which stands for False.
  private func offersProbabilities(_ state: EstimatorState) throws(BindError) -> Bool {
    if case .bool(true) = try state.value("probability") { return true }
    return false
  }

  /// Older versions named the attributes `probA_` and `probB_`; empty arrays stand for "fitted without"
  /// (`probability` was set afterwards).
  private func calibration(_ state: EstimatorState, pairs: Int) throws(BindError) -> PairwiseCalibration? {
    guard try offersProbabilities(state) else { return nil }
    let (slopesName, offsetsName) = (
      state.has("_probA") ? "_probA" : "probA_", state.has("_probB") ? "_probB" : "probB_"
    )
    let slopes = try state.doubles(slopesName)
    let offsets = try state.doubles(offsetsName)
    if slopes.isEmpty, offsets.isEmpty { return nil }
    guard slopes.count == pairs else { throw state.malformed(slopesName, "one number per pair of classes") }
    guard offsets.count == pairs else { throw state.malformed(offsetsName, "one number per pair of classes") }
    return PairwiseCalibration(slopes: slopes, offsets: offsets)
  }
}
