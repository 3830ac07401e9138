internal import XML

/// A condition with three answers: true, false, and unknown (nil) where a value is missing.
indirect enum Predicate: Sendable {
  case always
  case never
  case compare(slot: Int, Comparison, FieldValue)
  case isMissing(slot: Int)
  case isNotMissing(slot: Int)
  case contained(slot: Int, in: Set<FieldValue>, negated: Bool)
  case all([Predicate])
  case any([Predicate])
  case odd([Predicate])
  /// The first that is known.
  case surrogate([Predicate])

  enum Comparison: String, Sendable {
    case equal, notEqual, lessThan, lessOrEqual, greaterThan, greaterOrEqual
  }

  static let elementNames: Set<String> = [
    "SimplePredicate", "CompoundPredicate", "SimpleSetPredicate", "True", "False",
  ]

  /// The predicate among an element's children.
  static func read(childOf element: XMLElement, _ scope: FieldScope) throws(PMMLError) -> Predicate {
    guard let child = element.children.first(where: { elementNames.contains($0.name) }) else {
      throw PMMLError(.corrupt, "its element \(element.name) has no predicate")
    }
    return try read(child, scope)
  }

  static func read(_ element: XMLElement, _ scope: FieldScope) throws(PMMLError) -> Predicate {
    switch element.name {
    case "True": return .always
    case "False": return .never
    case "SimplePredicate": return try readSimple(element, scope)
    case "SimpleSetPredicate": return try readSet(element, scope)
    default: return try readCompound(element, scope)
    }
  }

  private static func readSimple(_ element: XMLElement, _ scope: FieldScope) throws(PMMLError) -> Predicate {
    let (slot, type) = try scope.field(try element.required("field"))
    let name = try element.required("operator")
    if name == "isMissing" { return .isMissing(slot: slot) }
    if name == "isNotMissing" { return .isNotMissing(slot: slot) }
    guard let comparison = Comparison(rawValue: name) else {
      throw .unsupported("the operator '\(name.prefix(40))'")
    }
    let text = try element.required("value")
    guard
      let value = type.parse(text) ?? (type.isNumeric ? PMMLNumber.parse(text).map(FieldValue.number) : nil)
    else {
      throw PMMLError(.corrupt, "a predicate compares a \(type.rawValue) with '\(text.prefix(40))'")
    }
    return .compare(slot: slot, comparison, value)
  }

  private static func readSet(_ element: XMLElement, _ scope: FieldScope) throws(PMMLError) -> Predicate {
    let (slot, type) = try scope.field(try element.required("field"))
    guard let array = element.first("Array") else { throw .missing("Array", in: element) }
    let values = PMMLArray.texts(array).map { type.parse($0) ?? .text($0) }
    return .contained(slot: slot, in: Set(values), negated: element["booleanOperator"] == "isNotIn")
  }

  private static func readCompound(_ element: XMLElement, _ scope: FieldScope) throws(PMMLError) -> Predicate
  {
    var parts: [Predicate] = []
    for child in element.children where elementNames.contains(child.name) {
      parts.append(try read(child, scope))
    }
    switch element["booleanOperator"] {
    case "and": return .all(parts)
    case "or": return .any(parts)
    case "xor": return .odd(parts)
    case "surrogate": return .surrogate(parts)
    default: throw .unsupported("a compound predicate with '\(element["booleanOperator"] ?? "no operator")'")
    }
  }

  func evaluate(_ record: Record) throws(EvaluationError) -> Bool? {
    switch self {
    case .always: return true
    case .never: return false
    case .isMissing(let slot): return try record.value(slot).isMissing
    case .isNotMissing(let slot): return try !record.value(slot).isMissing
    case .compare(let slot, let comparison, let constant):
      return comparison.holds(try record.value(slot), constant)
    case .contained(let slot, let values, let negated):
      let value = try record.value(slot)
      return value.isMissing ? nil : values.contains(value) != negated
    case .all(let parts):
      var result: Bool? = true
      for part in parts {
        guard let known = try part.evaluate(record) else {
          result = nil
          continue
        }
        if !known { return false }
      }
      return result
    case .any(let parts):
      var result: Bool? = false
      for part in parts {
        guard let known = try part.evaluate(record) else {
          result = nil
          continue
        }
        if known { return true }
      }
      return result
    case .odd(let parts):
      var result = false
      for part in parts {
        guard let known = try part.evaluate(record) else { return nil }
        result = result != known
      }
      return result
    case .surrogate(let parts):
      for part in parts {
        if let known = try part.evaluate(record) { return known }
      }
      return nil
    }
  }
}

extension Predicate.Comparison {
  /// Nil where a value is missing.
  @inline(__always)
  func holds(_ value: FieldValue, _ constant: FieldValue) -> Bool? {
    if case .number(let left) = value, case .number(let right) = constant {
      switch self {
      case .equal: return left == right
      case .notEqual: return left != right
      case .lessThan: return left < right
      case .lessOrEqual: return left <= right
      case .greaterThan: return left > right
      case .greaterOrEqual: return left >= right
      }
    }
    if value.isMissing { return nil }
    switch self {
    case .equal: return value == constant || value.ordered(with: constant) == 0
    case .notEqual: return !(value == constant || value.ordered(with: constant) == 0)
    case .lessThan: return value.ordered(with: constant).map { $0 < 0 }
    case .lessOrEqual: return value.ordered(with: constant).map { $0 <= 0 }
    case .greaterThan: return value.ordered(with: constant).map { $0 > 0 }
    case .greaterOrEqual: return value.ordered(with: constant).map { $0 >= 0 }
    }
  }
}

/// The `Array` element: texts separated by blanks, quoted where they hold blanks.
enum PMMLArray {
  static func texts(_ element: XMLElement) -> [String] {
    var texts: [String] = []
    var current: [UInt8] = []
    var isQuoted = false
    var hasText = false
    var isEscaped = false
    for byte in element.text.utf8 {
      if isEscaped {
        current.append(byte)
        isEscaped = false
        continue
      }
      switch byte {
      case UInt8(ascii: "\\"): isEscaped = true
      case UInt8(ascii: "\""):
        isQuoted.toggle()
        hasText = true
      case 0...0x20 where !isQuoted:
        if hasText { texts.append(String(decoding: current, as: UTF8.self)) }
        current = []
        hasText = false
      default:
        current.append(byte)
        hasText = true
      }
    }
    if hasText { texts.append(String(decoding: current, as: UTF8.self)) }
    return texts
  }

  static func numbers(_ element: XMLElement) throws(PMMLError) -> [Double] {
    var numbers: [Double] = []
    for text in texts(element) {
      guard let number = PMMLNumber.parse(text) else {
        throw PMMLError(.corrupt, "an Array of numbers holds '\(text.prefix(40))'")
      }
      numbers.append(number)
    }
    return numbers
  }
}
