/// One row while it is scored: every field of the document has a slot; derived ones are computed when asked.
final class Record {
  private let sources: [FieldSource]
  private var values: [FieldValue]
  private var states: [State]

  private enum State { case unknown, computing, known }

  init(_ sources: [FieldSource]) {
    self.sources = sources
    values = [FieldValue](repeating: .missing, count: sources.count)
    states = [State](repeating: .unknown, count: sources.count)
  }

  /// Forgets the last row.
  func reset() {
    for index in states.indices {
      states[index] = .unknown
      values[index] = .missing
    }
  }

  func set(_ slot: Int, _ value: FieldValue) {
    values[slot] = value
    states[slot] = .known
  }

  func value(_ slot: Int) throws(EvaluationError) -> FieldValue {
    switch states[slot] {
    case .known: return values[slot]
    case .computing:
      throw EvaluationError("The model's derived fields are defined in a circle")
    case .unknown: break
    }
    states[slot] = .computing
    let value: FieldValue
    switch sources[slot] {
    case .assigned: value = .missing
    case .treated(let source, let treatment): value = try treatment.apply(to: try self.value(source))
    case .derived(let expression, let type):
      let result = try expression.evaluate(self)
      value = type.cast(result) ?? result
    case .argument(let expression): value = try expression.evaluate(self)
    }
    set(slot, value)
    return value
  }

  func number(_ slot: Int) throws(EvaluationError) -> Double? { try value(slot).number }
}

/// Where a slot's value comes from.
enum FieldSource: Sendable {
  /// The request, or a model's output.
  case assigned
  case treated(Int, FieldTreatment)
  case derived(PMMLExpression, FieldType)
  /// An argument of a user-defined function: computed once, however often the body names it.
  case argument(PMMLExpression)
}
