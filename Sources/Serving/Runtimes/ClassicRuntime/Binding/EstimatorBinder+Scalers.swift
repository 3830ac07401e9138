extension EstimatorFamily {
  static let scalers = EstimatorFamily(
    ["sklearn.preprocessing._data", "sklearn.preprocessing.data"],
    [
      "StandardScaler": { binder, state throws(BindError) in BoundEstimator(try binder.standardScaler(state)) }
    ])
}

extension EstimatorBinder {
  func standardScaler(_ state: EstimatorState) throws(BindError) -> StandardScaler {
    let identity = try state.identity()
    func statistic(_ name: String) throws(BindError) -> [Double] {
      let values = try state.doubles(name)
      guard values.count == identity.featureCount else {
        throw state.malformed(name, "one number per feature")
      }
      return values
    }
    return StandardScaler(
      identity: identity, featureNames: try state.featureNames(identity),
      mean: try state.bool("with_mean") ? try statistic("mean_") : nil,
      scale: try state.bool("with_std") ? try statistic("scale_") : nil,
      roundsStatisticsFirst: state.version >= SklearnVersion(1, 8))
  }
}
