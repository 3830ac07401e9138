internal import XML

/// A field of the `DataDictionary`: what values it may have.
struct DataField: Sendable {
  let name: String
  let type: FieldType
  let isContinuous: Bool
  /// Empty: every value is valid (within the intervals).
  let validValues: Set<FieldValue>
  let invalidValues: Set<FieldValue>
  let missingValues: Set<FieldValue>
  /// Valid values in their order, for targets.
  let categories: [FieldValue]
  let intervals: [FieldInterval]

  init(_ element: XMLElement) throws(PMMLError) {
    name = try element.required("name")
    type = try FieldType(element["dataType"] ?? "double")
    isContinuous = element["optype"].map { $0 == "continuous" } ?? type.isNumeric
    var valid: [FieldValue] = []
    var invalid: [FieldValue] = []
    var missing: [FieldValue] = []
    for value in element.all("Value") {
      let text = try value.required("value")
      let parsed = type.parse(text) ?? .text(text)
      switch value["property"] ?? "valid" {
      case "valid": valid.append(parsed)
      case "invalid": invalid.append(parsed)
      default: missing.append(parsed)
      }
    }
    categories = valid
    validValues = Set(valid)
    invalidValues = Set(invalid)
    missingValues = Set(missing)
    var intervals: [FieldInterval] = []
    for interval in element.all("Interval") { intervals.append(try FieldInterval(interval)) }
    self.intervals = intervals
  }

  /// The value in this field's type and whether the dictionary allows it.
  func check(_ raw: FieldValue) -> (value: FieldValue, isValid: Bool) {
    if raw.isMissing { return (.missing, true) }
    if missingValues.contains(raw) { return (.missing, true) }
    guard let value = type.cast(raw) else { return (raw, false) }
    if missingValues.contains(value) { return (.missing, true) }
    if invalidValues.contains(value) { return (value, false) }
    if let number = value.number, !intervals.isEmpty, isContinuous {
      if intervals.contains(where: { $0.contains(number) }) { return (value, true) }
      return (value, validValues.contains(value))
    }
    return (value, validValues.isEmpty || validValues.contains(value))
  }
}

/// A range of numbers, open or closed at each end.
struct FieldInterval: Sendable {
  let lower: Double?
  let upper: Double?
  let isLowerOpen: Bool
  let isUpperOpen: Bool

  init(_ element: XMLElement) throws(PMMLError) {
    lower = try element.number("leftMargin")
    upper = try element.number("rightMargin")
    let closure = element["closure"] ?? "closedClosed"
    guard ["openOpen", "openClosed", "closedOpen", "closedClosed"].contains(closure) else {
      throw PMMLError(.corrupt, "it has an interval with the unknown closure '\(closure.prefix(40))'")
    }
    isLowerOpen = closure.hasPrefix("open")
    isUpperOpen = closure.hasSuffix("Open")
  }

  func contains(_ value: Double) -> Bool {
    if let lower, isLowerOpen ? value <= lower : value < lower { return false }
    if let upper, isUpperOpen ? value >= upper : value > upper { return false }
    return !value.isNaN
  }
}
