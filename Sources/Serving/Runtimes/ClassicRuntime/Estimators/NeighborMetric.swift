internal import CShims

/// Distances between rows, "reduced" where the root is taken only at the end.
enum NeighborMetric: Sendable, Hashable {
  case euclidean
  case squaredEuclidean
  case manhattan
  case chebyshev
  case minkowski(Double)
  case cosine

  /// As scikit-learn's loops calculate it, feature by feature.
  func reduced(
    _ left: UnsafePointer<Double>, _ right: UnsafePointer<Double>, _ count: Int
  ) -> Double {
    var sum = 0.0
    switch self {
    case .euclidean, .squaredEuclidean:
      for index in 0..<count {
        let difference = left[index] - right[index]
        sum += difference * difference
      }
    case .manhattan: for index in 0..<count { sum += (left[index] - right[index]).magnitude }
    case .chebyshev: for index in 0..<count { sum = max(sum, (left[index] - right[index]).magnitude) }
    case .minkowski(let power):
      for index in 0..<count { sum += apus_pow((left[index] - right[index]).magnitude, power) }
    case .cosine:
      var (leftSum, rightSum, product) = (0.0, 0.0, 0.0)
      for index in 0..<count {
        leftSum += left[index] * left[index]
        rightSum += right[index] * right[index]
        product += left[index] * right[index]
      }
      let norms = PairwiseKernel.norm(leftSum) * PairwiseKernel.norm(rightSum)
      return min(max(1 - product / norms, 0), 2)
    }
    return sum
  }

  /// The distance that a reduced one stands for.
  func distance(_ reduced: Double) -> Double {
    switch self {
    case .euclidean: reduced.squareRoot()
    case .minkowski(let power): apus_pow(reduced, 1 / power)
    case .squaredEuclidean, .manhattan, .chebyshev, .cosine: reduced
    }
  }

  func reduced(_ distance: Double) -> Double {
    switch self {
    case .euclidean: distance * distance
    case .minkowski(let power): apus_pow(distance, power)
    case .squaredEuclidean, .manhattan, .chebyshev, .cosine: distance
    }
  }

  var power: Double {
    switch self {
    case .manhattan: 1
    case .chebyshev: .infinity
    case .minkowski(let power): power
    case .euclidean, .squaredEuclidean, .cosine: 2
    }
  }
}
