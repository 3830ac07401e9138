/// Classes that lie in the same modules, and what makes native estimators of them.
struct EstimatorFamily: Sendable {
  /// nil for an estimator that does nothing (a pipeline of `passthrough`).
  typealias Bind = @Sendable (EstimatorBinder, EstimatorState) throws(BindError) -> BoundEstimator?

  /// Every module that ever held the classes, the current one first.
  let modules: [String]
  let estimators: [String: Bind]
  /// Classes whose instances appear inside estimators and are read as data.
  let parts: [String]

  init(_ modules: [String], _ estimators: [String: Bind], parts: [String] = []) {
    self.modules = modules
    self.estimators = estimators
    self.parts = parts
  }
}

/// All classes that have a native form: the one table that the pickle reader and the binder share.
enum EstimatorRegistry {
  static let families: [EstimatorFamily] = EstimatorFamily.ensembleFamilies + EstimatorFamily.classicFamilies

  /// By the class's name: no two families use the same.
  static let binds: [String: EstimatorFamily.Bind] = {
    var binds: [String: EstimatorFamily.Bind] = [:]
    for family in families { binds.merge(family.estimators) { first, _ in first } }
    return binds
  }()

  /// What error messages say; the names would be too many.
  static let supported =
    "decision trees, forests, boosting and other ensembles, linear models, support vector machines, "
    + "neighbors, naive Bayes, discriminant analysis, neural networks, clusters, decompositions and "
    + "preprocessing of scikit-learn; docs/scikit-learn.md lists them all"
}
