internal import CShims

/// What an objective makes of the sums, in LightGBM's own steps.
enum LightGBMObjective: Sendable, Hashable {
  case identity
  /// Trained on square roots: the sign stays, the value is squared.
  case signedSquare
  case exponential
  case sigmoid(Double)
  /// `log(1 + exp(x))`.
  case softplus
  case softmax

  /// From the header's line, `binary sigmoid:1` for example.
  init(_ line: String?) throws(ModelFileError) {
    let words = (line ?? "custom").split(separator: " ").map(String.init)
    let name = words.first ?? "custom"
    switch name {
    case "regression", "regression_l2", "mean_squared_error", "mse", "l2", "l2_root",
      "root_mean_squared_error", "rmse", "regression_l1", "mean_absolute_error", "l1", "mae", "quantile",
      "fair", "mape", "mean_absolute_percentage_error":
      self = words.contains("sqrt") ? .signedSquare : .identity
    case "huber", "lambdarank", "rank_xendcg", "xendcg", "xe_ndcg", "xe_ndcg_mart", "xendcg_mart", "custom",
      "none", "null", "na":
      self = .identity
    case "poisson", "gamma", "tweedie": self = .exponential
    case "binary", "multiclassova", "multiclass_ova", "ova", "ovr":
      self = .sigmoid(try LightGBMObjective.sigmoid(words))
    case "multiclass", "softmax": self = .softmax
    case "cross_entropy", "xentropy": self = .sigmoid(1)
    case "cross_entropy_lambda", "xentlambda": self = .softplus
    default: throw .unsupported("its objective '\(name.prefix(40))' is unknown")
    }
  }

  private static func sigmoid(_ words: [String]) throws(ModelFileError) -> Double {
    let text = words.last { $0.hasPrefix("sigmoid:") }?.dropFirst("sigmoid:".count)
    guard let text, let factor = LooseDecimal.value(Array(text.utf8)), factor > 0 else {
      throw .corrupt(offset: nil, "its objective has no positive 'sigmoid'")
    }
    return factor
  }

  var isIdentity: Bool { self == .identity }

  /// Transforms one row's sums in place.
  @inline(__always)
  func transform(_ sums: UnsafeMutablePointer<Double>, _ count: Int) {
    switch self {
    case .identity: return
    case .signedSquare:
      for index in 0..<count {
        let sign: Double = sums[index] > 0 ? 1 : (sums[index] < 0 ? -1 : 0)
        sums[index] = sign * sums[index] * sums[index]
      }
    case .exponential: for index in 0..<count { sums[index] = apus_exp(sums[index]) }
    case .sigmoid(let factor):
      for index in 0..<count { sums[index] = 1 / (1 + apus_exp(-factor * sums[index])) }
    case .softplus: for index in 0..<count { sums[index] = apus_log1p(apus_exp(sums[index])) }
    case .softmax: LightGBMObjective.softmax(sums, count)
    }
  }

  private static func softmax(_ sums: UnsafeMutablePointer<Double>, _ count: Int) {
    var most = sums[0]
    for index in 1..<max(count, 1) where sums[index] > most { most = sums[index] }
    var total = 0.0
    for index in 0..<count {
      sums[index] = apus_exp(sums[index] - most)
      total += sums[index]
    }
    for index in 0..<count { sums[index] /= total }
  }
}

/// Decimals as LightGBM reads parameters: digit by digit in float64, not always to the nearest.
enum LooseDecimal {
  static func value(_ text: [UInt8]) -> Double? {
    var index = 0
    var isNegative = false
    if index < text.count, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") {
      isNegative = text[index] == UInt8(ascii: "-")
      index += 1
    }
    guard index < text.count, text[index] &- 48 < 10 || text[index] == UInt8(ascii: ".") else { return nil }
    var value = 0.0
    while index < text.count, text[index] &- 48 < 10 {
      value = value * 10 + Double(text[index] &- 48)
      index += 1
    }
    if index < text.count, text[index] == UInt8(ascii: ".") {
      index += 1
      var fraction = 0.0
      var digits = 0
      while index < text.count, text[index] &- 48 < 10 {
        fraction = Double(text[index] &- 48) + fraction * 10
        digits += 1
        index += 1
      }
      value += fraction / power(10, digits)
    }
    if index < text.count, text[index] | 0x20 == UInt8(ascii: "e") {
      index += 1
      var isFraction = false
      if index < text.count, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") {
        isFraction = text[index] == UInt8(ascii: "-")
        index += 1
      }
      var exponent = 0
      while index < text.count, text[index] &- 48 < 10 {
        exponent = min(exponent * 10 + Int(text[index] &- 48), 308)
        index += 1
      }
      let scale = scale(exponent)
      value = isFraction ? value / scale : value * scale
    }
    return isNegative ? -value : value
  }

  private static func scale(_ exponent: Int) -> Double {
    var exponent = exponent
    var scale = 1.0
    while exponent >= 50 { scale *= 1e50; exponent -= 50 }
    while exponent >= 8 { scale *= 1e8; exponent -= 8 }
    while exponent > 0 { scale *= 10; exponent -= 1 }
    return scale
  }

  /// By squaring and cubing, as LightGBM's `Pow` does.
  private static func power(_ base: Double, _ exponent: Int) -> Double {
    if exponent == 0 { return 1 }
    if exponent % 2 == 0 { return power(base * base, exponent / 2) }
    if exponent % 3 == 0 { return power(base * base * base, exponent / 3) }
    return base * power(base, exponent - 1)
  }
}
