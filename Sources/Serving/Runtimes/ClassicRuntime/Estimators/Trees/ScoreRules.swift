internal import CShims

/// How the scores of one row become probabilities.
enum ProbabilityRule: Sendable, Hashable {
  /// Divided by the number of trees.
  case mean(Double)
  /// One score, `[1 - p, p]` with `p = expit(factor * score)`.
  case logistic(factor: Double)
  /// `exp(score - largest)` over their sum; numpy sums a column-major matrix of several rows in plain order.
  case softmax(isColumnMajor: Bool)
  /// `exp(score - logsumexp(scores))`.
  case logSumExp

  /// Probabilities per row, out of so many scores.
  func count(scores: Int) -> Int {
    if case .logistic = self { return 2 }
    return scores
  }

  /// Fills `output` (of `count(scores:)`) from the scores of one row; the two may be the same memory except
  /// for `logistic`.
  func apply(
    _ scores: UnsafeBufferPointer<Double>, rows: Int, into output: UnsafeMutableBufferPointer<Double>
  ) {
    switch self {
    case .mean(let divisor):
      for index in scores.indices { output[index] = scores[index] / divisor }
    case .logistic(let factor):
      let probability = Probabilities.sigmoid(factor == 1 ? scores[0] : factor * scores[0])
      output[0] = 1 - probability
      output[1] = probability
    case .softmax(let isColumnMajor):
      let largest = largest(scores)
      for index in scores.indices { output[index] = apus_exp(scores[index] - largest) }
      let sum = isColumnMajor && rows > 1 ? plainSum(output) : NumpySums.sum(UnsafeBufferPointer(output))
      for index in output.indices { output[index] /= sum }
    case .logSumExp:
      let largest = largest(scores)
      let shift = largest.isFinite ? largest : 0
      for index in scores.indices { output[index] = apus_exp(scores[index] - shift) }
      let logarithm = apus_log(NumpySums.sum(UnsafeBufferPointer(output))) + shift
      for index in scores.indices { output[index] = numberOrZero(apus_exp(scores[index] - logarithm)) }
    }
  }

  private func largest(_ scores: UnsafeBufferPointer<Double>) -> Double {
    var largest = scores[0]
    for score in scores where score > largest || score.isNaN { largest = score }
    return largest
  }

  private func plainSum(_ values: UnsafeMutableBufferPointer<Double>) -> Double {
    var sum = values[0]
    for index in 1..<max(values.count, 1) { sum += values[index] }
    return sum
  }

  /// `nan_to_num`.
  private func numberOrZero(_ value: Double) -> Double {
    if value.isNaN { return 0 }
    return min(max(value, -Double.greatestFiniteMagnitude), .greatestFiniteMagnitude)
  }
}

/// How the scores of one row become the index of a class.
enum LabelRule: Sendable, Hashable {
  /// The class with the largest probability, the first of equals.
  case largestProbability
  /// The class with the largest score.
  case largestScore
  /// Two classes and one score: the second where the score is positive (or zero, too).
  case positive(orZero: Bool)
  /// The score after the classes' scores is the index itself.
  case given
}

/// How the one score of a regressor's row becomes what it predicts.
enum InverseLink: Sendable, Hashable {
  case mean(Double)
  case identity
  case exponential

  func apply(_ score: Double) -> Double {
    switch self {
    case .mean(let divisor): score / divisor
    case .identity: score
    case .exponential: apus_exp(score)
    }
  }
}
