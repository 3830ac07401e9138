/// A field's value while a record is scored.
enum FieldValue: Sendable, Hashable {
  case missing
  case number(Double)
  case text(String)
  case boolean(Bool)

  var isMissing: Bool { self == .missing }

  var number: Double? {
    switch self {
    case .number(let value): value
    case .boolean(let value): value ? 1 : 0
    case .text(let text): PMMLNumber.parse(text)
    case .missing: nil
    }
  }

  var text: String? {
    switch self {
    case .missing: nil
    case .text(let text): text
    case .boolean(let value): value ? "true" : "false"
    case .number(let value): PMMLNumber.text(value)
    }
  }

  /// Smaller, equal, greater; nil where the two cannot be compared.
  func ordered(with other: FieldValue) -> Int? {
    if case .text(let left) = self, case .text(let right) = other {
      return left == right ? 0 : left.utf8.lexicographicallyPrecedes(right.utf8) ? -1 : 1
    }
    guard let left = number, let right = other.number else { return nil }
    if left == right { return 0 }
    return left < right ? -1 : left > right ? 1 : nil
  }
}

/// The `dataType` of a field.
enum FieldType: String, Sendable {
  case string, integer, float, double, boolean
  case date, time, dateTime

  /// Types counted in days or seconds since some day are numbers.
  init(_ name: String) throws(PMMLError) {
    if let type = FieldType(rawValue: name) {
      self = type
    } else if name.hasPrefix("dateDaysSince") || name.hasPrefix("dateTimeSecondsSince")
      || name == "timeSeconds"
    {
      self = .integer
    } else {
      throw PMMLError(.corrupt, "it has the unknown dataType '\(name.prefix(60))'")
    }
  }

  var isNumeric: Bool { self == .integer || self == .float || self == .double }

  /// A text of the document or of a request as this type; nil where it is none.
  func parse(_ text: String) -> FieldValue? {
    switch self {
    case .string, .date, .time, .dateTime: return .text(text)
    case .boolean:
      switch text {
      case "true", "TRUE", "True", "1", "1.0": return .boolean(true)
      case "false", "FALSE", "False", "0", "0.0": return .boolean(false)
      default: return nil
      }
    case .integer, .float, .double: return PMMLNumber.parse(text).flatMap { cast(.number($0)) }
    }
  }

  /// A value in this type; nil where it has no form in it (a fraction as integer, a word as number).
  func cast(_ value: FieldValue) -> FieldValue? {
    switch (self, value) {
    case (_, .missing): return .missing
    case (.string, _), (.date, _), (.time, _), (.dateTime, _): return value.text.map(FieldValue.text)
    case (.boolean, .boolean): return value
    case (.boolean, .number(let number)):
      return number == 1 ? .boolean(true) : number == 0 ? .boolean(false) : nil
    case (.boolean, .text(let text)): return parse(text)
    case (.double, _): return value.number.map(FieldValue.number)
    case (.float, _): return value.number.map { .number(Double(Float($0))) }
    case (.integer, _):
      guard let number = value.number, number == number.rounded(.towardZero) else { return nil }
      return .number(number)
    }
  }
}

/// Numbers as PMML documents write them.
enum PMMLNumber {
  static func parse(_ text: String) -> Double? {
    var trimmed = Substring(text)
    while let first = trimmed.utf8.first, first <= 0x20 { trimmed.removeFirst() }
    while let last = trimmed.utf8.last, last <= 0x20 { trimmed.removeLast() }
    if let value = Double(trimmed) { return value }
    switch trimmed {
    case "INF", "Infinity": return .infinity
    case "-INF", "-Infinity": return -.infinity
    default: return nil
    }
  }

  /// Whole numbers without a fraction, as categories are written.
  static func text(_ value: Double) -> String {
    if let whole = Int64(exactly: value) { return String(whole) }
    return value.description
  }
}
