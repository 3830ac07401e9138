internal import XML

/// `MiningModel`: several models whose results are combined, or that feed each other.
struct MiningModel: ModelCore {
  struct Segment: Sendable {
    let id: String
    let predicate: Predicate
    let weight: Double
    let model: ScoringModel
  }

  enum Method: String, Sendable {
    case majorityVote, weightedMajorityVote, average, weightedAverage, median, max, sum, weightedSum
    case selectFirst, modelChain
  }

  let segments: [Segment]
  let method: Method
  let function: MiningFunction
  /// Sums are made in float32, as the exporters of XGBoost models ask for.
  let usesSinglePrecision: Bool
  let missingTreatment: String
  let missingThreshold: Double
  let categories: [FieldValue]

  func evaluate(_ record: Record) throws(EvaluationError) -> ModelResult {
    var results: [(segment: Segment, result: ModelResult)] = []
    var byID: [String: ModelResult] = [:]
    var missing = 0.0
    for segment in segments {
      guard try segment.predicate.evaluate(record) == true else { continue }
      let result = try segment.model.score(record)
      byID[segment.id] = result
      if method == .selectFirst { return finish(result, byID) }
      if result.value.isMissing, method != .modelChain {
        if missingTreatment == "returnMissing" { return ModelResult(segments: byID) }
        missing += 1
        if missingTreatment == "skipSegment" { continue }
        if missingTreatment == "continue", function == .regression { return ModelResult(segments: byID) }
      }
      results.append((segment, result))
    }
    if missing / Double(Swift.max(1, segments.count)) > missingThreshold {
      return ModelResult(segments: byID)
    }
    guard let last = results.last else { return ModelResult(segments: byID) }
    if method == .modelChain { return finish(last.result, byID) }
    return finish(function == .regression ? number(results) : category(results), byID)
  }

  private func finish(_ result: ModelResult, _ segments: [String: ModelResult]) -> ModelResult {
    var result = result
    result.segments.merge(segments) { _, outer in outer }
    return result
  }

  private func number(_ results: [(segment: Segment, result: ModelResult)]) -> ModelResult {
    let values = results.compactMap { $0.result.value.number }
    let weights = results.map(\.segment.weight)
    guard values.count == results.count, let first = values.first else { return ModelResult() }
    let value: Double
    switch method {
    case .average: value = sum(values, nil) / Double(values.count)
    case .weightedAverage: value = sum(values, weights) / weights.reduce(0, +)
    case .sum: value = sum(values, nil)
    case .weightedSum: value = sum(values, weights)
    case .median: value = BuiltInFunction.Aggregate.median(values)
    case .max: value = values.reduce(first) { Swift.max($0, $1) }
    case .majorityVote, .weightedMajorityVote, .selectFirst, .modelChain: return ModelResult()
    }
    return ModelResult(value: .number(value))
  }

  private func sum(_ values: [Double], _ weights: [Double]?) -> Double {
    if usesSinglePrecision {
      var total: Float = 0
      for (index, value) in values.enumerated() { total += Float(value) * Float(weights?[index] ?? 1) }
      return Double(total)
    }
    var total = 0.0
    for (index, value) in values.enumerated() { total += weights.map { $0[index] * value } ?? value }
    return total
  }

  private func category(_ results: [(segment: Segment, result: ModelResult)]) -> ModelResult {
    var shares = categories.map { (category: $0, probability: 0.0) }
    var total = 0.0
    func add(_ category: FieldValue, _ amount: Double) {
      if let position = shares.firstIndex(where: { $0.category == category }) {
        shares[position].probability += amount
      } else {
        shares.append((category, amount))
      }
    }
    for (segment, result) in results {
      switch method {
      case .majorityVote:
        add(result.value, 1)
        total += 1
      case .weightedMajorityVote:
        add(result.value, segment.weight)
        total += segment.weight
      case .max:
        for (category, probability) in result.probabilities {
          let position = shares.firstIndex { $0.category == category }
          if let position {
            shares[position].probability = Swift.max(shares[position].probability, probability)
          }
        }
        total = 1
      default:
        let weight = method == .weightedAverage ? segment.weight : 1
        for (category, probability) in result.probabilities { add(category, probability * weight) }
        total += weight
      }
    }
    guard total > 0 else { return ModelResult() }
    if method != .max { for index in shares.indices { shares[index].probability /= total } }
    return ModelResult(value: ModelResult.winner(shares), probabilities: shares)
  }
}

extension MiningModel {
  init(_ element: XMLElement, _ context: ModelContext) throws(PMMLError) {
    guard let segmentation = element.first("Segmentation") else {
      throw .unsupported("a MiningModel without a Segmentation")
    }
    let name = try segmentation.required("multipleModelMethod")
    guard let method = Method(rawValue: name) else {
      throw .unsupported("the multipleModelMethod '\(name.prefix(40))'")
    }
    self.method = method
    function = context.function
    usesSinglePrecision = element["mathContext"] == "float" || element["x-mathContext"] == "float"
    missingTreatment = segmentation["missingPredictionTreatment"] ?? "continue"
    missingThreshold = try segmentation.number("missingThreshold") ?? 1
    categories = context.categories
    var segments: [Segment] = []
    // What a segment of a chain puts out is seen by those after it.
    let scope = FieldScope(parent: context.scope)
    for (index, child) in segmentation.all("Segment").enumerated() {
      guard let body = child.children.first(where: { ModelReader.modelNames.contains($0.name) }) else {
        throw .unsupported("a Segment without a model of a known kind")
      }
      let model = try context.reader.read(body, scope, inherited: context)
      for output in model.outputs { scope.define(output.name, .field(slot: output.slot, type: output.type)) }
      segments.append(
        Segment(
          id: child["id"] ?? String(index + 1), predicate: try Predicate.read(childOf: child, scope),
          weight: try child.number("weight") ?? 1, model: model))
    }
    guard !segments.isEmpty else { throw .missing("Segment", in: segmentation) }
    self.segments = segments
  }
}
