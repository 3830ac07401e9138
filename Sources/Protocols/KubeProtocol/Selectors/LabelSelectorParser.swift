/// Reads the query form of label selectors; the grammar and the messages are those of apimachinery's
/// `labels.Parse`.
///
/// Bounded: 64 KiB of text; every step consumes a token, so the time is linear.
struct LabelSelectorParser {
  private enum Token: Equatable {
    case end, comma, open, close, bang, equals, doubleEquals, notEquals, greater, less, isIn, notIn
    case identifier
  }

  static let maximumBytes = 64 << 10

  private let bytes: [UInt8]
  private var position = 0
  private let isTooLong: Bool

  init(_ text: String) {
    isTooLong = text.utf8.count > Self.maximumBytes
    bytes = isTooLong ? [] : Array(text.utf8)
  }

  mutating func parse() throws(SelectorError) -> [LabelSelector.Requirement] {
    if isTooLong { throw SelectorError("the label selector is longer than \(Self.maximumBytes) bytes") }
    var requirements: [LabelSelector.Requirement] = []
    while true {
      let (token, text) = peek(valueContext: false)
      switch token {
      case .identifier, .isIn, .notIn, .bang:
        do {
          requirements.append(try requirement())
        } catch {
          throw SelectorError("unable to parse requirement: \(error.message)")
        }
        let (separator, separatorText) = next(valueContext: false)
        switch separator {
        case .end: return requirements
        case .comma:
          let (following, followingText) = peek(valueContext: false)
          guard [.identifier, .isIn, .notIn, .bang].contains(following) else {
            throw SelectorError("found '\(followingText)', expected: identifier after ','")
          }
        default: throw SelectorError("found '\(separatorText)', expected: ',' or 'end of string'")
        }
      case .end: return requirements
      default: throw SelectorError("found '\(text)', expected: !, identifier, or 'end of string'")
      }
    }
  }

  private mutating func requirement() throws(SelectorError) -> LabelSelector.Requirement {
    var (token, text) = next(valueContext: true)
    let isNegated = token == .bang
    if isNegated { (token, text) = next(valueContext: true) }
    guard token == .identifier else { throw SelectorError("found '\(text)', expected: identifier") }
    let key = text
    let (following, _) = peek(valueContext: false)
    if isNegated { return try LabelSelector.Requirement(key: key, operation: .doesNotExist, values: []) }
    if following == .end || following == .comma {
      return try LabelSelector.Requirement(key: key, operation: .exists, values: [])
    }
    let (operatorToken, operatorText) = next(valueContext: false)
    let operation: LabelSelector.Requirement.Operation
    switch operatorToken {
    case .equals, .doubleEquals: operation = .equals
    case .notEquals: operation = .notEquals
    case .greater: operation = .greaterThan
    case .less: operation = .lessThan
    case .isIn: operation = .isIn
    case .notIn: operation = .notIn
    default: throw SelectorError("found '\(operatorText)', expected: in, notin, =, ==, !=, gt, lt")
    }
    let values = operation == .isIn || operation == .notIn ? try valueSet() : [try exactValue()]
    return try LabelSelector.Requirement(key: key, operation: operation, values: values)
  }

  private mutating func exactValue() throws(SelectorError) -> String {
    let (ahead, _) = peek(valueContext: true)
    if ahead == .end || ahead == .comma { return "" }
    let (token, text) = next(valueContext: true)
    guard token == .identifier else { throw SelectorError("found '\(text)', expected: identifier") }
    return text
  }

  /// `(a,b)`; an empty place between commas is the empty value.
  private mutating func valueSet() throws(SelectorError) -> [String] {
    let (open, openText) = next(valueContext: true)
    guard open == .open else { throw SelectorError("found '\(openText)' expected: '('") }
    var values: [String] = []
    var expectsValue = true
    while true {
      let (token, text) = next(valueContext: true)
      switch token {
      case .identifier where expectsValue:
        values.append(text)
        expectsValue = false
      case .comma:
        if expectsValue { values.append("") }
        expectsValue = true
      case .close:
        if expectsValue { values.append("") }
        return values
      default:
        let expected = expectsValue ? "',', ')' or identifier" : "',' or ')'"
        throw SelectorError("found '\(text)', expected: \(expected)")
      }
    }
  }

  private func peek(valueContext: Bool) -> (Token, String) {
    var copy = self
    return copy.next(valueContext: valueContext)
  }

  /// In the context of values, `in` and `notin` are plain identifiers.
  private mutating func next(valueContext: Bool) -> (Token, String) {
    while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    guard position < bytes.count else { return (.end, "") }
    let start = position
    if Self.isSpecial(bytes[position]) {
      let symbol = bytes[position]
      position += 1
      let isDouble = position < bytes.count && bytes[position] == UInt8(ascii: "=")
      let token = Self.token(symbol, followedByEquals: isDouble)
      if token == .doubleEquals || token == .notEquals { position += 1 }
      return (token, String(decoding: bytes[start..<position], as: UTF8.self))
    }
    while position < bytes.count, !Self.isSpecial(bytes[position]),
      ![0x20, 0x09, 0x0A, 0x0D].contains(bytes[position])
    {
      position += 1
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if !valueContext && text == "in" { return (.isIn, text) }
    if !valueContext && text == "notin" { return (.notIn, text) }
    return (.identifier, text)
  }

  private static func isSpecial(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "="), UInt8(ascii: "!"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ","),
      UInt8(ascii: ">"), UInt8(ascii: "<"):
      true
    default: false
    }
  }

  private static func token(_ symbol: UInt8, followedByEquals: Bool) -> Token {
    switch symbol {
    case UInt8(ascii: "="): followedByEquals ? .doubleEquals : .equals
    case UInt8(ascii: "!"): followedByEquals ? .notEquals : .bang
    case UInt8(ascii: "("): .open
    case UInt8(ascii: ")"): .close
    case UInt8(ascii: ","): .comma
    case UInt8(ascii: ">"): .greater
    default: .less
    }
  }
}
