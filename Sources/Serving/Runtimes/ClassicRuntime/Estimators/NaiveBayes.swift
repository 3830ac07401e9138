internal import CShims
internal import InferenceProtocol
internal import ModelRuntime

/// The naive Bayes classifiers: a joint log likelihood per class, the largest wins.
struct NaiveBayes: Predictor {
  enum Likelihood: Sendable {
    /// `GaussianNB`: means and variances per class, and the part that does not depend on the row.
    case gaussian(means: BoundMatrix, variances: BoundMatrix, constants: [Double])
    /// `MultinomialNB`, `ComplementNB`, `BernoulliNB`: weights of features by classes, and what is added.
    case product(weights: FusedMatrix, added: [Double]?, threshold: Double?)
    /// `CategoricalNB`: per feature classes by categories.
    case categorical(tables: [BoundMatrix])
  }

  let identity: EstimatorIdentity
  let featureNames: [String]?
  let classes: ClassLabels
  let likelihood: Likelihood
  /// `class_log_prior_`, or the logarithm of `class_prior_`.
  let priors: [Double]
  /// Since scipy 1.15, which came with scikit-learn 1.6, the largest term stays out of the exponentials' sum.
  let separatesLargest: Bool

  var takesSparse: Bool {
    if case .product = likelihood { return true }
    return false
  }
  var nanosecondsPerRow: Double { 60 + Double(classes.count) * (20 + 2 * Double(identity.featureCount)) }
  var memoryBytes: Int {
    switch likelihood {
    case .gaussian(let means, _, _): means.values.count * 16
    case .product(let weights, _, _): weights.memoryBytes
    case .categorical(let tables): tables.reduce(0) { $0 + $1.values.count * 8 }
    }
  }
  var classLabels: ClassLabels? { classes }
  var outputs: [ModelSignature.TensorSpec] {
    [.init(name: outputName(), datatype: classes.datatype, shape: [-1])]
  }
  var probabilityOutputs: [ModelSignature.TensorSpec]? {
    [.init(name: outputName(), datatype: .fp64, shape: [-1, classes.count])]
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let scores = try jointLogLikelihoods(rows)
    let width = classes.count
    let best = stride(from: 0, to: scores.count, by: width).map { start in
      scores[start..<(start + width)].withUnsafeBufferPointer { NumpySums.argmax($0) }
    }
    return [Tensor(name: outputName(), shape: [rows.rows], values: classes.take(best))]
  }

  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let scores = try jointLogLikelihoods(rows)
    let width = classes.count
    var probabilities: [Double] = []
    probabilities.reserveCapacity(scores.count)
    for start in stride(from: 0, to: scores.count, by: width) {
      let row = scores[start..<(start + width)]
      let total =
        separatesLargest ? Probabilities.logSumExpSeparate(row) : Probabilities.logSumExp(row)
      for score in row { probabilities.append(apus_exp(score - total)) }
    }
    return [Tensor(name: outputName(), shape: [rows.rows, width], values: .float64(probabilities))]
  }

  /// `[rows][classes]`.
  private func jointLogLikelihoods(_ rows: RowMatrix) throws(PredictError) -> [Double] {
    switch likelihood {
    case .gaussian(let means, let variances, let constants):
      return gaussian(try RowChecks.doubles(rows, for: identity), rows.rows, means, variances, constants)
    case .product(let weights, let added, let threshold):
      var scores: [Double]
      if let sparse = rows.sparse {
        scores = try products(sparse, rows, weights, threshold)
      } else {
        var values = try RowChecks.doubles(rows, for: identity)
        if let threshold { values = values.map { $0 > threshold ? 1 : 0 } }
        scores = weights.multiply(values, rows: rows.rows)
      }
      if let added {
        for index in scores.indices { scores[index] += added[index % added.count] }
      }
      return scores
    case .categorical(let tables):
      return try categorical(try RowChecks.doubles(rows, for: identity), rows.rows, tables)
    }
  }

  private func gaussian(
    _ values: [Double], _ rows: Int, _ means: BoundMatrix, _ variances: BoundMatrix, _ constants: [Double]
  ) -> [Double] {
    let width = identity.featureCount
    var scores: [Double] = []
    scores.reserveCapacity(rows * classes.count)
    var terms = [Double](repeating: 0, count: width)
    for row in 0..<rows {
      for index in 0..<classes.count {
        for feature in 0..<width {
          let difference = values[row * width + feature] - means[index, feature]
          terms[feature] = difference * difference / variances[index, feature]
        }
        let sum = terms.withUnsafeBufferPointer { NumpySums.sum($0) }
        scores.append(priors[index] + (constants[index] - 0.5 * sum))
      }
    }
    return scores
  }

  private func products(
    _ sparse: SparseRows, _ rows: RowMatrix, _ weights: FusedMatrix, _ threshold: Double?
  ) throws(PredictError) -> [Double] {
    try RowChecks.requireFinite(sparse.values, allowsNaN: false, for: identity)
    try RowChecks.requireShape(rows, for: identity)
    let sparse = threshold.map { Binarizer.binarized(sparse, $0) } ?? sparse
    var scores = [Double](repeating: 0, count: rows.rows * weights.width)
    for row in 0..<sparse.rows {
      for entry in sparse.entries(of: row) {
        let feature = Int(sparse.indices[entry])
        for index in 0..<weights.width {
          scores[row * weights.width + index] += sparse.values[entry] * weights[feature, index]
        }
      }
    }
    return scores
  }

  private func categorical(
    _ values: [Double], _ rows: Int, _ tables: [BoundMatrix]
  ) throws(PredictError) -> [Double] {
    let width = identity.featureCount
    var scores = [Double](repeating: 0, count: rows * classes.count)
    for row in 0..<rows {
      for (feature, table) in tables.enumerated() {
        let value = values[row * width + feature].rounded(.towardZero)
        if value < 0 { throw .invalidInput("Negative values in data passed to CategoricalNB (input X)") }
        guard let category = Int(exactly: value), category < table.columns else {
          throw .invalidInput(
            "index \(value) is out of bounds for axis 1 with size \(table.columns) (feature \(feature))")
        }
        for index in 0..<classes.count { scores[row * classes.count + index] += table[index, category] }
      }
      for index in 0..<classes.count { scores[row * classes.count + index] += priors[index] }
    }
    return scores
  }
}
