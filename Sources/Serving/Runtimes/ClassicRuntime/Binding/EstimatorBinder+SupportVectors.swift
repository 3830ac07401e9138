extension EstimatorFamily {
  static let supportVectors: [EstimatorFamily] = [
    EstimatorFamily(["sklearn.svm._classes", "sklearn.svm.classes"], ["SVC", "NuSVC"]) {
      binder, state throws(BindError) in BoundEstimator(try binder.supportVectorClassifier(state))
    },
    EstimatorFamily(["sklearn.svm._classes", "sklearn.svm.classes"], ["SVR", "NuSVR", "OneClassSVM"]) {
      binder, state throws(BindError) in BoundEstimator(try binder.supportVectorRegressor(state))
    },
  ]
}

extension EstimatorBinder {
  func supportVectorClassifier(_ state: EstimatorState) throws(BindError) -> SupportVectorClassifier {
    let identity = try state.identity()
    let function = try kernelFunction(state)
    let classes = try labels(try state.array("classes_"), state)
    let vectors = try supportVectors(state, identity, function)
    let count = vectors.count
    let perClass = try state.integers(state.has("_n_support") ? "_n_support" : "n_support_")
    guard perClass.count == classes.count, classes.count >= 2,
      perClass.allSatisfy({ $0 >= 0 && $0 <= count }),
      perClass.reduce(0, &+) == count
    else { throw state.malformed("_n_support", "the number of support vectors per class") }
    let (product, overflow) = classes.count.multipliedReportingOverflow(by: classes.count - 1)
    let pairs = product / 2
    let intercepts = try state.doubles("_intercept_")
    guard !overflow, intercepts.count == pairs else {
      throw state.malformed("_intercept_", "one number per pair of classes")
    }
    let machine = SupportVectorMachine(
      identity: identity, vectors: vectors.vectors, vectorsPerClass: perClass,
      coefficients: try dualCoefficients(state, rows: classes.count - 1, vectors: count),
      intercepts: intercepts)
    let shape = try state.text("decision_function_shape", default: "ovr")
    return SupportVectorClassifier(
      featureNames: try state.featureNames(identity), classes: classes, machine: machine,
      breaksTies: try breaksTies(state, classes: classes.count), decidesPerClass: shape != "ovo",
      offersProbabilities: try offersProbabilities(state), calibration: try calibration(state, pairs: pairs))
  }

  func supportVectorRegressor(_ state: EstimatorState) throws(BindError) -> SupportVectorRegressor {
    let identity = try state.identity()
    let vectors = try supportVectors(state, identity, try kernelFunction(state))
    let machine = SupportVectorMachine(
      identity: identity, vectors: vectors.vectors, vectorsPerClass: [vectors.count],
      coefficients: try dualCoefficients(state, rows: 1, vectors: vectors.count),
      intercepts: try state.vector("_intercept_", count: 1))
    return SupportVectorRegressor(
      featureNames: try state.featureNames(identity), machine: machine,
      isOneClass: state.className == "OneClassSVM")
  }

  private func supportVectors(
    _ state: EstimatorState, _ identity: EstimatorIdentity, _ function: SupportVectorKernel.Function
  ) throws(BindError) -> (vectors: SupportVectorMachine.Vectors, count: Int) {
    if try state.flag("_sparse", default: false) {
      let sparse = try state.sparseMatrix("support_vectors_", columns: identity.featureCount).sorted()
      return (.sparse(SparseSupportVectors(function: function, vectors: sparse)), sparse.rows)
    }
    let vectors = try state.array("support_vectors_")
    guard vectors.shape.count == 2, vectors.shape[1] == identity.featureCount || vectors.shape[0] == 0 else {
      throw state.malformed("support_vectors_", "a matrix of [vectors, \(identity.featureCount)]")
    }
    // Beside the decoded ones, the kernel keeps them in an order of its own.
    try hold(vectors.count, 16)
    let kernel = SupportVectorKernel(
      function: function, vectors: try state.doubles("support_vectors_"), count: vectors.shape[0],
      featureCount: identity.featureCount)
    return (.dense(kernel), vectors.shape[0])
  }

  private func dualCoefficients(
    _ state: EstimatorState, rows: Int, vectors: Int
  ) throws(BindError) -> [Double] {
    let matrix = try state.matrixOfAnyKind("_dual_coef_")
    guard matrix.rows == rows, matrix.columns == vectors else {
      throw state.malformed("_dual_coef_", "a matrix of [\(rows), \(vectors)]")
    }
    return matrix.values
  }

  private func kernelFunction(_ state: EstimatorState) throws(BindError) -> SupportVectorKernel.Function {
    guard case .string(let kernel) = try state.value("kernel") else {
      throw .unsupported(
        "its \(state.className) has a kernel written in Python; linear, poly, rbf and sigmoid can be served")
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
      throw .unsupported(
        "its \(state.className) has the kernel '\(name)'; linear, poly, rbf and sigmoid can be served")
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
