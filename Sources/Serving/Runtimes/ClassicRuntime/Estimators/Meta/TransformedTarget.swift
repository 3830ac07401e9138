internal import CShims
internal import InferenceProtocol
internal import ModelRuntime

/// `inverse_transform` of a target's transformer, one step after the other.
enum TargetInverse: Sendable {
  enum Function: String, Sendable, CaseIterable {
    case exp, expm1, log, log1p, log10, sqrt, square, negative, tanh, sinh, reciprocal
  }

  case function(Function)
  /// One number per column.
  case multiply([Double])
  case divide([Double])
  case add([Double])
  case subtract([Double])
  /// Numbers that are not finite are refused.
  case check(allowsNaN: Bool)

  func apply(_ value: Double, column: Int) -> Double {
    switch self {
    case .function(let function): TargetInverse.apply(function, value)
    case .multiply(let numbers): value * numbers[column]
    case .divide(let numbers): value / numbers[column]
    case .add(let numbers): value + numbers[column]
    case .subtract(let numbers): value - numbers[column]
    case .check: value
    }
  }

  /// Numbers that the step has per column; nil where it treats all columns alike.
  var width: Int? {
    switch self {
    case .function, .check: nil
    case .multiply(let numbers), .divide(let numbers), .add(let numbers), .subtract(let numbers):
      numbers.count
    }
  }

  private static func apply(_ function: Function, _ value: Double) -> Double {
    switch function {
    case .exp: apus_exp(value)
    case .expm1: apus_expm1(value)
    case .log: apus_log(value)
    case .log1p: apus_log1p(value)
    case .log10: apus_log10(value)
    case .sqrt: value.squareRoot()
    case .square: value * value
    case .negative: -value
    case .tanh: apus_tanh(value)
    case .sinh: apus_sinh(value)
    case .reciprocal: 1 / value
    }
  }
}

/// `sklearn.compose.TransformedTargetRegressor`.
struct TransformedTarget: Predictor, MetaEstimator {
  let identity: EstimatorIdentity
  let featureNames: [String]?
  let regressor: any Predictor
  let steps: [TargetInverse]
  /// The target had one dimension, so a single column is answered flat.
  let isFlat: Bool

  var members: [any Predictor] { [regressor] }
  var outputs: [ModelSignature.TensorSpec] {
    let columns = regressor.outputs.first?.shape.dropFirst().first ?? 1
    return columns == 1 && isFlat ? MetaAnswer.flatSpec(.fp64) : MetaAnswer.matrixSpec(columns)
  }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    var numbers = try regressor.predictionNumbers(rows)
    for step in steps {
      if case .check(let allowsNaN) = step {
        try RowChecks.requireFinite(handedOn: numbers.values, allowsNaN: allowsNaN)
        continue
      }
      if let width = step.width, width != numbers.columns {
        throw .failed("the transformer of its \(identity.className) expects \(width) columns")
      }
      for index in numbers.values.indices {
        numbers.values[index] = step.apply(numbers.values[index], column: index % max(numbers.columns, 1))
      }
    }
    if isFlat, numbers.columns == 1 { return MetaAnswer.flat(.float64(numbers.values)) }
    return MetaAnswer.matrix(numbers.values, rows: rows.rows, columns: numbers.columns)
  }
}
