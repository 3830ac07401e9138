extension EstimatorFamily {
  /// Estimators that are neither trees nor made of other estimators.
  static let classicFamilies: [EstimatorFamily] = [
    linearModels, supportVectors, scalers, encoders, imputers, selectors, columnFamilies, projections,
    neighbors, bayes, networks, clusters, kernels, texts,
  ].flatMap { $0 }
}
