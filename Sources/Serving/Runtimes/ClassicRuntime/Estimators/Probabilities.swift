internal import CShims

/// Scores to probabilities, as numpy and scipy calculate them.
enum Probabilities {
  /// `scipy.special.expit`.
  static func sigmoid<Number: RealNumber>(_ score: Number) -> Number {
    1 / (1 + Number.exponential(of: -score))
  }

  /// `softmax` of one row: exponentials of the differences to the largest, over their sum.
  static func softmax(_ scores: some Sequence<Double>) -> [Double] {
    var values = Array(scores)
    let largest = values.max() ?? 0
    for index in values.indices { values[index] = apus_exp(values[index] - largest) }
    return normalized(values)
  }

  /// Values over their sum.
  static func normalized(_ values: [Double]) -> [Double] {
    let sum = values.withUnsafeBufferPointer { NumpySums.sum($0) }
    return values.map { $0 / sum }
  }

  /// `scipy.special.logsumexp` of one row.
  static func logSumExp(_ values: some Collection<Double>) -> Double {
    let largest = values.max() ?? -.infinity
    let shift = largest.isFinite ? largest : 0
    let terms = values.map { apus_exp($0 - shift) }
    return apus_log(terms.withUnsafeBufferPointer { NumpySums.sum($0) }) + shift
  }

  /// The same as scipy calculates it since 1.15: the largest terms apart from the others.
  static func logSumExpSeparate(_ values: some Collection<Double>) -> Double {
    let largest = values.max() ?? -.infinity
    let shift = largest.isFinite ? largest : 0
    var count = 0.0
    let terms = values.map { value in
      if value == largest { count += 1 }
      return value == largest ? 0 : apus_exp(value - shift)
    }
    let sum = terms.withUnsafeBufferPointer { NumpySums.sum($0) }
    return apus_log1p(sum == 0 ? sum : sum / count) + apus_log(count) + largest
  }
}
