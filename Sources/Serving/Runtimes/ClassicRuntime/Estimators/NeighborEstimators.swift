internal import InferenceProtocol
internal import ModelRuntime

/// Which training rows count, and how much.
struct Neighborhood: Sendable {
  enum Reach: Sendable {
    case nearest(Int)
    case radius(Double)
  }

  let index: NeighborIndex
  let reach: Reach
  let weighsDistance: Bool

  /// Calls `body` with the neighbors of each row and their weights, nil where all count alike.
  func forEach(of rows: RowMatrix, _ body: ([Int], [Double]?) -> Void) throws(PredictError) {
    let weigh: ([Double], [Int]) -> Void = { distances, indices in
      body(indices, weighsDistance ? weights(distances) : nil)
    }
    switch reach {
    case .nearest(let count): try index.forEachNearest(count, of: rows, weigh)
    case .radius(let radius): try index.forEachWithin(radius, of: rows, weigh)
    }
  }

  /// The inverse distances; where some are zero, those rows alone. scikit-learn looks for inverses that are
  /// infinite among the nearest, and for distances of zero within a radius: that of a denormal is no zero.
  private func weights(_ distances: [Double]) -> [Double] {
    let inverse = distances.map { 1 / $0 }
    switch reach {
    case .nearest:
      guard inverse.contains(where: \.isInfinite) else { return inverse }
      return inverse.map { $0.isInfinite ? 1 : 0 }
    case .radius: return distances.contains(0) ? distances.map { $0 == 0 ? 1 : 0 } : inverse
    }
  }
}

/// `KNeighborsClassifier` and `RadiusNeighborsClassifier`.
struct NeighborsClassifier: Predictor {
  let featureNames: [String]?
  let neighborhood: Neighborhood
  /// Per output.
  let classes: [ClassLabels]
  /// `[training row][output]`.
  let codes: [Int]
  /// The class of rows without neighbors, per output (`RadiusNeighborsClassifier`); nil refuses them.
  let outliers: [Int?]?

  var identity: EstimatorIdentity { neighborhood.index.identity }
  var nanosecondsPerRow: Double { neighborhood.index.nanosecondsPerRow }
  var memoryBytes: Int { neighborhood.index.memoryBytes + codes.count * 8 }
  var classLabels: ClassLabels? { classes.count == 1 ? classes.first : nil }
  var outputs: [ModelSignature.TensorSpec] {
    let shape = classes.count == 1 ? [-1] : [-1, classes.count]
    return [.init(name: outputName(), datatype: classes.first?.datatype ?? .int64, shape: shape)]
  }
  var probabilityOutputs: [ModelSignature.TensorSpec]? {
    classes.enumerated().map {
      .init(name: outputName($0.offset), datatype: .fp64, shape: [-1, $0.element.count])
    }
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    var parts: [ClassLabels] = []
    for (output, votes) in try votes(rows).enumerated() {
      let width = classes[output].count
      let best = stride(from: 0, to: votes.count, by: width).map { start in
        votes[start..<(start + width)].withUnsafeBufferPointer { NumpySums.argmax($0) }
      }
      parts.append(ClassLabels(values: classes[output].take(best)))
    }
    guard parts.count > 1 else {
      return [Tensor(name: outputName(), shape: [rows.rows], values: parts[0].values)]
    }
    guard let joined = ClassLabels.concatenate(parts) else {
      throw .unsupported("outputs whose labels have different types have no joint form")
    }
    let order = (0..<rows.rows).flatMap { row in parts.indices.map { $0 * rows.rows + row } }
    return [Tensor(name: outputName(), shape: [rows.rows, parts.count], values: joined.take(order))]
  }

  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    try votes(rows).enumerated().map { output, votes in
      let width = classes[output].count
      var probabilities: [Double] = []
      probabilities.reserveCapacity(votes.count)
      for start in stride(from: 0, to: votes.count, by: width) {
        let row = Array(votes[start..<(start + width)])
        let sum = row.withUnsafeBufferPointer { NumpySums.sum($0) }
        probabilities += row.map { $0 / (sum == 0 ? 1 : sum) }
      }
      return Tensor(
        name: outputName(output), shape: [rows.rows, width], values: .float64(probabilities))
    }
  }

  /// Per output the weights of each class, `[rows][classes]`.
  private func votes(_ rows: RowMatrix) throws(PredictError) -> [[Double]] {
    var votes = classes.map { [Double](repeating: 0, count: rows.rows * $0.count) }
    var row = 0
    var lonely = 0
    try neighborhood.forEach(of: rows) { indices, weights in
      if indices.isEmpty {
        lonely += 1
        for (output, code) in (outliers ?? []).enumerated() {
          if let code { votes[output][row * classes[output].count + code] = 1 }
        }
      }
      for (position, index) in indices.enumerated() {
        for output in classes.indices {
          let code = codes[index * classes.count + output]
          votes[output][row * classes[output].count + code] += weights?[position] ?? 1
        }
      }
      row += 1
    }
    if lonely > 0, outliers == nil {
      throw .invalidInput(
        "No neighbors found for \(lonely) rows, you can try using larger radius, giving a label for "
          + "outliers, or considering removing them from your dataset.")
    }
    return votes
  }
}

/// `KNeighborsRegressor` and `RadiusNeighborsRegressor`.
struct NeighborsRegressor: Predictor {
  let featureNames: [String]?
  let neighborhood: Neighborhood
  /// `[training row][target]`.
  let targets: BoundMatrix
  /// Fitted on a list of targets.
  let isFlat: Bool
  /// The targets are integers, whose weighted sums are the same but whose answers are float64 too.
  let isRadius: Bool

  var identity: EstimatorIdentity { neighborhood.index.identity }
  var nanosecondsPerRow: Double { neighborhood.index.nanosecondsPerRow }
  var memoryBytes: Int { neighborhood.index.memoryBytes + targets.values.count * 8 }
  var outputs: [ModelSignature.TensorSpec] {
    [.init(name: outputName(), datatype: .fp64, shape: isFlat ? [-1] : [-1, targets.columns])]
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    var values: [Double] = []
    values.reserveCapacity(rows.rows * targets.columns)
    try neighborhood.forEach(of: rows) { indices, weights in
      for target in 0..<targets.columns {
        let neighbors = indices.map { targets[$0, target] }
        values.append(neighbors.isEmpty ? .nan : mean(neighbors, weights))
      }
    }
    let shape = isFlat ? [rows.rows] : [rows.rows, targets.columns]
    let isSingle = targets.isSingle && !neighborhood.weighsDistance
    return [
      Tensor(
        name: outputName(), shape: shape,
        values: isSingle ? .float32(values.map { Float($0) }) : .float64(values))
    ]
  }

  private func mean(_ values: [Double], _ weights: [Double]?) -> Double {
    guard let weights else {
      if targets.isSingle { return Double(sum(values.map { Float($0) }) / Float(values.count)) }
      return sum(values) / Double(values.count)
    }
    let products = zip(values, weights).map { $0 * $1 }
    let total = NumpySums.sum(weights)
    return (isRadius ? sum(products) : NumpySums.sum(products)) / total
  }

  /// numpy adds up the only column pairwise, several columns row by row.
  private func sum<Number: RealNumber>(_ values: [Number]) -> Number {
    targets.columns == 1 ? NumpySums.sum(values) : values.reduce(0, +)
  }
}

/// `sklearn.neighbors.NearestCentroid`.
struct NearestCentroid: Predictor {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let classes: ClassLabels
  let metric: NeighborMetric
  let centroids: BoundMatrix

  var nanosecondsPerRow: Double { 40 + Double(centroids.values.count) }
  var memoryBytes: Int { centroids.values.count * 8 }
  var classLabels: ClassLabels? { classes }
  var outputs: [ModelSignature.TensorSpec] {
    [.init(name: outputName(), datatype: classes.datatype, shape: [-1])]
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let values = try RowChecks.doubles(rows, for: identity)
    let width = identity.featureCount
    let best = values.withUnsafeBufferPointer { values in
      centroids.values.withUnsafeBufferPointer { centroids in
        (0..<rows.rows).map { row in
          var (nearest, smallest) = (0, Double.infinity)
          guard let point = values.baseAddress, let base = centroids.baseAddress else { return nearest }
          for index in 0..<self.centroids.rows {
            let distance = metric.reduced(point + row * width, base + index * width, width)
            if distance < smallest { (nearest, smallest) = (index, distance) }
          }
          return nearest
        }
      }
    }
    return [Tensor(name: outputName(), shape: [rows.rows], values: classes.take(best))]
  }
}
