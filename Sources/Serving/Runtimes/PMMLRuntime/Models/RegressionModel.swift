internal import CShims
internal import XML

/// `RegressionModel`: linear, logistic and the like, one table per category.
struct RegressionModel: ModelCore {
  struct Table: Sendable {
    let intercept: Double
    let numeric: [(slot: Int, coefficient: Double, exponent: Double)]
    let categorical: [(slot: Int, value: FieldValue, coefficient: Double)]
    let terms: [(slots: [Int], coefficient: Double)]
    let category: FieldValue

    /// Nil where a number is missing.
    func score(_ record: Record) throws(EvaluationError) -> Double? {
      var sum = 0.0
      for predictor in numeric {
        guard let value = try record.number(predictor.slot) else { return nil }
        sum += predictor.coefficient * (predictor.exponent == 1 ? value : apus_pow(value, predictor.exponent))
      }
      for predictor in categorical {
        let value = try record.value(predictor.slot)
        if value == predictor.value || value.ordered(with: predictor.value) == 0 {
          sum += predictor.coefficient
        }
      }
      for term in terms {
        var product = term.coefficient
        for slot in term.slots {
          guard let value = try record.number(slot) else { return nil }
          product *= value
        }
        sum += product
      }
      return sum + intercept
    }
  }

  let tables: [Table]
  let function: MiningFunction
  let normalization: LinkFunction

  func evaluate(_ record: Record) throws(EvaluationError) -> ModelResult {
    var scores: [Double] = []
    for table in tables {
      guard let score = try table.score(record) else { return ModelResult() }
      scores.append(score)
    }
    guard function == .classification else {
      return ModelResult(value: scores.first.map { .number(normalization.inverse($0)) } ?? .missing)
    }
    let probabilities = normalization.probabilities(scores)
    let pairs = zip(tables, probabilities).map { (category: $0.category, probability: $1) }
    return ModelResult(value: ModelResult.winner(pairs), probabilities: pairs)
  }
}

extension RegressionModel {
  init(_ element: XMLElement, _ context: ModelContext) throws(PMMLError) {
    function = context.function
    let name = element["normalizationMethod"] ?? "none"
    guard let normalization = LinkFunction(rawValue: name) else {
      throw .unsupported("the normalizationMethod '\(name.prefix(40))'")
    }
    self.normalization = normalization
    var tables: [Table] = []
    for table in element.all("RegressionTable") { tables.append(try Self.table(table, context)) }
    guard !tables.isEmpty else { throw .missing("RegressionTable", in: element) }
    self.tables = tables
  }

  private static func table(_ element: XMLElement, _ context: ModelContext) throws(PMMLError) -> Table {
    var numeric: [(slot: Int, coefficient: Double, exponent: Double)] = []
    for predictor in element.all("NumericPredictor") {
      let slot = try context.scope.field(try predictor.required("name")).slot
      numeric.append(
        (slot, try predictor.requiredNumber("coefficient"), try predictor.number("exponent") ?? 1))
    }
    var categorical: [(slot: Int, value: FieldValue, coefficient: Double)] = []
    for predictor in element.all("CategoricalPredictor") {
      let (slot, type) = try context.scope.field(try predictor.required("name"))
      let text = try predictor.required("value")
      categorical.append(
        (slot, type.parse(text) ?? .text(text), try predictor.requiredNumber("coefficient")))
    }
    var terms: [(slots: [Int], coefficient: Double)] = []
    for term in element.all("PredictorTerm") {
      var slots: [Int] = []
      for reference in term.all("FieldRef") {
        slots.append(try context.scope.field(try reference.required("field")).slot)
      }
      terms.append((slots, try term.requiredNumber("coefficient")))
    }
    return Table(
      intercept: try element.number("intercept") ?? 0, numeric: numeric, categorical: categorical,
      terms: terms,
      category: element["targetCategory"].map { context.category($0) } ?? .missing)
  }
}

/// From linear scores to predicted values (PMML 4.4, "Normalization methods").
enum LinkFunction: String, Sendable {
  case none, simplemax, softmax, logit, probit, cloglog, exp, loglog, cauchit

  func inverse(_ score: Double) -> Double {
    switch self {
    case .none, .simplemax: score
    case .softmax, .logit: 1 / (1 + apus_exp(-score))
    case .probit: 0.5 * apus_erfc(-score / 2.0.squareRoot())
    case .cloglog: 1 - apus_exp(-apus_exp(score))
    case .loglog: apus_exp(-apus_exp(-score))
    case .exp: apus_exp(score)
    case .cauchit: 0.5 + apus_atan(score) / Double.pi
    }
  }

  func probabilities(_ scores: [Double]) -> [Double] {
    switch self {
    case .softmax:
      let maximum = scores.max() ?? 0
      let exponentials = scores.map { apus_exp($0 - maximum) }
      let sum = exponentials.reduce(0, +)
      return exponentials.map { $0 / sum }
    case .simplemax:
      let sum = scores.reduce(0, +)
      return scores.map { $0 / sum }
    case .none where scores.count == 2:
      return [scores[0], 1 - scores[0]]
    case .none: return scores
    default:
      if scores.count == 2 {
        let first = inverse(scores[0])
        return [first, 1 - first]
      }
      let values = scores.map { inverse($0) }
      let sum = values.reduce(0, +)
      return sum > 0 ? values.map { $0 / sum } : values
    }
  }
}
