internal import CShims
internal import XML

/// `GeneralRegressionModel`: what R's `glm` and `lm` and SAS export; parameters, and which powers of which
/// fields belong to each.
struct GeneralRegressionModel: ModelCore {
  struct Parameter: Sendable {
    let factors: [(slot: Int, value: FieldValue)]
    let covariates: [(slot: Int, exponent: Double)]
  }

  let parameters: [Parameter]
  /// Per predicted category (one for regressions): coefficients by parameter.
  let coefficients: [(category: FieldValue, beta: [(parameter: Int, value: Double)])]
  let function: MiningFunction
  let link: @Sendable (Double) -> Double
  let isMultinomial: Bool
  /// The category that has no coefficients of its own.
  let reference: FieldValue
  let offset: Double

  func evaluate(_ record: Record) throws(EvaluationError) -> ModelResult {
    var factors: [Double] = []
    for parameter in parameters {
      guard let value = try Self.value(of: parameter, record) else { return ModelResult() }
      factors.append(value)
    }
    var scores: [(category: FieldValue, score: Double)] = []
    for (category, beta) in coefficients {
      var sum = 0.0
      for (parameter, value) in beta { sum += value * factors[parameter] }
      scores.append((category, sum + offset))
    }
    if function == .regression {
      return ModelResult(value: scores.first.map { .number(link($0.score)) } ?? .missing)
    }
    return classify(scores)
  }

  private func classify(_ scores: [(category: FieldValue, score: Double)]) -> ModelResult {
    var probabilities: [(category: FieldValue, probability: Double)] = []
    if isMultinomial {
      let exponentials = scores.map { apus_exp($0.score) }
      let total = exponentials.reduce(1, +)
      for (entry, value) in zip(scores, exponentials) {
        probabilities.append((entry.category, value / total))
      }
      probabilities.append((reference, 1 / total))
    } else if let first = scores.first {
      let probability = link(first.score)
      probabilities = [(first.category, probability), (reference, 1 - probability)]
    }
    return ModelResult(value: ModelResult.winner(probabilities), probabilities: probabilities)
  }

  /// Nil where a covariate is missing.
  private static func value(of parameter: Parameter, _ record: Record) throws(EvaluationError) -> Double? {
    var product = 1.0
    for (slot, wanted) in parameter.factors {
      let value = try record.value(slot)
      if value.isMissing { return nil }
      if value != wanted && value.ordered(with: wanted) != 0 { product = 0 }
    }
    for (slot, exponent) in parameter.covariates {
      guard let value = try record.number(slot) else { return nil }
      product *= exponent == 1 ? value : apus_pow(value, exponent)
    }
    return product
  }
}

extension GeneralRegressionModel {
  init(_ element: XMLElement, _ context: ModelContext) throws(PMMLError) {
    function = context.function
    let kind = try element.required("modelType")
    guard ["regression", "generalLinear", "generalizedLinear", "multinomialLogistic"].contains(kind) else {
      throw .unsupported("a GeneralRegressionModel of the type '\(kind.prefix(40))'")
    }
    isMultinomial = kind == "multinomialLogistic"
    link = try Self.link(element, kind)
    offset = try element.number("offsetValue") ?? 0
    if element["offsetVariable"] != nil || element["trialsVariable"] != nil {
      throw .unsupported("an offset or trials variable in a GeneralRegressionModel")
    }
    let names = (element.first("ParameterList")?.all("Parameter") ?? []).map { $0["name"] ?? "" }
    let positions = Dictionary(zip(names, names.indices), uniquingKeysWith: { first, _ in first })
    let factorNames = Set((element.first("FactorList")?.all("Predictor") ?? []).compactMap { $0["name"] })
    var factors = [[(slot: Int, value: FieldValue)]](repeating: [], count: names.count)
    var covariates = [[(slot: Int, exponent: Double)]](repeating: [], count: names.count)
    for cell in element.first("PPMatrix")?.all("PPCell") ?? [] {
      guard let position = positions[try cell.required("parameterName")] else {
        throw PMMLError(.corrupt, "a PPCell names a parameter that there is not")
      }
      let predictor = try cell.required("predictorName")
      let (slot, type) = try context.scope.field(predictor)
      let text = try cell.required("value")
      if factorNames.contains(predictor) {
        factors[position].append((slot, type.parse(text) ?? .text(text)))
      } else {
        covariates[position].append((slot, try cell.requiredNumber("value")))
      }
    }
    parameters = zip(factors, covariates).map { Parameter(factors: $0, covariates: $1) }
    var coefficients: [(category: FieldValue, beta: [(parameter: Int, value: Double)])] = []
    for cell in element.first("ParamMatrix")?.all("PCell") ?? [] {
      guard let position = positions[try cell.required("parameterName")] else {
        throw PMMLError(.corrupt, "a PCell names a parameter that there is not")
      }
      let category = cell["targetCategory"].map { context.category($0) } ?? .missing
      let entry = (parameter: position, value: try cell.requiredNumber("beta"))
      if let index = coefficients.firstIndex(where: { $0.category == category }) {
        coefficients[index].beta.append(entry)
      } else {
        coefficients.append((category, [entry]))
      }
    }
    let known = coefficients.map(\.category)
    let stated = element["targetReferenceCategory"].map { context.category($0) }
    let first = context.categories.first { !known.contains($0) }
    reference = stated ?? first ?? .missing
    if context.function == .classification, known == [.missing] {
      // Binomial exports leave the modelled category out: it is the one that is not the reference.
      let category = context.categories.first { $0 != stated ?? context.categories.first } ?? .missing
      coefficients[0].category = category
    }
    guard !coefficients.isEmpty else { throw .missing("ParamMatrix", in: element) }
    self.coefficients = coefficients
  }

  private static func link(_ element: XMLElement, _ kind: String) throws(PMMLError)
    -> @Sendable (Double) -> Double
  {
    let name = kind == "generalizedLinear" ? element["linkFunction"] ?? "identity" : "identity"
    switch name {
    case "identity": return { $0 }
    case "log": return { apus_exp($0) }
    case "logit": return { LinkFunction.logit.inverse($0) }
    case "probit": return { LinkFunction.probit.inverse($0) }
    case "cloglog": return { LinkFunction.cloglog.inverse($0) }
    case "loglog": return { LinkFunction.loglog.inverse($0) }
    case "cauchit": return { LinkFunction.cauchit.inverse($0) }
    case "logc": return { 1 - apus_exp($0) }
    case "power":
      let exponent = try element.requiredNumber("linkParameter")
      return { exponent == 0 ? apus_exp($0) : apus_pow($0, 1 / exponent) }
    default: throw .unsupported("the linkFunction '\(name.prefix(40))'")
    }
  }
}
