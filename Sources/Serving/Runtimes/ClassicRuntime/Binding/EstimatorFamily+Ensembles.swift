extension EstimatorFamily {
  /// Trees, ensembles of them, and estimators that are made of estimators.
  static let ensembleFamilies: [EstimatorFamily] = [
    forests, trees, isolationForests, gradientBoosting, histogramBoosting, dummies, pipelines,
    voting, stacking, bagging, adaptiveBoosting, multiOutput, multiclass, calibration, searches, thresholds,
    frozen, transformedTargets,
  ]

  static let pipelines = EstimatorFamily(
    ["sklearn.pipeline"], ["Pipeline": { binder, state throws(BindError) in try binder.pipeline(state) }])
}
