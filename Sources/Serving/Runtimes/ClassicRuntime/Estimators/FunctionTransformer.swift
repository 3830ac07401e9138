internal import CShims
internal import InferenceProtocol
internal import ModelRuntime

/// `sklearn.preprocessing.FunctionTransformer` with a numpy function of one argument, or none.
struct FunctionTransformer: Transformer {
  /// Known by name; nothing is ever looked up or run.
  enum Function: String, Sendable, CaseIterable {
    case log, log1p, log10, exp, expm1, sqrt, square, absolute, reciprocal, negative, sign, sin, cos, tan
    case tanh, floor, ceil, rint

    func callAsFunction(_ value: Double) -> Double {
      switch self {
      case .log: apus_log(value)
      case .log1p: apus_log1p(value)
      case .log10: apus_log10(value)
      case .exp: apus_exp(value)
      case .expm1: apus_expm1(value)
      case .sqrt: value.squareRoot()
      case .square: value * value
      case .absolute: value.magnitude
      case .reciprocal: 1 / value
      case .negative: -value
      case .sign: value > 0 ? 1 : value < 0 ? -1 : value == 0 ? 0 : value
      case .sin: apus_sin(value)
      case .cos: apus_cos(value)
      case .tan: apus_tan(value)
      case .tanh: apus_tanh(value)
      case .floor: value.rounded(.down)
      case .ceil: value.rounded(.up)
      case .rint: value.rounded(.toNearestOrEven)
      }
    }

    /// Whether integers stay integers in numpy.
    var keepsIntegers: Bool {
      [.square, .absolute, .negative, .sign, .floor, .ceil, .reciprocal].contains(self)
    }
  }

  let identity: EstimatorIdentity
  let featureNames: [String]?
  /// nil: the rows as they are.
  let function: Function?
  let validates: Bool

  var takesTables: Bool { function == nil && !validates }
  var takesSparse: Bool { function == nil }
  var nanosecondsPerRow: Double { 30 + 10 * Double(max(1, identity.featureCount)) }
  var memoryBytes: Int { 0 }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    if validates {
      let values = rows.isFloat32 ? rows.floats().map { Double($0) } : rows.doubles()
      try RowChecks.requireFinite(values, allowsNaN: false, for: identity)
      try RowChecks.requireShape(rows, for: identity)
    }
    guard let function else { return rows }
    let rows = try rows.dense(for: identity)
    let values = rows.doubles().map { function($0) }
    let typed: TensorValues
    switch rows.values {
    case .float32: typed = .float32(values.map { Float($0) })
    case .int64 where function.keepsIntegers:
      typed = .int64(values.map { Int64(exactly: $0.rounded(.towardZero)) ?? 0 })
    case .int32 where function.keepsIntegers:
      typed = .int32(values.map { Int32(exactly: $0.rounded(.towardZero)) ?? 0 })
    default: typed = .float64(values)
    }
    return RowMatrix(rows: rows.rows, columns: rows.columns, values: typed)
  }
}
