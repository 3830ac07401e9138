/// What a scalar stands for: YAML 1.1's core types, as kubectl's reader resolves them.
enum YAMLScalar {
  struct Problem: Error { let message: String }

  private static let nulls: Set<String> = ["", "~", "null", "Null", "NULL"]
  private static let trues: Set<String> = [
    "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON",
  ]
  private static let falses: Set<String> = [
    "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF",
  ]
  private static let notFinite: Set<String> = [
    ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", ".nan", ".NaN", ".NAN",
  ]

  static func resolve(_ text: String, isPlain: Bool, tag: String?) -> Result<JSONValue, Problem> {
    if let tag, tag != "!" { return resolve(text, tag: tag) }
    guard isPlain, tag == nil else { return .success(.string(text)) }
    if nulls.contains(text) { return .success(.null) }
    if trues.contains(text) { return .success(.bool(true)) }
    if falses.contains(text) { return .success(.bool(false)) }
    if notFinite.contains(text) { return .failure(Problem(message: "\(text) has no JSON form: quote it")) }
    if let number = number(text) { return .success(.number(number)) }
    return .success(.string(text))
  }

  private static func resolve(_ text: String, tag: String) -> Result<JSONValue, Problem> {
    switch tag {
    case "tag:yaml.org,2002:str": return .success(.string(text))
    case "tag:yaml.org,2002:null": return .success(.null)
    case "tag:yaml.org,2002:bool":
      if trues.contains(text) { return .success(.bool(true)) }
      if falses.contains(text) { return .success(.bool(false)) }
      return .failure(Problem(message: "!!bool \(text) is neither true nor false"))
    case "tag:yaml.org,2002:int", "tag:yaml.org,2002:float":
      if let number = number(text) { return .success(.number(number)) }
      return .failure(Problem(message: "\(text) is no number"))
    default: return .success(.string(text))
    }
  }

  /// JSON numbers keep their text; YAML's other forms (`0x1F`, `0o17`, `017`, `1_000`, `+1`, `.5`) are
  /// converted.
  static func number(_ text: String) -> JSONNumber? {
    guard let first = text.utf8.first, (48...57).contains(first) || "+-.".utf8.contains(first) else {
      return nil
    }
    if let json = jsonNumber(text) { return json }
    var digits = text.filter { $0 != "_" }
    var sign = ""
    if digits.hasPrefix("-") || digits.hasPrefix("+") {
      sign = digits.removeFirst() == "-" ? "-" : ""
    }
    for (prefix, radix) in [("0x", 16), ("0b", 2), ("0o", 8)] where digits.hasPrefix(prefix) {
      return UInt64(digits.dropFirst(2), radix: radix).map { JSONNumber(uncheckedText: "\(sign)\($0)") }
    }
    if digits.count > 1, digits.hasPrefix("0"), let octal = UInt64(digits, radix: 8) {
      return JSONNumber(uncheckedText: "\(sign)\(octal)")
    }
    guard digits.utf8.contains(where: { (48...57).contains($0) }),
      digits.utf8.allSatisfy({ (48...57).contains($0) || ".eE+-".utf8.contains($0) }),
      let value = Double(digits), value.isFinite
    else { return nil }
    if let integer = UInt64(digits) { return JSONNumber(uncheckedText: "\(sign)\(integer)") }
    return JSONNumber(sign == "-" ? -value : value)
  }

  private static func jsonNumber(_ text: String) -> JSONNumber? {
    guard let value = try? JSONValue(parsing: text), case .number(let number) = value else { return nil }
    return number
  }

  /// Whether a plain scalar of this text would come back as the same string. Looks at scalars, not
  /// characters: a combining mark after `#` makes another character of it, but not another comment.
  static func isPlainSafe(_ text: String) -> Bool {
    let scalars = Array(text.unicodeScalars)
    guard let first = scalars.first, let last = scalars.last else { return false }
    if nulls.contains(text) || trues.contains(text) || falses.contains(text) || notFinite.contains(text) {
      return false
    }
    if number(text) != nil || text == "<<" || text == "=" { return false }
    // What looks like a date would come back as a timestamp in some readers.
    if (48...57).contains(first.value) && scalars.contains("-") { return false }
    if "-?:,[]{}#&*!|>'\"%@` ".unicodeScalars.contains(first) || last == " " || last == ":" { return false }
    for (left, right) in zip(scalars, scalars.dropFirst()) {
      if left == ":" && right == " " || left == " " && right == "#" { return false }
    }
    return scalars.allSatisfy(isPrintable)
  }

  /// Printable on one line in every reader's eyes.
  static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    (0x20..<0x2028).contains(scalar.value) && !(0x7F...0x9F).contains(scalar.value)
  }
}
