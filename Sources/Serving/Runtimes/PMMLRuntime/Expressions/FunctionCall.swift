/// A built-in function applied to expressions.
struct FunctionCall: Sendable {
  let function: BuiltInFunction
  let arguments: [PMMLExpression]
  /// The result where an argument is missing.
  let mapMissingTo: FieldValue?
  /// The result where the function gives none.
  let defaultValue: FieldValue?

  func evaluate(_ record: Record) throws(EvaluationError) -> FieldValue {
    if case .ifThenElse = function { return try conditional(record) }
    var values: [FieldValue] = []
    values.reserveCapacity(arguments.count)
    for argument in arguments { values.append(try argument.evaluate(record)) }
    if !function.acceptsMissing, let position = values.firstIndex(of: .missing) {
      if let replacement = mapMissingTo ?? defaultValue { return replacement }
      // As the reference implementation: a comparison with nothing is a mistake, arithmetic with it is
      // nothing.
      guard case .comparison(let comparison) = function else { return .missing }
      throw EvaluationError(
        "Function \"\(comparison.rawValue)\" cannot accept missing value at position \(position)")
    }
    let result = try function.apply(values)
    return result.isMissing ? defaultValue ?? .missing : result
  }

  private func conditional(_ record: Record) throws(EvaluationError) -> FieldValue {
    let condition = try arguments[0].evaluate(record)
    if condition.isMissing { return mapMissingTo ?? defaultValue ?? .missing }
    if condition.number == 1 { return try arguments[1].evaluate(record) }
    guard arguments.count > 2 else { return defaultValue ?? .missing }
    return try arguments[2].evaluate(record)
  }
}
