internal import InferenceProtocol
internal import ModelRuntime

/// `sklearn.impute.IterativeImputer`: missing values are predicted from the other columns, in rounds.
struct IterativeImputer: Transformer {
  struct Step: Sendable {
    let feature: Int
    let neighbors: [Int]
    let estimator: any Predictor
  }

  let identity: EstimatorIdentity
  let featureNames: [String]?
  let missing: MissingValue
  let initial: SimpleImputer
  /// Columns that are kept, by their number in the request.
  let kept: [Int]
  let steps: [Step]
  /// Per kept column.
  let minimum: [Double]
  let maximum: [Double]
  let indicator: MissingIndicator?

  var outputColumns: Int { kept.count + (indicator?.columns.count ?? 0) }
  var nanosecondsPerRow: Double { steps.reduce(200) { $0 + $1.estimator.nanosecondsPerRow } }
  var memoryBytes: Int { steps.reduce(0) { $0 + $1.estimator.memoryBytes } }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    let rows = try rows.dense(for: identity)
    let source = rows.doubles()
    let isSingle = rows.isFloat32
    try RowChecks.requireFinite(source, allowsNaN: missing.allowsNaN, for: identity)
    try RowChecks.requireShape(rows, for: identity)
    let reals = RowMatrix(rows: rows.rows, columns: rows.columns, values: .float64(source))
    let block = try initial.transform(reals)
    let width = block.columns
    guard width == kept.count else { throw .failed("\(identity.className) holds parts that do not fit") }
    // numpy keeps what is filled in float32 rows in float32, from step to step.
    var filled = isSingle ? block.doubles().map { Double(Float($0)) } : block.doubles()
    let isMissing = { (row: Int, column: Int) in
      missing.matches(source[row * identity.featureCount + kept[column]])
    }
    let isAllMissing = (0..<rows.rows).allSatisfy { row in (0..<width).allSatisfy { isMissing(row, $0) } }
    // Where nothing is known scikit-learn answers the first guess.
    for step in isAllMissing ? [] : steps {
      let wanted = (0..<rows.rows).filter { isMissing($0, step.feature) }
      if wanted.isEmpty { continue }
      var inputs: [Double] = []
      for row in wanted { for neighbor in step.neighbors { inputs.append(filled[row * width + neighbor]) } }
      let answer = try step.estimator.predict(
        RowMatrix(
          rows: wanted.count, columns: step.neighbors.count,
          values: isSingle ? .float32(inputs.map { Float($0) }) : .float64(inputs)))
      let values = answer.first?.values.doubles() ?? []
      guard values.count == wanted.count else { throw .failed("an estimator answers another number of rows") }
      for (row, value) in zip(wanted, values) {
        let clipped = min(max(value, minimum[step.feature]), maximum[step.feature])
        filled[row * width + step.feature] = isSingle ? Double(Float(clipped)) : clipped
      }
    }
    let typed: TensorValues = isSingle ? .float32(filled.map { Float($0) }) : .float64(filled)
    let imputed = RowMatrix(rows: rows.rows, columns: width, values: typed)
    guard let indicator else { return imputed }
    return RowMatrix.sideBySide([imputed, try indicator.transform(rows)], rows: rows.rows, asSparse: false)
  }
}
