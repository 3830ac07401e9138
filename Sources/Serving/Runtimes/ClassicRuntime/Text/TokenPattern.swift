/// The token patterns that can be served: runs of one class of characters, at least so long. That is what the
/// usual patterns are; a general regular expression could take for ever.
struct TokenPattern: Sendable, Hashable {
  struct Members: Sendable, Hashable {
    var words = false
    var digits = false
    var notSpaces = false
    var spaces = false
    var ranges: [ClosedRange<UInt32>] = []
    var isNegated = false

    func contains(_ scalar: Unicode.Scalar) -> Bool {
      let isMember =
        (words && PythonText.isWord(scalar)) || (digits && PythonText.isDigit(scalar))
        || (spaces && PythonText.isSpace(scalar)) || (notSpaces && !PythonText.isSpace(scalar))
        || ranges.contains { $0.contains(scalar.value) }
      return isMember != isNegated
    }

    /// Whether all members are word characters, between which there is no boundary.
    var isWithinWords: Bool {
      !isNegated && !notSpaces && !spaces
        && ranges.allSatisfy { range in
          range.count < 1000
            && range.allSatisfy { Unicode.Scalar($0).map(PythonText.isWord) ?? false }
        }
    }
  }

  let members: Members
  let minimum: Int
  /// The run must begin and end at a word's boundary.
  let needsStart: Bool
  let needsEnd: Bool

  /// `(?u)\b\w\w+\b`.
  static let standard = TokenPattern(parsing: #"(?u)\b\w\w+\b"#)

  /// - Returns: nil for a pattern that is none of these.
  init?(parsing pattern: String) {
    var rest = Substring(pattern)
    if rest.hasPrefix("(?u)") { rest.removeFirst(4) }
    let needsStart = TokenPattern.take(#"\b"#, &rest)
    var members: Members?
    var minimum = 0
    var isUnbounded = false
    while !rest.isEmpty, rest != #"\b"# {
      guard let next = TokenPattern.members(&rest), members == nil || members == next else { return nil }
      members = next
      guard let (low, hasNoLimit) = TokenPattern.quantifier(&rest) else { return nil }
      minimum += low
      isUnbounded = isUnbounded || hasNoLimit
    }
    let needsEnd = TokenPattern.take(#"\b"#, &rest)
    guard let members, isUnbounded, minimum > 0, minimum < 1000, rest.isEmpty else { return nil }
    guard !(needsStart || needsEnd) || members.isWithinWords else { return nil }
    self.members = members
    self.minimum = minimum
    self.needsStart = needsStart
    self.needsEnd = needsEnd
  }

  /// `findall`.
  func tokens(_ text: [Unicode.Scalar]) -> [ArraySlice<Unicode.Scalar>] {
    var tokens: [ArraySlice<Unicode.Scalar>] = []
    var position = 0
    while position < text.count {
      guard members.contains(text[position]) else {
        position += 1
        continue
      }
      var end = position + 1
      while end < text.count, members.contains(text[end]) { end += 1 }
      let startsWord = position == 0 || !PythonText.isWord(text[position - 1])
      let endsWord = end == text.count || !PythonText.isWord(text[end])
      if end - position >= minimum, startsWord || !needsStart, endsWord || !needsEnd {
        tokens.append(text[position..<end])
      }
      position = end
    }
    return tokens
  }

  // MARK: Reading the pattern

  private static func take(_ prefix: String, _ rest: inout Substring) -> Bool {
    guard rest.hasPrefix(prefix) else { return false }
    rest.removeFirst(prefix.count)
    return true
  }

  private static func members(_ rest: inout Substring) -> Members? {
    var members = Members()
    if rest.first == "[" { return bracket(&rest) }
    guard let escape = escape(&rest) else { return nil }
    switch escape {
    case "w": members.words = true
    case "d": members.digits = true
    case "S": members.notSpaces = true
    default: return nil
    }
    return members
  }

  private static func escape(_ rest: inout Substring) -> Character? {
    guard rest.first == "\\", let letter = rest.dropFirst().first else { return nil }
    rest.removeFirst(2)
    return letter
  }

  private static func bracket(_ rest: inout Substring) -> Members? {
    rest.removeFirst()
    var members = Members()
    members.isNegated = take("^", &rest)
    while let character = rest.first, character != "]" {
      if let letter = escape(&rest) {
        switch letter {
        case "w": members.words = true
        case "d": members.digits = true
        case "s": members.spaces = true
        case "S": members.notSpaces = true
        case "-", "_", ".", "'", "]", "[", "\\", "/", "+", "#", "@":
          guard let code = letter.unicodeScalars.first?.value else { return nil }
          members.ranges.append(code...code)
        default: return nil
        }
        continue
      }
      rest.removeFirst()
      guard let low = single(character), character != "[" else { return nil }
      if rest.first == "-", let end = rest.dropFirst().first, end != "]" {
        guard let high = single(end), end != "\\", low <= high else { return nil }
        rest.removeFirst(2)
        members.ranges.append(low...high)
      } else {
        members.ranges.append(low...low)
      }
    }
    return take("]", &rest) ? members : nil
  }

  private static func single(_ character: Character) -> UInt32? {
    character.unicodeScalars.count == 1 ? character.unicodeScalars.first?.value : nil
  }

  /// The least number, and whether there is no largest.
  private static func quantifier(_ rest: inout Substring) -> (Int, Bool)? {
    switch rest.first {
    case "+":
      rest.removeFirst()
      return rest.first == "?" || rest.first == "+" ? nil : (1, true)
    case "*":
      rest.removeFirst()
      return rest.first == "?" || rest.first == "+" ? nil : (0, true)
    case "?": return nil
    case "{":
      guard let end = rest.firstIndex(of: "}") else { return nil }
      let parts = rest[rest.index(after: rest.startIndex)..<end].split(
        separator: ",", omittingEmptySubsequences: false)
      rest = rest[rest.index(after: end)...]
      guard let low = parts.first.flatMap({ Int($0) }), low >= 0, low < 1000, parts.count <= 2 else {
        return nil
      }
      if parts.count == 2, !parts[1].isEmpty { return nil }
      return (low, parts.count == 2)
    default: return (1, false)
    }
  }
}
