internal import XML

/// What one model says of one record.
struct ModelResult: Sendable {
  /// The predicted category or number; missing where the model has no answer.
  var value: FieldValue = .missing
  /// Per category, in the document's order.
  var probabilities: [(category: FieldValue, probability: Double)] = []
  var confidences: [(category: FieldValue, probability: Double)] = []
  /// The id of the node, rule or cluster that answered.
  var entity: String?
  var affinity: Double?
  /// Most important first.
  var reasonCodes: [String] = []
  /// The results of a composite's segments by id.
  var segments: [String: ModelResult] = [:]

  func probability(of category: FieldValue) -> Double? {
    probabilities.first { $0.category == category || $0.category.ordered(with: category) == 0 }?.probability
  }

  func confidence(of category: FieldValue) -> Double? {
    confidences.first { $0.category == category || $0.category.ordered(with: category) == 0 }?.probability
  }

  /// The category of the largest probability; the first of equals.
  static func winner(
    _ probabilities: [(category: FieldValue, probability: Double)]
  ) -> FieldValue {
    var best: (category: FieldValue, probability: Double)?
    for entry in probabilities where entry.probability > (best?.probability ?? -.infinity) { best = entry }
    return best?.category ?? .missing
  }
}

/// The algorithm of one model element.
protocol ModelCore: Sendable {
  func evaluate(_ record: Record) throws(EvaluationError) -> ModelResult
}

/// `functionName`: what a model predicts.
enum MiningFunction: Sendable { case regression, classification, clustering, other }

/// A model element with everything around its algorithm: targets and outputs.
struct ScoringModel: Sendable {
  let core: any ModelCore
  let function: MiningFunction
  /// The name and type of the field that is predicted; nil where the document names none.
  let target: (name: String, type: FieldType)?
  let rescaling: TargetRescaling?
  let outputs: [OutputField]

  /// Scores a record and puts the outputs into their slots.
  func score(_ record: Record) throws(EvaluationError) -> ModelResult {
    var result = try core.evaluate(record)
    if let rescaling { result.value = rescaling.apply(result.value, function) }
    if let target, let typed = target.type.cast(result.value) { result.value = typed }
    for output in outputs { record.set(output.slot, try output.value(of: result, record)) }
    return result
  }
}

/// `Target`: what happens to a predicted number.
struct TargetRescaling: Sendable {
  let factor: Double
  let constant: Double
  let minimum: Double?
  let maximum: Double?
  let integerCast: String?
  /// The answer where the model has none.
  let defaultValue: FieldValue?

  init(_ element: XMLElement) throws(PMMLError) {
    factor = try element.number("rescaleFactor") ?? 1
    constant = try element.number("rescaleConstant") ?? 0
    minimum = try element.number("min")
    maximum = try element.number("max")
    integerCast = element["castInteger"]
    var defaultValue: FieldValue?
    for value in element.all("TargetValue") {
      if let number = try value.number("defaultValue") { defaultValue = .number(number) }
    }
    self.defaultValue = defaultValue
  }

  func apply(_ value: FieldValue, _ function: MiningFunction) -> FieldValue {
    if value.isMissing { return defaultValue ?? .missing }
    guard function == .regression, var number = value.number else { return value }
    if let minimum { number = max(number, minimum) }
    if let maximum { number = min(number, maximum) }
    number = number * factor + constant
    switch integerCast {
    case "round": number = (number + 0.5).rounded(.down)
    case "ceiling": number = number.rounded(.up)
    case "floor": number = number.rounded(.down)
    default: break
    }
    return .number(number)
  }
}

/// `OutputField`: what a model shows of its result.
struct OutputField: Sendable {
  enum Feature: Sendable {
    case value
    case probability(FieldValue?)
    case confidence(FieldValue?)
    case entity
    case affinity
    case reasonCode(rank: Int)
    case expression(PMMLExpression)
  }

  let name: String
  let type: FieldType
  let feature: Feature
  /// The segment whose result is shown; nil for the model's own.
  let segment: String?
  let isFinal: Bool
  let slot: Int

  func value(of result: ModelResult, _ record: Record) throws(EvaluationError) -> FieldValue {
    var shown = result
    if let segment {
      guard let found = result.segments[segment] else { return .missing }
      shown = found
    }
    let value = try read(shown, record)
    return type.cast(value) ?? value
  }

  private func read(_ result: ModelResult, _ record: Record) throws(EvaluationError) -> FieldValue {
    switch feature {
    case .value: return result.value
    case .probability(let category):
      return result.probability(of: category ?? result.value).map(FieldValue.number) ?? .missing
    case .confidence(let category):
      let wanted = category ?? result.value
      let known = result.confidence(of: wanted) ?? result.probability(of: wanted)
      return known.map(FieldValue.number) ?? .missing
    case .entity: return result.entity.map(FieldValue.text) ?? .missing
    case .affinity: return result.affinity.map(FieldValue.number) ?? .missing
    case .reasonCode(let rank):
      let codes = result.reasonCodes
      return rank >= 1 && rank <= codes.count ? .text(codes[rank - 1]) : .missing
    case .expression(let expression): return try expression.evaluate(record)
    }
  }
}
