internal import XML

/// `Scorecard`: partial scores added up, with the reasons for points lost.
struct Scorecard: ModelCore {
  struct Characteristic: Sendable {
    let attributes: [Attribute]
    let baseline: Double?
  }
  struct Attribute: Sendable {
    let predicate: Predicate
    let partial: PMMLExpression
    let reasonCode: String?
  }

  let characteristics: [Characteristic]
  let initialScore: Double
  let usesReasonCodes: Bool
  let isPointsBelow: Bool

  func evaluate(_ record: Record) throws(EvaluationError) -> ModelResult {
    var score = initialScore
    var losses: [(code: String, points: Double)] = []
    for characteristic in characteristics {
      guard let attribute = try chosen(characteristic, record),
        let partial = try attribute.partial.evaluate(record).number
      else { return ModelResult() }
      score += partial
      guard usesReasonCodes, let code = attribute.reasonCode else { continue }
      let baseline = characteristic.baseline ?? 0
      let points = isPointsBelow ? baseline - partial : partial - baseline
      if let position = losses.firstIndex(where: { $0.code == code }) {
        losses[position].points += points
      } else {
        losses.append((code, points))
      }
    }
    // Stable, so that equal losses keep the document's order.
    let ranked = losses.enumerated().sorted {
      $0.element.points != $1.element.points
        ? $0.element.points > $1.element.points : $0.offset < $1.offset
    }
    return ModelResult(
      value: .number(score), reasonCodes: ranked.filter { $0.element.points >= 0 }.map(\.element.code))
  }

  private func chosen(
    _ characteristic: Characteristic, _ record: Record
  ) throws(EvaluationError) -> Attribute? {
    for attribute in characteristic.attributes where try attribute.predicate.evaluate(record) == true {
      return attribute
    }
    return nil
  }
}

extension Scorecard {
  init(_ element: XMLElement, _ context: ModelContext) throws(PMMLError) {
    initialScore = try element.number("initialScore") ?? 0
    usesReasonCodes = element["useReasonCodes"] != "false"
    isPointsBelow = element["reasonCodeAlgorithm"] != "pointsAbove"
    let general = try element.number("baselineScore")
    guard let list = element.first("Characteristics") else { throw .missing("Characteristics", in: element) }
    var characteristics: [Characteristic] = []
    for item in list.all("Characteristic") {
      var attributes: [Attribute] = []
      for attribute in item.all("Attribute") {
        attributes.append(
          Attribute(
            predicate: try Predicate.read(childOf: attribute, context.scope),
            partial: try Self.partial(attribute, context),
            reasonCode: attribute["reasonCode"] ?? item["reasonCode"]))
      }
      characteristics.append(
        Characteristic(attributes: attributes, baseline: try item.number("baselineScore") ?? general))
    }
    self.characteristics = characteristics
  }

  private static func partial(
    _ attribute: XMLElement, _ context: ModelContext
  ) throws(PMMLError) -> PMMLExpression {
    if let complex = attribute.first("ComplexPartialScore") {
      return try context.reader.expressions.read(childOf: complex, type: .double, context.scope)
    }
    return .constant(.number(try attribute.requiredNumber("partialScore")))
  }
}
