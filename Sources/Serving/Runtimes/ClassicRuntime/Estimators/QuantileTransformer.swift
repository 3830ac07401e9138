internal import CShims
internal import InferenceProtocol
internal import ModelRuntime

/// `sklearn.preprocessing.QuantileTransformer`.
struct QuantileTransformer: DenseTransformer {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  /// Per feature its quantiles, ascending.
  let quantiles: [[Double]]
  let references: [Double]
  let isNormal: Bool

  private static let boundsThreshold = 1e-7

  var allowsNaN: Bool { true }
  var nanosecondsPerRow: Double { 30 + 60 * Double(identity.featureCount) }
  var memoryBytes: Int { quantiles.reduce(0) { $0 + $1.count * 8 } }

  func apply<Number: RealNumber>(_ values: [Number], rows: Int) throws(PredictError) -> [Number] {
    let width = identity.featureCount
    var result = values
    // The same steps with negated arrays, as numpy makes them.
    let negatedReferences = references.reversed().map { -$0 }
    let negatedQuantiles = quantiles.map { $0.reversed().map { -$0 } }
    for index in values.indices {
      let feature = index % width
      result[index] = transformed(
        values[index], quantiles[feature], negatedQuantiles[feature], negatedReferences)
    }
    return result
  }

  private func transformed<Number: RealNumber>(
    _ value: Number, _ quantiles: [Double], _ negated: [Double], _ negatedReferences: [Double]
  ) -> Number {
    guard let low = quantiles.first, let high = quantiles.last, !value.isNaN else { return value }
    let threshold = Number(wide: QuantileTransformer.boundsThreshold)
    var isLow = value.wide == low
    var isHigh = value.wide == high
    if isNormal {
      isLow = (value - threshold).wide < low
      isHigh = (value + threshold).wide > high
    }
    var result = Number(
      wide: 0.5
        * (interpolate(value.wide, quantiles, references)
          - interpolate(-value.wide, negated, negatedReferences)))
    if isHigh { result = 1 }
    if isLow { result = 0 }
    guard isNormal else { return result }
    let normal = NormalDistribution.quantile(result.wide)
    let bound = QuantileTransformer.boundsThreshold - Double.ulpOfOne
    return Number(
      wide: min(max(normal, NormalDistribution.quantile(bound)), NormalDistribution.quantile(1 - bound)))
  }

  /// `numpy.interp` of one number.
  private func interpolate(_ value: Double, _ x: [Double], _ y: [Double]) -> Double {
    let last = x.count - 1
    if value < x[0] { return y[0] }
    if value > x[last] { return y[last] }
    var (low, high) = (0, x.count)
    while low < high {
      let middle = (low + high) / 2
      if value >= x[middle] { low = middle + 1 } else { high = middle }
    }
    let index = low - 1
    if index < 0 { return y[0] }
    if index == last || x[index] == value { return y[index] }
    let slope = (y[index + 1] - y[index]) / (x[index + 1] - x[index])
    var result = slope * (value - x[index]) + y[index]
    if result.isNaN {
      result = slope * (value - x[index + 1]) + y[index + 1]
      if result.isNaN, y[index] == y[index + 1] { result = y[index] }
    }
    return result
  }
}
