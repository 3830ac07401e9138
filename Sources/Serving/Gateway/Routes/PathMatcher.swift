internal import KubeProtocol

/// What a rule asks of a request's path.
enum PathMatcher: Sendable {
  case any
  case exact(String)
  /// `PathPrefix`: whole elements (`/a` covers `/a` and `/a/b`, not `/ab`). Without a slash at its end.
  case elements(String)
  /// A regular expression that is a literal and `.*`.
  case prefix(String)
  /// Any other regular expression; the whole path must match, as in Envoy.
  case pattern(Pattern, source: String)

  /// A `RegularExpression`; literals and prefixes become plain comparisons.
  init(regularExpression source: String) throws(Pattern.Failure) {
    if let (literal, isPrefix) = Self.literal(source) {
      if !isPrefix {
        self = .exact(literal)
      } else {
        self = literal.isEmpty || literal == "/" ? .any : .prefix(literal)
      }
      return
    }
    self = .pattern(try Pattern("^(?:\(source))$"), source: source)
  }

  init(pathPrefix: String) {
    var prefix = pathPrefix[...]
    while prefix.hasSuffix("/") { prefix = prefix.dropLast() }
    self = prefix.isEmpty ? .any : .elements(String(prefix))
  }

  func matches(_ path: Substring) -> Bool {
    switch self {
    case .any: return true
    case .exact(let text): return path == text
    case .prefix(let text): return path.utf8.starts(with: text.utf8)
    case .elements(let text):
      guard path.utf8.starts(with: text.utf8) else { return false }
      let rest = path.utf8.dropFirst(text.utf8.count)
      return rest.isEmpty || rest.first == UInt8(ascii: "/")
    case .pattern(let pattern, _):
      // A path too long for the pattern's step limit matches nothing.
      return (try? pattern.matches(String(path))) ?? false
    }
  }

  /// Kinds in the Gateway API's order: exact first, prefixes last; expressions lie between, as in Envoy
  /// Gateway.
  var rank: Int {
    switch self {
    case .exact: 2
    case .pattern: 1
    case .any, .elements, .prefix: 0
    }
  }

  /// Characters that the matcher fixes: the longer one goes first.
  var length: Int {
    switch self {
    case .any: 0
    case .exact(let text), .elements(let text), .prefix(let text): text.utf8.count
    case .pattern(_, let source): source.utf8.count
    }
  }

  /// The literal that an expression stands for, and whether `.*` follows; nil for other expressions.
  private static func literal(_ source: String) -> (text: String, isPrefix: Bool)? {
    var rest = Substring(source)
    if rest.hasPrefix("^") { rest = rest.dropFirst() }
    if rest.hasSuffix("$"), !rest.hasSuffix("\\$") { rest = rest.dropLast() }
    let isPrefix = rest.hasSuffix(".*") && !rest.hasSuffix("\\.*")
    if isPrefix { rest = rest.dropLast(2) }
    var text = ""
    var iterator = rest.makeIterator()
    while let character = iterator.next() {
      if character == "\\" {
        // Escaped letters and digits are classes; escaped signs are themselves.
        guard let escaped = iterator.next(), !escaped.isLetter, !escaped.isNumber else { return nil }
        text.append(escaped)
      } else if "^$.|?*+()[]{}".contains(character) {
        return nil
      } else {
        text.append(character)
      }
    }
    return (text, isPrefix)
  }
}
