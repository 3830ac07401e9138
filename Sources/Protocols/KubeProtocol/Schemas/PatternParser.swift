/// Reads RE2's syntax into a tree. Bounded: 16 KiB of text, 64 open groups, counts up to 1,000.
struct PatternParser {
  private struct Flags {
    var ignoresCase = false
    var isMultiline = false
    var dotMatchesNewline = false
  }

  static let maximumLength = 16 << 10
  static let maximumDepth = 64
  static let maximumCount = 1000

  private let scalars: [Unicode.Scalar]
  private var position = 0
  private var flags = Flags()

  init(_ source: String) throws(Pattern.Failure) {
    guard source.utf8.count <= Self.maximumLength else {
      throw Pattern.Failure(message: "the pattern is longer than \(Self.maximumLength) bytes")
    }
    scalars = Array(source.unicodeScalars)
  }

  mutating func parse() throws(Pattern.Failure) -> PatternNode {
    let node = try alternatives(depth: 0)
    if position < scalars.count { throw failure("unexpected )") }
    return node
  }

  private func failure(_ why: String) -> Pattern.Failure {
    Pattern.Failure(message: "error parsing regexp: \(why)")
  }

  private var ahead: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard ahead == scalar else { return false }
    position += 1
    return true
  }

  private mutating func alternatives(depth: Int) throws(Pattern.Failure) -> PatternNode {
    guard depth <= Self.maximumDepth else { throw failure("expression nests too deeply") }
    var nodes = [try sequence(depth: depth)]
    while take("|") { nodes.append(try sequence(depth: depth)) }
    return nodes.count == 1 ? nodes[0] : .alternatives(nodes)
  }

  private mutating func sequence(depth: Int) throws(Pattern.Failure) -> PatternNode {
    var nodes: [PatternNode] = []
    while let next = ahead, next != "|", next != ")" {
      let atom = try atom(depth: depth)
      nodes.append(try quantified(atom))
    }
    if nodes.isEmpty { return .empty }
    return nodes.count == 1 ? nodes[0] : .sequence(nodes)
  }

  private mutating func quantified(_ atom: PatternNode) throws(Pattern.Failure) -> PatternNode {
    guard let (minimum, maximum) = try quantifier() else { return atom }
    _ = take("?")  // lazy or not makes no difference for whether a text matches
    let start = position
    if try quantifier() != nil {
      throw failure("invalid nested repetition operator at \(start)")
    }
    if case .assertion = atom { return minimum == 0 ? .empty : atom }
    return .repeated(atom, minimum: minimum, maximum: maximum)
  }

  private mutating func quantifier() throws(Pattern.Failure) -> (Int, Int?)? {
    if take("*") { return (0, nil) }
    if take("+") { return (1, nil) }
    if take("?") { return (0, 1) }
    guard ahead == "{" else { return nil }
    let start = position
    position += 1
    guard let minimum = number() else {
      position = start  // a brace that begins no count stands for itself
      return nil
    }
    var maximum: Int? = minimum
    if take(",") { maximum = number() }
    guard take("}") else {
      position = start
      return nil
    }
    guard minimum <= Self.maximumCount, maximum ?? 0 <= Self.maximumCount, maximum ?? minimum >= minimum
    else {
      throw failure("invalid repeat count")
    }
    return (minimum, maximum)
  }

  private mutating func number() -> Int? {
    var value: Int?
    while let digit = ahead, ("0"..."9").contains(digit) {
      value = min((value ?? 0) * 10 + Int(digit.value - 0x30), 1_000_000)
      position += 1
    }
    return value
  }

  private mutating func atom(depth: Int) throws(Pattern.Failure) -> PatternNode {
    let scalar = scalars[position]
    switch scalar {
    case "(": return try group(depth: depth)
    case "[":
      position += 1
      return .set(folded(try bracket()))
    case "\\": return try escape()
    case "*", "+", "?": throw failure("missing argument to repetition operator: \(scalar)")
    default: break
    }
    position += 1
    switch scalar {
    case "^": return .assertion(flags.isMultiline ? .lineStart : .textStart)
    case "$": return .assertion(flags.isMultiline ? .lineEnd : .textEnd)
    case ".":
      let all: [ClosedRange<UInt32>] = flags.dotMatchesNewline ? [0...0x10FFFF] : [0...9, 11...0x10FFFF]
      return .set(Pattern.ScalarSet(ranges: all))
    default: return .set(folded([scalar.value...scalar.value]))
    }
  }

  private mutating func group(depth: Int) throws(Pattern.Failure) -> PatternNode {
    position += 1
    let outer = flags
    if take("?") {
      if take("P") || ahead == "<" {
        try groupName()
      } else if try groupFlags() {
        return .empty  // `(?i)` holds until the enclosing group ends
      }
    }
    let node = try alternatives(depth: depth + 1)
    guard take(")") else { throw failure("missing closing )") }
    flags = outer
    return node
  }

  private mutating func groupName() throws(Pattern.Failure) {
    guard take("<") else { throw failure("invalid named capture") }
    if ahead == "=" || ahead == "!" { throw failure("look-behind is not supported") }
    while let scalar = ahead, scalar != ">" {
      guard scalar.properties.isAlphabetic || scalar == "_" || ("0"..."9").contains(scalar) else { break }
      position += 1
    }
    guard take(">") else { throw failure("invalid named capture") }
  }

  /// Reads `i`, `m`, `s`, `U`, `-` up to `:` or `)`. Returns whether the group ended there.
  private mutating func groupFlags() throws(Pattern.Failure) -> Bool {
    var sets = true
    while let scalar = ahead {
      position += 1
      switch scalar {
      case "i": flags.ignoresCase = sets
      case "m": flags.isMultiline = sets
      case "s": flags.dotMatchesNewline = sets
      case "U": break
      case "-": sets = false
      case ":": return false
      case ")": return true
      default: throw failure("invalid or unsupported Perl syntax: (?\(scalar)")
      }
    }
    throw failure("missing closing )")
  }

  private mutating func escape() throws(Pattern.Failure) -> PatternNode {
    position += 1
    guard let scalar = ahead else { throw failure("trailing backslash at end of expression") }
    switch scalar {
    case "A":
      position += 1
      return .assertion(.textStart)
    case "z":
      position += 1
      return .assertion(.textEnd)
    case "b":
      position += 1
      return .assertion(.wordBoundary)
    case "B":
      position += 1
      return .assertion(.noWordBoundary)
    default: return .set(folded(try escapedSet()))
    }
  }

  /// What stands behind a backslash, inside brackets or outside: a class or one scalar.
  private mutating func escapedSet() throws(Pattern.Failure) -> [ClosedRange<UInt32>] {
    guard let scalar = ahead else { throw failure("trailing backslash at end of expression") }
    position += 1
    if let ranges = Self.perlClass(scalar) { return ranges }
    let value: UInt32
    switch scalar {
    case "n": value = 10
    case "t": value = 9
    case "r": value = 13
    case "f": value = 12
    case "v": value = 11
    case "a": value = 7
    case "x": value = try hexadecimal()
    default:
      let isWord =
        ("0"..."9").contains(scalar) || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
      guard !isWord else { throw failure("invalid escape sequence: \\\(scalar)") }
      value = scalar.value
    }
    return [value...value]
  }

  private mutating func hexadecimal() throws(Pattern.Failure) -> UInt32 {
    let isBraced = take("{")
    var digits = ""
    while let digit = ahead, digits.count < (isBraced ? 6 : 2), digit.properties.isASCIIHexDigit {
      digits.unicodeScalars.append(digit)
      position += 1
    }
    if isBraced && !take("}") { throw failure("invalid escape sequence: \\x") }
    guard isBraced || digits.count == 2, let value = UInt32(digits, radix: 16), value <= 0x10FFFF else {
      throw failure("invalid escape sequence: \\x")
    }
    return value
  }

  /// A bracket expression, behind its `[`.
  private mutating func bracket() throws(Pattern.Failure) -> [ClosedRange<UInt32>] {
    let isNegated = take("^")
    var ranges: [ClosedRange<UInt32>] = []
    var isFirst = true
    while true {
      guard let scalar = ahead else { throw failure("missing closing ]") }
      if scalar == "]" && !isFirst { break }
      isFirst = false
      if let named = try namedClass() {
        ranges += named
        continue
      }
      let low = try bracketItem()
      guard low.count == 1, low[0].count == 1, ahead == "-", position + 1 < scalars.count,
        scalars[position + 1] != "]"
      else {
        ranges += low
        continue
      }
      position += 1
      let high = try bracketItem()
      guard high.count == 1, high[0].count == 1, low[0].lowerBound <= high[0].lowerBound else {
        throw failure("invalid character class range")
      }
      ranges.append(low[0].lowerBound...high[0].lowerBound)
    }
    position += 1
    return isNegated ? Self.complement(flags.ignoresCase ? Self.foldedRanges(ranges) : ranges) : ranges
  }

  private mutating func bracketItem() throws(Pattern.Failure) -> [ClosedRange<UInt32>] {
    guard let scalar = ahead else { throw failure("missing closing ]") }
    position += 1
    return scalar == "\\" ? try escapedSet() : [scalar.value...scalar.value]
  }

  /// `[:alpha:]` inside brackets.
  private mutating func namedClass() throws(Pattern.Failure) -> [ClosedRange<UInt32>]? {
    guard ahead == "[", position + 1 < scalars.count, scalars[position + 1] == ":" else { return nil }
    var end = position + 2
    while end + 1 < scalars.count, !(scalars[end] == ":" && scalars[end + 1] == "]") { end += 1 }
    guard end + 1 < scalars.count else { return nil }
    var name = String(String.UnicodeScalarView(scalars[(position + 2)..<end]))
    let isNegated = name.hasPrefix("^")
    if isNegated { name.removeFirst() }
    guard let ranges = Self.posixClasses[name] else {
      throw failure("invalid character class range: [:\(name):]")
    }
    position = end + 2
    return isNegated ? Self.complement(ranges) : ranges
  }

  private func folded(_ ranges: [ClosedRange<UInt32>]) -> Pattern.ScalarSet {
    Pattern.ScalarSet(ranges: flags.ignoresCase ? Self.foldedRanges(ranges) : ranges)
  }

  /// Adds the other case of ASCII letters.
  private static func foldedRanges(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
    var result = ranges
    for range in ranges {
      let lower = range.clamped(to: 0x61...0x7A)
      if range.overlaps(0x61...0x7A) { result.append((lower.lowerBound - 32)...(lower.upperBound - 32)) }
      let upper = range.clamped(to: 0x41...0x5A)
      if range.overlaps(0x41...0x5A) { result.append((upper.lowerBound + 32)...(upper.upperBound + 32)) }
    }
    return result
  }

  private static func complement(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
    var result: [ClosedRange<UInt32>] = []
    var next: UInt32 = 0
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if range.lowerBound > next { result.append(next...(range.lowerBound - 1)) }
      next = max(next, range.upperBound + 1)
    }
    if next <= 0x10FFFF { result.append(next...0x10FFFF) }
    return result
  }

  private static func perlClass(_ scalar: Unicode.Scalar) -> [ClosedRange<UInt32>]? {
    switch scalar {
    case "d": posixClasses["digit"]
    case "D": posixClasses["digit"].map(complement)
    case "w": posixClasses["word"]
    case "W": posixClasses["word"].map(complement)
    case "s": [9...10, 12...13, 32...32]
    case "S": complement([9...10, 12...13, 32...32])
    default: nil
    }
  }

  private static let posixClasses: [String: [ClosedRange<UInt32>]] = [
    "alnum": [0x30...0x39, 0x41...0x5A, 0x61...0x7A],
    "alpha": [0x41...0x5A, 0x61...0x7A],
    "ascii": [0...0x7F],
    "blank": [9...9, 32...32],
    "cntrl": [0...0x1F, 0x7F...0x7F],
    "digit": [0x30...0x39],
    "graph": [0x21...0x7E],
    "lower": [0x61...0x7A],
    "print": [0x20...0x7E],
    "punct": [0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E],
    "space": [9...13, 32...32],
    "upper": [0x41...0x5A],
    "word": [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A],
    "xdigit": [0x30...0x39, 0x41...0x46, 0x61...0x66],
  ]
}
