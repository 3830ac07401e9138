internal import InferenceProtocol
internal import ModelRuntime

/// The estimators of a bag, each with its own columns.
struct Bag: Sendable {
  let members: [any Predictor]
  /// nil where all use all columns.
  let columns: [[Int]]?
  /// `n_estimators`, what sums are divided by.
  let divisor: Double

  func rows(_ rows: RowMatrix, for member: Int) -> RowMatrix {
    columns.map { rows.selecting($0[member]) } ?? rows
  }
}

/// `sklearn.ensemble.BaggingClassifier` over any classifiers.
struct BaggingClassifier: Predictor, MetaEstimator {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let bag: Bag
  let classes: ClassLabels

  var members: [any Predictor] { bag.members }
  var classLabels: ClassLabels? { classes }
  var outputs: [ModelSignature.TensorSpec] { MetaAnswer.flatSpec(classes.datatype) }
  var probabilityOutputs: [ModelSignature.TensorSpec]? { MetaAnswer.matrixSpec(classes.count) }
  var decisionOutputs: [ModelSignature.TensorSpec]? { members.first?.decisionOutputs }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    let indices = MetaAnswer.largest(try probabilities(rows), columns: classes.count)
    return MetaAnswer.flat(classes.take(indices))
  }

  func predictProbabilities(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    MetaAnswer.matrix(try probabilities(rows), rows: rows.rows, columns: classes.count)
  }

  private func probabilities(_ rows: RowMatrix) throws(PredictError) -> [Double] {
    try RowChecks.requireShape(rows, for: identity)
    let width = classes.count
    var sums = [Double](repeating: 0, count: rows.rows * width)
    for (index, member) in members.enumerated() {
      let own = bag.rows(rows, for: index)
      // Members know classes by their indices, and maybe not all of them.
      guard member.probabilityOutputs != nil else {
        for (row, label) in try member.predictionNumbers(own).values.prefix(rows.rows).enumerated() {
          guard let place = place(label) else { throw unknownClass(member) }
          sums[row * width + place] += 1
        }
        continue
      }
      let numbers = try member.probabilityNumbers(own)
      let places = try places(of: member, columns: numbers.columns)
      for row in 0..<rows.rows {
        for (column, place) in places.enumerated() {
          sums[row * width + place] += numbers.values[row * numbers.columns + column]
        }
      }
    }
    for index in sums.indices { sums[index] /= bag.divisor }
    return sums
  }

  private func places(of member: any Predictor, columns: Int) throws(PredictError) -> [Int] {
    if columns == classes.count { return Array(0..<columns) }
    let places = (member.classLabels?.values.doubles() ?? []).compactMap { place($0) }
    guard places.count == columns else { throw unknownClass(member) }
    return places
  }

  private func place(_ label: Double) -> Int? {
    Int(exactly: label).flatMap { (0..<classes.count).contains($0) ? $0 : nil }
  }

  private func unknownClass(_ member: any Predictor) -> PredictError {
    .failed("\(member.identity.className) predicts classes that \(identity.className) does not know")
  }

  func decisionFunction(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    try RowChecks.requireShape(rows, for: identity)
    var sums: MemberNumbers?
    for (index, member) in members.enumerated() {
      let numbers = try member.decisionNumbers(bag.rows(rows, for: index))
      guard var present = sums else {
        sums = numbers
        continue
      }
      guard present.values.count == numbers.values.count else { throw unknownClass(member) }
      for place in present.values.indices { present.values[place] += numbers.values[place] }
      sums = present
    }
    guard let sums else { throw .failed("\(identity.className) holds no estimator") }
    let values = sums.values.map { $0 / bag.divisor }
    if sums.isFlat { return MetaAnswer.flat(.float64(values)) }
    return MetaAnswer.matrix(values, rows: rows.rows, columns: sums.columns)
  }
}

/// `sklearn.ensemble.BaggingRegressor` over any regressors.
struct BaggingRegressor: Predictor, MetaEstimator {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let bag: Bag

  var members: [any Predictor] { bag.members }
  var outputs: [ModelSignature.TensorSpec] { members.first?.outputs ?? MetaAnswer.flatSpec(.fp64) }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    try RowChecks.requireShape(rows, for: identity)
    var sums: MemberNumbers?
    for (index, member) in members.enumerated() {
      let numbers = try member.predictionNumbers(bag.rows(rows, for: index))
      var present =
        sums
        ?? MemberNumbers(
          values: [Double](repeating: 0, count: numbers.values.count), columns: numbers.columns,
          isFlat: numbers.isFlat)
      guard present.values.count == numbers.values.count else {
        throw .failed("the estimators of its \(identity.className) predict different shapes")
      }
      for place in present.values.indices { present.values[place] += numbers.values[place] }
      sums = present
    }
    guard let sums else { throw .failed("\(identity.className) holds no estimator") }
    let values = sums.values.map { $0 / bag.divisor }
    if sums.isFlat { return MetaAnswer.flat(.float64(values)) }
    return MetaAnswer.matrix(values, rows: rows.rows, columns: sums.columns)
  }
}
