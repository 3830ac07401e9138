internal import Synchronization

/// A compiled regular expression in RE2's syntax (what Kubernetes allows in `pattern`), without Unicode
/// classes (`\p{…}`) and without named groups' captures: it only answers whether a text matches.
///
/// Time is linear in the text: all alternatives advance together (Thompson's construction), so no pattern and
/// no text can make it backtrack. Bounded: 10,000 instructions per pattern, 5 million steps per match.
public struct Pattern: Sendable {
  /// Why a pattern is refused, or a text cannot be matched.
  public struct Failure: Error, Sendable, CustomStringConvertible {
    public let message: String
    public var description: String { message }
  }

  enum Instruction: Sendable {
    case set(ScalarSet)
    case split(Int, Int)
    case jump(Int)
    case assert(Assertion)
    case match
  }

  enum Assertion: Sendable { case textStart, textEnd, lineStart, lineEnd, wordBoundary, noWordBoundary }

  /// Sorted, non-overlapping ranges of code points.
  struct ScalarSet: Sendable {
    var ranges: [ClosedRange<UInt32>]

    func contains(_ scalar: UInt32) -> Bool {
      ranges.contains { $0.contains(scalar) }
    }
  }

  static let maximumInstructions = 10_000
  static let maximumSteps = 5_000_000

  let instructions: [Instruction]

  public init(_ source: String) throws(Failure) {
    var parser = try PatternParser(source)
    var compiler = PatternCompiler()
    instructions = try compiler.program(parser.parse())
  }

  /// Whether the pattern matches anywhere in the text (anchors say otherwise).
  public func matches(_ text: String) throws(Failure) -> Bool {
    var run = PatternRun(instructions)
    return try run.matches(text)
  }
}

/// The set of states in which a match can be, advanced scalar by scalar.
private struct PatternRun {
  private let instructions: [Pattern.Instruction]
  private var current: [Int] = []
  private var following: [Int] = []
  /// Per instruction: the position (plus one) at which it was last added.
  private var marks: [Int]
  private var stack: [Int] = []
  private var steps = 0

  init(_ instructions: [Pattern.Instruction]) {
    self.instructions = instructions
    marks = Array(repeating: 0, count: instructions.count)
  }

  mutating func matches(_ text: String) throws(Pattern.Failure) -> Bool {
    var previous: UInt32?
    var iterator = text.unicodeScalars.makeIterator()
    var next = iterator.next()?.value
    var position = 1
    // A match may begin anywhere: the first instruction joins the states at every position.
    if add(0, position: position, previous: previous, next: next) { return true }
    while let scalar = next {
      swap(&current, &following)
      following.removeAll(keepingCapacity: true)
      previous = scalar
      next = iterator.next()?.value
      position += 1
      for state in current {
        steps += 1
        guard case .set(let set) = instructions[state], set.contains(scalar) else { continue }
        if add(state + 1, position: position, previous: previous, next: next) { return true }
      }
      if add(0, position: position, previous: previous, next: next) { return true }
      guard steps <= Pattern.maximumSteps else {
        throw Pattern.Failure(message: "the text is too long for this pattern")
      }
    }
    return false
  }

  /// Follows jumps and assertions from `start` and collects states in `following`. Returns true where that
  /// leads to the end of the pattern.
  private mutating func add(_ start: Int, position: Int, previous: UInt32?, next: UInt32?) -> Bool {
    stack.append(start)
    defer { stack.removeAll(keepingCapacity: true) }
    while let state = stack.popLast() {
      if marks[state] == position { continue }
      marks[state] = position
      steps += 1
      switch instructions[state] {
      case .match: return true
      case .jump(let target): stack.append(target)
      case .split(let first, let second):
        stack.append(second)
        stack.append(first)
      case .assert(let assertion):
        if Self.holds(assertion, previous, next) { stack.append(state + 1) }
      case .set: following.append(state)
      }
    }
    return false
  }

  private static func holds(_ assertion: Pattern.Assertion, _ previous: UInt32?, _ next: UInt32?) -> Bool {
    switch assertion {
    case .textStart: previous == nil
    case .textEnd: next == nil
    case .lineStart: previous == nil || previous == 10
    case .lineEnd: next == nil || next == 10
    case .wordBoundary: isWord(previous) != isWord(next)
    case .noWordBoundary: isWord(previous) == isWord(next)
    }
  }

  private static func isWord(_ scalar: UInt32?) -> Bool {
    guard let scalar else { return false }
    switch scalar {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: return true
    default: return false
    }
  }
}

/// Compiled patterns by source; they come from schemas, of which a server has few. Holds 1,000 at most.
final class PatternCache: Sendable {
  static let shared = PatternCache()
  private static let capacity = 1000

  private let patterns = Mutex<[String: Pattern]>([:])

  func pattern(_ source: String) throws(Pattern.Failure) -> Pattern {
    if let known = patterns.withLock({ $0[source] }) { return known }
    let compiled = try Pattern(source)
    patterns.withLock { patterns in
      if patterns.count >= Self.capacity { patterns.removeAll() }
      patterns[source] = compiled
    }
    return compiled
  }
}
