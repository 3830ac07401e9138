internal import CShims
internal import InferenceProtocol
internal import ModelRuntime

/// `sklearn.preprocessing.Binarizer`: 1 above the threshold, else 0, in the rows' own type.
struct Binarizer: Transformer {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let threshold: Double

  var takesSparse: Bool { threshold >= 0 }
  var nanosecondsPerRow: Double { 20 + Double(identity.featureCount) }
  var memoryBytes: Int { 0 }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    try RowChecks.requireShape(rows, for: identity)
    if let sparse = rows.sparse { return RowMatrix(Binarizer.binarized(sparse, threshold)) }
    let rows = try rows.dense(for: identity)
    let values: TensorValues
    if rows.isFloat32 {
      let numbers = rows.floats()
      try RowChecks.requireFinite(numbers, allowsNaN: false, for: identity)
      values = .float32(numbers.map { $0 > Float(threshold) ? 1 : 0 })
    } else {
      let numbers = try RowChecks.doubles(rows, for: identity)
      switch rows.values {
      case .int64: values = .int64(numbers.map { $0 > threshold ? 1 : 0 })
      case .int32: values = .int32(numbers.map { $0 > threshold ? 1 : 0 })
      default: values = .float64(numbers.map { $0 > threshold ? 1 : 0 })
      }
    }
    return RowMatrix(rows: rows.rows, columns: rows.columns, values: values)
  }

  static func binarized(_ sparse: SparseRows, _ threshold: Double) -> SparseRows {
    var result = SparseRows(columns: sparse.columns)
    result.isSingle = sparse.isSingle
    for row in 0..<sparse.rows {
      for entry in sparse.entries(of: row) where sparse.values[entry] > threshold {
        result.append(Int(sparse.indices[entry]), 1)
      }
      result.endRow()
    }
    return result
  }
}

/// `sklearn.preprocessing.PowerTransformer`: Yeo-Johnson or Box-Cox, then a scaler.
struct PowerTransformer: DenseTransformer {
  enum Method: Sendable {
    case boxCox
    /// Since 1.6 scipy's function with `expm1`, before scikit-learn's own with `power`.
    case yeoJohnson(usesPower: Bool)
  }

  let identity: EstimatorIdentity
  let featureNames: [String]?
  let method: Method
  let exponents: [Double]
  /// The exponents are float32, which numpy subtracts in float32.
  let hasSingleExponents: Bool
  let scaler: ColumnScaler?

  var allowsNaN: Bool { true }
  var nanosecondsPerRow: Double { 30 + 40 * Double(identity.featureCount) }
  var memoryBytes: Int { 24 * identity.featureCount }

  func apply<Number: RealNumber>(_ values: [Number], rows: Int) throws(PredictError) -> [Number] {
    if case .boxCox = method, values.contains(where: { $0 <= 0 }) {
      throw .invalidInput("The Box-Cox transformation can only be applied to strictly positive data")
    }
    var result = values
    let width = identity.featureCount
    for index in values.indices {
      result[index] = transformed(values[index], exponents[index % width])
    }
    guard let scaler else { return result }
    // The scaler looks at its rows again, and a large number's power may be too large for their type.
    try RowChecks.requireFinite(result, allowsNaN: true, for: scaler.identity)
    return try scaler.apply(result, rows: rows)
  }

  private func transformed<Number: RealNumber>(_ value: Number, _ exponent: Double) -> Number {
    if case .yeoJohnson(usesPower: true) = method { return powered(value, exponent) }
    return Number(wide: transformed(value.wide, exponent))
  }

  /// scikit-learn's own formula, all of it in the rows' type.
  private func powered<Number: RealNumber>(_ value: Number, _ exponent: Double) -> Number {
    if value.isNaN { return value }
    if value >= 0 {
      if exponent.magnitude < Double.ulpOfOne { return Number(wide: apus_log1p(value.wide)) }
      return power(value + 1, Number(wide: exponent))
    }
    guard (exponent - 2).magnitude > Double.ulpOfOne else { return -Number(wide: apus_log1p(-value.wide)) }
    return -power(1 - value, Number(wide: 2 - exponent))
  }

  private func power<Number: RealNumber>(_ base: Number, _ exponent: Number) -> Number {
    (Number(wide: apus_pow(base.wide, exponent.wide)) - 1) / exponent
  }

  private func transformed(_ value: Double, _ exponent: Double) -> Double {
    if value.isNaN { return value }
    switch method {
    case .boxCox:
      if exponent.magnitude < 1e-19 { return apus_log(value) }
      return apus_expm1(exponent * apus_log(value)) / exponent
    case .yeoJohnson:
      if value >= 0 {
        if exponent.magnitude < Double.ulpOfOne { return apus_log1p(value) }
        return apus_expm1(exponent * apus_log1p(value)) / exponent
      }
      guard (exponent - 2).magnitude > Double.ulpOfOne else { return -apus_log1p(-value) }
      let rest = hasSingleExponents ? Double(2 - Float(exponent)) : 2 - exponent
      return -apus_expm1(rest * apus_log1p(-value)) / rest
    }
  }
}

/// `sklearn.preprocessing.PolynomialFeatures`.
struct PolynomialFeatures: DenseTransformer {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let minimumDegree: Int
  let maximumDegree: Int
  let interactionsOnly: Bool
  let includesBias: Bool
  /// Per column from degree two on: the column and the feature that it is the product of.
  let products: [(left: Int, feature: Int)]
  let outputColumns: Int

  /// At most this many columns.
  static let maximumColumns = 1 << 22

  /// - Returns: nil where there are too many columns.
  init?(
    identity: EstimatorIdentity, featureNames: [String]?, minimumDegree: Int, maximumDegree: Int,
    interactionsOnly: Bool, includesBias: Bool
  ) {
    self.identity = identity
    self.featureNames = featureNames
    self.minimumDegree = minimumDegree
    self.maximumDegree = maximumDegree
    self.interactionsOnly = interactionsOnly
    self.includesBias = includesBias
    let features = identity.featureCount
    var products: [(left: Int, feature: Int)] = []
    let first = includesBias ? 1 : 0
    var current = first
    if maximumDegree > 0 {
      var index = Array(first...(first + features))
      current += features
      for _ in 0..<max(0, maximumDegree - 1) {
        var next: [Int] = []
        let end = index[index.count - 1]
        for feature in 0..<features where feature < index.count - 1 {
          var start = index[feature]
          next.append(current)
          if interactionsOnly { start += index[feature + 1] - index[feature] }
          if end <= start { break }
          guard current + end - start <= PolynomialFeatures.maximumColumns else { return nil }
          for left in start..<end { products.append((left, feature)) }
          current += end - start
        }
        next.append(current)
        index = next
      }
    }
    self.products = products
    full = current
    // With a minimum degree the lower columns are calculated and left out.
    var dropped = 0
    if minimumDegree > 1, maximumDegree > 0 {
      dropped = PolynomialFeatures.columns(
        features, upTo: minimumDegree - 1, interactionsOnly: interactionsOnly)
    }
    self.dropped = dropped
    outputColumns = current - dropped
    guard outputColumns >= 0 else { return nil }
  }

  private let full: Int
  private let dropped: Int

  var nanosecondsPerRow: Double { 30 + 2 * Double(full) }
  var memoryBytes: Int { products.count * 16 }

  /// Columns of degrees one to `degree`.
  private static func columns(_ features: Int, upTo degree: Int, interactionsOnly: Bool) -> Int {
    var total = 0.0
    var combinations = 1.0
    for step in 1...max(1, degree) where degree > 0 {
      let factor = interactionsOnly ? features - step + 1 : features + step - 1
      combinations = combinations * Double(max(0, factor)) / Double(step)
      total += combinations.rounded()
    }
    return total < 1e9 ? Int(total) : Int(1e9)
  }

  func apply<Number: RealNumber>(_ values: [Number], rows: Int) throws(PredictError) -> [Number] {
    let (cells, overflow) = rows.multipliedReportingOverflow(by: full)
    guard !overflow, cells <= RowMatrix.maximumDenseCells else {
      throw .invalidInput(
        "\(rows) rows of \(full) polynomial features are too many; send fewer rows at a time.")
    }
    let features = identity.featureCount
    let first = includesBias ? 1 : 0
    var result: [Number] = []
    result.reserveCapacity(rows * outputColumns)
    var row = [Number](repeating: 1, count: max(full, first + features))
    for index in 0..<rows {
      let start = index * features
      if maximumDegree > 0 { for feature in 0..<features { row[first + feature] = values[start + feature] } }
      var column = first + features
      for product in products {
        row[column] = row[product.left] * values[start + product.feature]
        column += 1
      }
      if includesBias { result.append(1) }
      if full > first + dropped { result += row[(first + dropped)..<full] }
    }
    return result
  }
}
