internal import CShims

/// libsvm's probabilities: a sigmoid per pair of classes, coupled by the second method of Wu, Lin and Weng
/// (2004).
struct PairwiseCalibration: Sendable {
  /// `_probA` and `_probB`, one each per pair of classes.
  let slopes: [Double]
  let offsets: [Double]

  func probabilities(_ decisions: UnsafeBufferPointer<Double>, classes count: Int) -> [Double] {
    let smallest = 1e-7
    var pairwise = [Double](repeating: 0, count: count * count)
    var pair = 0
    for first in 0..<count {
      for second in (first + 1)..<max(count, first + 1) {
        let estimate = sigmoid(decisions[pair], slopes[pair], offsets[pair])
        // C's comparisons: what is no number becomes the smallest.
        let bounded = min(estimate > smallest ? estimate : smallest, 1 - smallest)
        pairwise[first * count + second] = bounded
        pairwise[second * count + first] = 1 - bounded
        pair += 1
      }
    }
    return couple(pairwise, count)
  }

  /// `sigmoid_predict`.
  private func sigmoid(_ decision: Double, _ slope: Double, _ offset: Double) -> Double {
    let exponent = decision * slope + offset
    if exponent >= 0 { return apus_exp(-exponent) / (1.0 + apus_exp(-exponent)) }
    return 1.0 / (1 + apus_exp(exponent))
  }

  /// `multiclass_probability`, step for step.
  private func couple(_ pairwise: [Double], _ count: Int) -> [Double] {
    let matrix = couplingMatrix(pairwise, count)
    var probabilities = [Double](repeating: 1.0 / Double(count), count: count)
    var products = [Double](repeating: 0, count: count)
    let tolerance = 0.005 / Double(count)
    for _ in 0..<max(100, count) {
      var total = 0.0
      for row in 0..<count {
        products[row] = 0
        for column in 0..<count { products[row] += matrix[row * count + column] * probabilities[column] }
        total += probabilities[row] * products[row]
      }
      var largestError = 0.0
      for row in 0..<count { largestError = max((products[row] - total).magnitude, largestError) }
      if largestError < tolerance { break }
      for row in 0..<count {
        let diagonal = matrix[row * count + row]
        let change = (-products[row] + total) / diagonal
        probabilities[row] += change
        total = (total + change * (change * diagonal + 2 * products[row])) / (1 + change) / (1 + change)
        for column in 0..<count {
          products[column] = (products[column] + change * matrix[row * count + column]) / (1 + change)
          probabilities[column] /= 1 + change
        }
      }
    }
    return probabilities
  }

  private func couplingMatrix(_ pairwise: [Double], _ count: Int) -> [Double] {
    var matrix = [Double](repeating: 0, count: count * count)
    for row in 0..<count {
      for column in 0..<count where column != row {
        let other = pairwise[column * count + row]
        matrix[row * count + row] += other * other
        matrix[row * count + column] =
          column < row ? matrix[column * count + row] : -other * pairwise[row * count + column]
      }
    }
    return matrix
  }
}
