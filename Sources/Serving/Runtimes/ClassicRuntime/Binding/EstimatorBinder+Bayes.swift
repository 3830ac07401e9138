internal import CShims

extension EstimatorFamily {
  static let bayes: [EstimatorFamily] = [
    EstimatorFamily(
      ["sklearn.naive_bayes"],
      ["GaussianNB", "MultinomialNB", "ComplementNB", "BernoulliNB", "CategoricalNB"]
    ) { binder, state throws(BindError) in BoundEstimator(try binder.naiveBayes(state)) },
    EstimatorFamily(
      ["sklearn.discriminant_analysis"],
      [
        "QuadraticDiscriminantAnalysis": { binder, state throws(BindError) in
          BoundEstimator(try binder.quadraticDiscriminants(state))
        }
      ]),
  ]
}

extension EstimatorBinder {
  func naiveBayes(_ state: EstimatorState) throws(BindError) -> NaiveBayes {
    let identity = try state.identity()
    let classes = try labels(try state.array("classes_"), state)
    let isGaussian = state.className == "GaussianNB"
    var priors = try state.vector(isGaussian ? "class_prior_" : "class_log_prior_", count: classes.count)
    if isGaussian { priors = priors.map { apus_log($0) } }
    return NaiveBayes(
      identity: identity, featureNames: try state.featureNames(identity), classes: classes,
      likelihood: try likelihood(state, identity, classes.count, priors), priors: priors,
      separatesLargest: state.version >= SklearnVersion(1, 6))
  }

  private func likelihood(
    _ state: EstimatorState, _ identity: EstimatorIdentity, _ classes: Int, _ priors: [Double]
  ) throws(BindError) -> NaiveBayes.Likelihood {
    switch state.className {
    case "GaussianNB":
      let means = try state.matrix("theta_", rows: classes, columns: identity.featureCount)
      let name = state.has("var_") ? "var_" : "sigma_"
      let variances = try state.matrix(name, rows: classes, columns: identity.featureCount)
      let constants = (0..<classes).map { index in
        -0.5 * NumpySums.sum(variances.row(index).map { apus_log(2 * Double.pi * $0) })
      }
      return .gaussian(means: means, variances: variances, constants: constants)
    case "CategoricalNB":
      let items = try state.items("feature_log_prob_")
      guard items.count == identity.featureCount else {
        throw state.malformed("feature_log_prob_", "one matrix per feature")
      }
      var tables: [BoundMatrix] = []
      for item in items {
        let array = try state.array(in: item, "feature_log_prob_")
        guard array.shape.count == 2, array.shape[0] == classes, let values = array.doubles() else {
          throw state.malformed("feature_log_prob_", "matrices with one row per class")
        }
        tables.append(
          BoundMatrix(values: values, rows: classes, columns: array.shape[1], isSingle: false))
      }
      return .categorical(tables: tables)
    default:
      var logs = try state.matrix("feature_log_prob_", rows: classes, columns: identity.featureCount)
      var added: [Double]? = state.className == "ComplementNB" && classes > 1 ? nil : priors
      var threshold: Double?
      if state.className == "BernoulliNB" {
        if !state.isNone("binarize") { threshold = try state.double("binarize") }
        let negative = logs.values.map { apus_log(1 - apus_exp($0)) }
        let width = identity.featureCount
        added = (0..<classes).map { index in
          priors[index] + NumpySums.sum(Array(negative[(index * width)..<((index + 1) * width)]))
        }
        logs = BoundMatrix(
          values: zip(logs.values, negative).map { $0 - $1 }, rows: classes, columns: width, isSingle: false)
      }
      return .product(weights: FusedMatrix(logs.transposed), added: added, threshold: threshold)
    }
  }

  func quadraticDiscriminants(_ state: EstimatorState) throws(BindError) -> QuadraticDiscriminants {
    let identity = try state.identity()
    let classes = try labels(try state.array("classes_"), state)
    let means = try state.matrix("means_", rows: classes.count, columns: identity.featureCount)
    let priors = try state.vector("priors_", count: classes.count)
    let rotations = try state.items("rotations_")
    let scalings = try state.items("scalings_")
    guard rotations.count == classes.count, scalings.count == classes.count, classes.count >= 2 else {
      throw state.malformed("rotations_", "one matrix per class")
    }
    var models: [QuadraticDiscriminants.ClassModel] = []
    for index in 0..<classes.count {
      let rotation = try state.array(in: rotations[index], "rotations_")
      guard let scales = try state.array(in: scalings[index], "scalings_").doubles(),
        rotation.shape == [identity.featureCount, scales.count], var values = rotation.doubles(),
        !scales.isEmpty
      else { throw state.malformed("rotations_", "matrices of features by scalings") }
      for position in values.indices { values[position] *= apus_pow(scales[position % scales.count], -0.5) }
      models.append(
        QuadraticDiscriminants.ClassModel(
          mean: Array(means.row(index)),
          matrix: FusedMatrix(values, depth: identity.featureCount, width: scales.count),
          logScale: NumpySums.sum(scales.map { apus_log($0) }), logPrior: apus_log(priors[index])))
    }
    return QuadraticDiscriminants(
      identity: identity, featureNames: try state.featureNames(identity), classes: classes, models: models,
      usesLogarithms: state.version >= SklearnVersion(1, 6))
  }
}
