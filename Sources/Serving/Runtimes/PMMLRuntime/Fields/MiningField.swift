internal import XML

/// A field of a model's `MiningSchema`: its use, and what happens to missing, invalid and outlying values.
struct MiningField: Sendable {
  enum Usage: Sendable { case active, target, other }

  let name: String
  let usage: Usage
  let missingReplacement: String?
  let failsOnMissing: Bool
  let invalidTreatment: String
  let invalidReplacement: String?
  let outliers: String
  let lowValue: Double?
  let highValue: Double?

  init(_ element: XMLElement) throws(PMMLError) {
    name = try element.required("name")
    switch element["usageType"] ?? "active" {
    case "active": usage = .active
    case "target", "predicted": usage = .target
    default: usage = .other
    }
    missingReplacement = element["missingValueReplacement"]
    failsOnMissing = element["missingValueTreatment"] == "returnInvalid"
    invalidTreatment = element["invalidValueTreatment"] ?? "returnInvalid"
    invalidReplacement = element["invalidValueReplacement"]
    outliers = element["outliers"] ?? "asIs"
    lowValue = try element.number("lowValue")
    highValue = try element.number("highValue")
  }

  /// The fields of a model element's `MiningSchema`, in their order.
  static func schema(of element: XMLElement) throws(PMMLError) -> [MiningField] {
    var fields: [MiningField] = []
    for field in element.first("MiningSchema")?.all("MiningField") ?? [] {
      fields.append(try MiningField(field))
    }
    return fields
  }

  /// Whether the field passes through as it is.
  var isPlain: Bool { missingReplacement == nil && !failsOnMissing && outliers == "asIs" }
}

/// A mining field bound to the type of its values, with its replacements parsed.
struct FieldTreatment: Sendable {
  let field: MiningField
  /// The dictionary's rules; nil for derived fields and for fields that a parent model has checked.
  let dictionary: DataField?
  let missingReplacement: FieldValue?
  let invalidReplacement: FieldValue?

  init(_ field: MiningField, type: FieldType, dictionary: DataField?) {
    self.field = field
    self.dictionary = dictionary
    missingReplacement = field.missingReplacement.map { type.parse($0) ?? .text($0) }
    invalidReplacement = field.invalidReplacement.map { type.parse($0) ?? .text($0) }
  }

  func apply(to raw: FieldValue) throws(EvaluationError) -> FieldValue {
    var value = raw
    if let dictionary {
      let (checked, isValid) = dictionary.check(raw)
      value = checked
      if !isValid { value = try replaceInvalid(checked) }
    }
    value = limitOutlier(value)
    if value.isMissing {
      if field.failsOnMissing { throw EvaluationError("Field \"\(field.name)\" must not be missing") }
      return missingReplacement ?? .missing
    }
    return value
  }

  private func replaceInvalid(_ value: FieldValue) throws(EvaluationError) -> FieldValue {
    switch field.invalidTreatment {
    case "asIs": return value
    case "asMissing": return .missing
    case "asValue":
      if let invalidReplacement { return invalidReplacement }
    default: break
    }
    let shown: String
    if case .number(let number) = value {
      shown = number.description
    } else {
      shown = "\"\((value.text ?? "").prefix(100))\""
    }
    throw EvaluationError("Field \"\(field.name)\" cannot accept invalid value \(shown)")
  }

  private func limitOutlier(_ value: FieldValue) -> FieldValue {
    guard field.outliers != "asIs", case .number(let number) = value else { return value }
    if let low = field.lowValue, number < low {
      return field.outliers == "asMissingValues" ? .missing : .number(low)
    }
    if let high = field.highValue, number > high {
      return field.outliers == "asMissingValues" ? .missing : .number(high)
    }
    return value
  }
}

/// Why a record cannot be scored: the client's values do not fit the model.
struct EvaluationError: Error, Hashable {
  let message: String
  init(_ message: String) { self.message = message }
}
