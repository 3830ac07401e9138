internal import CShims

extension EstimatorFamily {
  static let clusters: [EstimatorFamily] = [
    EstimatorFamily(
      ["sklearn.cluster._kmeans", "sklearn.cluster.k_means_"], ["KMeans", "MiniBatchKMeans"],
      parts: ["_kmeans_single_lloyd", "_kmeans_single_elkan", "lloyd_iter_chunked_dense"]
    ) { binder, state throws(BindError) in BoundEstimator(try binder.clusters(state)) },
    EstimatorFamily(
      ["sklearn.cluster._bisect_k_means"], ["BisectingKMeans"], parts: ["_BisectingTree"]
    ) { binder, state throws(BindError) in BoundEstimator(try binder.clusters(state)) },
    EstimatorFamily(["sklearn.mixture._gaussian_mixture"], ["GaussianMixture"]) {
      binder, state throws(BindError) in BoundEstimator(try binder.gaussianMixture(state))
    },
    EstimatorFamily(["sklearn.mixture._bayesian_mixture"], ["BayesianGaussianMixture"]) {
      binder, state throws(BindError) in BoundEstimator(try binder.gaussianMixture(state))
    },
  ]
}

extension EstimatorBinder {
  func clusters(_ state: EstimatorState) throws(BindError) -> Clusters {
    let identity = try state.identity()
    let centers = try state.matrix("cluster_centers_", columns: identity.featureCount)
    guard centers.rows > 0 else { throw state.malformed("cluster_centers_", "a matrix with rows") }
    var tree: Clusters.Tree?
    if state.className == "BisectingKMeans" {
      let mean = try state.vectorIfAny("_X_mean", count: identity.featureCount)
      tree = try clusterTree(
        try state.nested("_bisecting_tree"), mean, centers, identity.featureCount, depth: 0)
    }
    return Clusters(
      identity: identity, featureNames: try state.featureNames(identity), centers: ClusterCenters(centers),
      tree: tree)
  }

  private func clusterTree(
    _ state: EstimatorState, _ mean: [Double]?, _ centers: BoundMatrix, _ width: Int, depth: Int
  ) throws(BindError) -> Clusters.Tree {
    guard depth < 256 else { throw .corrupt("its BisectingKMeans is nested deeper than 256") }
    try spend(elements: 1)
    if state.isNone("left") { return .leaf(try state.int("label")) }
    let (left, right) = (try state.nested("left"), try state.nested("right"))
    var values = try left.vector("center", count: width) + right.vector("center", count: width)
    if let mean { for index in values.indices { values[index] += mean[index % width] } }
    let pair = BoundMatrix(values: values, rows: 2, columns: width, isSingle: centers.isSingle)
    return .split(
      ClusterCenters(pair), left: try clusterTree(left, mean, centers, width, depth: depth + 1),
      right: try clusterTree(right, mean, centers, width, depth: depth + 1))
  }

  func gaussianMixture(_ state: EstimatorState) throws(BindError) -> GaussianMixture {
    let identity = try state.identity()
    let width = identity.featureCount
    let means = try state.matrix("means_", columns: width)
    let count = means.rows
    guard count > 0 else { throw state.malformed("means_", "a matrix with rows") }
    let kind = try state.string("covariance_type")
    let factors = try state.doubles("precisions_cholesky_")
    let sizes = [
      "full": count * width * width, "tied": width * width, "diag": count * width, "spherical": count,
    ]
    guard factors.count == sizes[kind] else {
      throw state.malformed("precisions_cholesky_", "the factors of a covariance of type '\(kind)'")
    }
    let logWeights = try mixtureWeights(state, count, width)
    var components: [GaussianMixture.Component] = []
    for index in 0..<count {
      var matrix: [Double]?
      var diagonal: [Double]
      switch kind {
      case "full": matrix = Array(factors[(index * width * width)..<((index + 1) * width * width)])
      case "tied": matrix = factors
      default: break
      }
      if let matrix {
        diagonal = (0..<width).map { matrix[$0 * width + $0] }
      } else if kind == "diag" {
        diagonal = Array(factors[(index * width)..<((index + 1) * width)])
      } else {
        diagonal = [Double](repeating: factors[index], count: width)
      }
      let logDeterminant = diagonal.reduce(0) { $0 + apus_log($1) }
      components.append(
        GaussianMixture.Component(
          mean: Array(means.row(index)), matrix: matrix.map { FusedMatrix($0, depth: width, width: width) },
          diagonal: diagonal,
          constant: -0.5 * Double(width) * apus_log(2 * Double.pi) + logDeterminant + logWeights[index]))
    }
    return GaussianMixture(
      identity: identity, featureNames: try state.featureNames(identity), components: components)
  }

  /// The logarithms of the weights, and for the Bayesian mixture what its priors add.
  private func mixtureWeights(
    _ state: EstimatorState, _ count: Int, _ width: Int
  ) throws(BindError) -> [Double] {
    guard state.className == "BayesianGaussianMixture" else {
      return try state.vector("weights_", count: count).map { apus_log($0) }
    }
    // Tied covariances share one number.
    let isShared = try state.string("covariance_type") == "tied"
    let freedom =
      isShared
      ? [Double](repeating: try state.double("degrees_of_freedom_"), count: count)
      : try state.vector("degrees_of_freedom_", count: count)
    let precision = try state.vector("mean_precision_", count: count)
    let weights = try bayesianWeights(state, count)
    return (0..<count).map { index in
      var logLambda = Double(width) * apus_log(2)
      for feature in 0..<width { logLambda += Digamma.value(0.5 * (freedom[index] - Double(feature))) }
      return weights[index] - 0.5 * Double(width) * apus_log(freedom[index])
        + 0.5 * (logLambda - Double(width) / precision[index])
    }
  }

  private func bayesianWeights(_ state: EstimatorState, _ count: Int) throws(BindError) -> [Double] {
    guard try state.string("weight_concentration_prior_type") == "dirichlet_process" else {
      let weights = try state.vector("weight_concentration_", count: count)
      let total = Digamma.value(weights.reduce(0, +))
      return weights.map { Digamma.value($0) - total }
    }
    let parts = try state.items("weight_concentration_")
    guard parts.count == 2, let first = try state.array(in: parts[0], "weight_concentration_").doubles(),
      let second = try state.array(in: parts[1], "weight_concentration_").doubles(), first.count == count,
      second.count == count
    else { throw state.malformed("weight_concentration_", "two numbers per component") }
    var sum = 0.0
    return (0..<count).map { index in
      let total = Digamma.value(first[index] + second[index])
      defer { sum += Digamma.value(second[index]) - total }
      return Digamma.value(first[index]) - total + sum
    }
  }
}
