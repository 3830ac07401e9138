internal import InferenceProtocol
internal import ModelRuntime

/// `numpy.average(values, axis, weights)` over estimators, added up in their order.
enum MemberAverage {
  static func average(_ members: [[Double]], weights: [Double]?) -> [Double] {
    guard var sums = members.first else { return [] }
    if let weights {
      for index in sums.indices { sums[index] *= weights[0] }
      for (member, weight) in zip(members, weights).dropFirst() {
        for index in sums.indices { sums[index] += member[index] * weight }
      }
    } else {
      for member in members.dropFirst() {
        for index in sums.indices { sums[index] += member[index] }
      }
    }
    let total = weights.map { $0.withUnsafeBufferPointer { NumpySums.sum($0) } } ?? Double(members.count)
    for index in sums.indices { sums[index] /= total }
    return sums
  }
}

/// `sklearn.ensemble.VotingClassifier`.
struct VotingClassifier: Predictor, Transformer, MetaEstimator {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let members: [any Predictor]
  let weights: [Double]?
  let isSoft: Bool
  let flattensTransform: Bool
  let classes: ClassLabels

  var classLabels: ClassLabels? { classes }
  var outputs: [ModelSignature.TensorSpec] { MetaAnswer.flatSpec(classes.datatype) }
  var probabilityOutputs: [ModelSignature.TensorSpec]? {
    isSoft ? MetaAnswer.matrixSpec(classes.count) : nil
  }
  var outputColumns: Int { isSoft ? members.count * classes.count : members.count }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    if isSoft {
      let indices = MetaAnswer.largest(try averages(rows), columns: classes.count)
      return MetaAnswer.flat(classes.take(indices))
    }
    let votes = try votes(rows)
    var counts = [Double](repeating: 0, count: classes.count)
    var indices: [Int] = []
    for row in 0..<rows.rows {
      for index in counts.indices { counts[index] = 0 }
      for (member, votes) in votes.enumerated() { counts[votes[row]] += weights?[member] ?? 1 }
      indices.append(counts.withUnsafeBufferPointer { NumpySums.argmax($0) })
    }
    return MetaAnswer.flat(classes.take(indices))
  }

  /// The members were fitted on class indices, and answer them.
  private func votes(_ rows: RowMatrix) throws(PredictError) -> [[Int]] {
    var votes: [[Int]] = []
    for member in members {
      let numbers = try member.predictionNumbers(rows).values
      votes.append(numbers.map { MetaAnswer.classIndex($0, of: classes.count) })
    }
    return votes
  }

  private func averages(_ rows: RowMatrix) throws(PredictError) -> [Double] {
    MemberAverage.average(try probabilities(rows), weights: weights)
  }

  private func probabilities(_ rows: RowMatrix) throws(PredictError) -> [[Double]] {
    var all: [[Double]] = []
    for member in members {
      let numbers = try member.probabilityNumbers(rows)
      guard numbers.columns == classes.count else {
        throw .failed("\(member.identity.className) knows \(numbers.columns) classes, not \(classes.count)")
      }
      all.append(numbers.values)
    }
    return all
  }

  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    MetaAnswer.matrix(try averages(rows), rows: rows.rows, columns: classes.count)
  }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    guard isSoft else {
      let votes = try votes(rows).map { $0.map { Int64($0) } }
      var values: [Int64] = []
      for row in 0..<rows.rows { values += votes.map { $0[row] } }
      return RowMatrix(rows: rows.rows, columns: votes.count, values: .int64(values))
    }
    guard flattensTransform else {
      throw .unsupported(
        "transform with flatten_transform=False gives three dimensions, which are not served")
    }
    let all = try probabilities(rows)
    let width = classes.count
    var values: [Double] = []
    values.reserveCapacity(rows.rows * width * all.count)
    for row in 0..<rows.rows {
      for member in all { values += member[(row * width)..<((row + 1) * width)] }
    }
    return RowMatrix(rows: rows.rows, columns: width * all.count, values: .float64(values))
  }
}

/// `sklearn.ensemble.VotingRegressor`.
struct VotingRegressor: Predictor, Transformer, MetaEstimator {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let members: [any Predictor]
  let weights: [Double]?

  var outputs: [ModelSignature.TensorSpec] { MetaAnswer.flatSpec(.fp64) }
  var outputColumns: Int { members.count }

  private func columns(_ rows: RowMatrix) throws(PredictError) -> [[Double]] {
    var columns: [[Double]] = []
    for member in members { columns.append(try member.predictionNumbers(rows).values) }
    return columns
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    MetaAnswer.flat(.float64(MemberAverage.average(try columns(rows), weights: weights)))
  }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    let values = MetaAnswer.transposed(try columns(rows), rows: rows.rows)
    return RowMatrix(rows: rows.rows, columns: members.count, values: .float64(values))
  }
}
