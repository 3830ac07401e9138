internal import CShims

/// The functions that PMML defines (4.4, "Built-in Functions"), but for those of dates and of regular
/// expressions.
enum BuiltInFunction: Sendable {
  case arithmetic(Arithmetic)
  case unary(Unary)
  case aggregate(Aggregate)
  case comparison(Predicate.Comparison)
  case and, or, not
  case isMissing, isNotMissing
  case isIn, isNotIn
  case ifThenElse
  case threshold
  case text(TextFunction)

  enum Arithmetic: String, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case power = "pow"
    case modulo, hypot, atan2
  }
  enum Unary: String, Sendable {
    case abs, sqrt, exp, ln, log10, floor, ceil, round, rint, expm1, ln1p
    case sin, cos, tan, asin, acos, atan, sinh, cosh, tanh
    case stdNormalCDF, erf
  }
  enum Aggregate: String, Sendable { case min, max, sum, avg, median, product }
  enum TextFunction: String, Sendable {
    case uppercase, lowercase, trimBlanks, substring, concat, stringLength
  }

  init?(_ name: String) {
    if let function = Arithmetic(rawValue: name) {
      self = .arithmetic(function)
    } else if let function = Unary(rawValue: name) {
      self = .unary(function)
    } else if let function = Aggregate(rawValue: name) {
      self = .aggregate(function)
    } else if let function = Predicate.Comparison(rawValue: name) {
      self = .comparison(function)
    } else if let function = TextFunction(rawValue: name) {
      self = .text(function)
    } else {
      switch name {
      case "and": self = .and
      case "or": self = .or
      case "not": self = .not
      case "isMissing": self = .isMissing
      case "isNotMissing", "isValid": self = .isNotMissing
      case "isIn": self = .isIn
      case "isNotIn": self = .isNotIn
      case "if": self = .ifThenElse
      case "threshold": self = .threshold
      default: return nil
      }
    }
  }

  /// How many arguments it takes.
  var arity: ClosedRange<Int> {
    switch self {
    case .arithmetic(.subtract): 1...2
    case .arithmetic, .comparison, .threshold: 2...2
    case .unary, .not, .isMissing, .isNotMissing: 1...1
    case .aggregate, .and, .or: 1...10_000
    case .isIn, .isNotIn: 2...10_000
    case .ifThenElse: 2...3
    case .text(.substring): 3...3
    case .text(.concat): 1...10_000
    case .text: 1...1
    }
  }

  /// Whether it looks at missing values itself.
  var acceptsMissing: Bool {
    switch self {
    case .isMissing, .isNotMissing, .aggregate, .and, .or: true
    default: false
    }
  }

  func apply(_ values: [FieldValue]) throws(EvaluationError) -> FieldValue {
    switch self {
    case .arithmetic(let function): return Self.calculate(function, values)
    case .unary(let function):
      guard let value = values[0].number else { return .missing }
      return .number(function.apply(value))
    case .aggregate(let function): return function.apply(values.compactMap(\.number))
    case .comparison(let comparison):
      return comparison.holds(values[0], values[1]).map(FieldValue.boolean) ?? .missing
    case .and: return Self.logic(values, decides: 0)
    case .or: return Self.logic(values, decides: 1)
    case .not: return values[0].number.map { .boolean($0 == 0) } ?? .missing
    case .isMissing: return .boolean(values[0].isMissing)
    case .isNotMissing: return .boolean(!values[0].isMissing)
    case .isIn, .isNotIn:
      let isContained = values.dropFirst().contains { $0 == values[0] || $0.ordered(with: values[0]) == 0 }
      if case .isIn = self { return .boolean(isContained) }
      return .boolean(!isContained)
    case .threshold:
      guard let value = values[0].number, let limit = values[1].number else { return .missing }
      return .number(value > limit ? 1 : 0)
    case .ifThenElse: return .missing
    case .text(let function): return function.apply(values)
    }
  }

  /// `and` and `or` in three-valued logic: the first value that decides, else missing where one is missing.
  private static func logic(_ values: [FieldValue], decides: Double) -> FieldValue {
    if values.contains(where: { $0.number == decides }) { return .boolean(decides == 1) }
    return values.contains(.missing) ? .missing : .boolean(decides == 0)
  }

  private static func calculate(_ function: Arithmetic, _ values: [FieldValue]) -> FieldValue {
    if values.count == 1 { return values[0].number.map { .number(-$0) } ?? .missing }
    guard let left = values[0].number, let right = values[1].number else { return .missing }
    switch function {
    case .add: return .number(left + right)
    case .subtract: return .number(left - right)
    case .multiply: return .number(left * right)
    case .divide: return right == 0 ? .missing : .number(left / right)
    case .power: return .number(apus_pow(left, right))
    case .modulo:
      if right == 0 { return .missing }
      let rest = left.truncatingRemainder(dividingBy: right)
      return .number(rest != 0 && (rest < 0) != (right < 0) ? rest + right : rest)
    case .hypot: return .number((left * left + right * right).squareRoot())
    case .atan2: return .number(apus_atan2(left, right))
    }
  }
}

extension BuiltInFunction.Unary {
  func apply(_ value: Double) -> Double {
    switch self {
    case .abs: value.magnitude
    case .sqrt: value.squareRoot()
    case .exp: apus_exp(value)
    case .ln: apus_log(value)
    case .log10: apus_log10(value)
    case .floor: value.rounded(.down)
    case .ceil: value.rounded(.up)
    case .round: (value + 0.5).rounded(.down)
    case .rint: value.rounded(.toNearestOrEven)
    case .expm1: apus_expm1(value)
    case .ln1p: apus_log1p(value)
    case .sin: apus_sin(value)
    case .cos: apus_cos(value)
    case .tan: apus_tan(value)
    case .asin: apus_asin(value)
    case .acos: apus_acos(value)
    case .atan: apus_atan(value)
    case .sinh: apus_sinh(value)
    case .cosh: apus_cosh(value)
    case .tanh: apus_tanh(value)
    case .stdNormalCDF: 0.5 * apus_erfc(-value / 2.0.squareRoot())
    case .erf: apus_erf(value)
    }
  }
}

extension BuiltInFunction.Aggregate {
  /// Of the values that are not missing; missing where there is none.
  func apply(_ values: [Double]) -> FieldValue {
    guard let first = values.first else { return .missing }
    switch self {
    case .min: return .number(values.reduce(first) { Swift.min($0, $1) })
    case .max: return .number(values.reduce(first) { Swift.max($0, $1) })
    case .sum: return .number(values.reduce(0, +))
    case .avg: return .number(values.reduce(0, +) / Double(values.count))
    case .product: return .number(values.reduce(1, *))
    case .median: return .number(Self.median(values))
    }
  }

  static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}

extension BuiltInFunction.TextFunction {
  func apply(_ values: [FieldValue]) -> FieldValue {
    guard let text = values[0].text else { return .missing }
    switch self {
    case .uppercase: return .text(text.uppercased())
    case .lowercase: return .text(text.lowercased())
    case .trimBlanks:
      let blank: (Unicode.Scalar) -> Bool = { $0.properties.isWhitespace }
      let scalars = text.unicodeScalars
      guard let start = scalars.firstIndex(where: { !blank($0) }),
        let end = scalars.lastIndex(where: { !blank($0) })
      else { return .text("") }
      return .text(String(scalars[start...end]))
    case .substring:
      // Positions count from 1.
      guard let start = values[1].number.flatMap({ Int(exactly: $0) }),
        let length = values[2].number.flatMap({ Int(exactly: $0) }), start >= 1, length >= 0
      else { return .missing }
      return .text(String(String.UnicodeScalarView(text.unicodeScalars.dropFirst(start - 1).prefix(length))))
    case .concat: return .text(values.compactMap(\.text).joined())
    case .stringLength: return .number(Double(text.unicodeScalars.count))
    }
  }
}
