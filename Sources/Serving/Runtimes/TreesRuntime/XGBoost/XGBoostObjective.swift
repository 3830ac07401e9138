internal import CShims

/// What an objective makes of the sums (margins), in float32 steps like XGBoost's own.
enum XGBoostObjective: Sendable, Hashable {
  case identity
  case sigmoid
  case exponential
  /// By the function for float64, as `survival:aft` calls it.
  case wideExponential
  case hinge
  case softmax
  /// The number of the greatest margin.
  case argmax

  /// - Returns: nil for an objective that is not known.
  init?(name: String) {
    // Until 1.0 there were twins that trained on GPUs.
    let name = name.hasPrefix("gpu:") ? String(name.dropFirst(4)) : name
    guard let known = XGBoostObjective.table[name] else { return nil }
    self = known
  }

  private static let table: [String: XGBoostObjective] = [
    "reg:squarederror": .identity, "reg:linear": .identity, "reg:squaredlogerror": .identity,
    "reg:pseudohubererror": .identity, "reg:absoluteerror": .identity, "reg:quantileerror": .identity,
    "reg:logistic": .sigmoid, "reg:gamma": .exponential, "reg:tweedie": .exponential,
    "binary:logistic": .sigmoid, "binary:logitraw": .identity, "binary:hinge": .hinge,
    "count:poisson": .exponential, "survival:cox": .exponential, "survival:aft": .wideExponential,
    "multi:softmax": .argmax, "multi:softprob": .softmax, "rank:pairwise": .identity,
    "rank:ndcg": .identity, "rank:map": .identity,
  ]

  static var known: String { table.keys.sorted().joined(separator: ", ") }

  /// Where the sums begin, from the base score as users see it.
  func margin(_ score: Float) -> Float {
    switch self {
    case .sigmoid: -apus_logf(1 / score - 1)
    case .exponential, .wideExponential: apus_logf(score)
    case .identity, .hinge, .softmax, .argmax: score
    }
  }

  var hasOneResult: Bool { self == .argmax }

  /// Transforms one row's margins in place; for `argmax` the result is the first of them.
  @inline(__always)
  func transform(_ margins: UnsafeMutablePointer<Float>, _ count: Int) {
    switch self {
    case .identity: return
    case .sigmoid: for index in 0..<count { margins[index] = XGBoostObjective.sigmoid(margins[index]) }
    case .exponential: for index in 0..<count { margins[index] = apus_expf(margins[index]) }
    case .wideExponential:
      for index in 0..<count { margins[index] = Float(apus_exp(Double(margins[index]))) }
    case .hinge: for index in 0..<count { margins[index] = margins[index] > 0 ? 1 : 0 }
    case .softmax: XGBoostObjective.softmax(margins, count)
    case .argmax:
      var best = 0
      for index in 1..<max(count, 1) where margins[index] > margins[best] { best = index }
      margins[0] = Float(best)
    }
  }

  static func sigmoid(_ margin: Float) -> Float {
    // std::min(-x, 88.7f): the second only where it is less, so that NaN stays NaN.
    let negated = -margin
    let exponent: Float = 88.7 < negated ? 88.7 : negated
    let denominator = apus_expf(exponent) + 1 + 1e-16
    return 1 / denominator
  }

  private static func softmax(_ margins: UnsafeMutablePointer<Float>, _ count: Int) {
    var most = margins[0]
    // fmaxf: NaN counts for nothing.
    for index in 1..<max(count, 1) { most = Float.maximum(margins[index], most) }
    var sum = 0.0
    for index in 0..<count {
      margins[index] = apus_expf(margins[index] - most)
      sum += Double(margins[index])
    }
    let divisor = Float(sum)
    for index in 0..<count { margins[index] /= divisor }
  }
}
