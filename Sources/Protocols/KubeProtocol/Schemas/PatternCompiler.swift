/// The syntax tree of a pattern.
indirect enum PatternNode {
  case empty
  case set(Pattern.ScalarSet)
  case assertion(Pattern.Assertion)
  case sequence([PatternNode])
  case alternatives([PatternNode])
  /// `maximum` nil: no bound.
  case repeated(PatternNode, minimum: Int, maximum: Int?)
}

/// Turns a syntax tree into instructions. Counted repetitions are written out; the program's size bounds
/// that.
struct PatternCompiler {
  private var instructions: [Pattern.Instruction] = []

  mutating func program(_ node: PatternNode) throws(Pattern.Failure) -> [Pattern.Instruction] {
    try emit(node)
    try append(.match)
    return instructions
  }

  private mutating func append(_ instruction: Pattern.Instruction) throws(Pattern.Failure) {
    guard instructions.count < Pattern.maximumInstructions else {
      throw Pattern.Failure(message: "the pattern is too large")
    }
    instructions.append(instruction)
  }

  private mutating func emit(_ node: PatternNode) throws(Pattern.Failure) {
    switch node {
    case .empty: break
    case .set(let set): try append(.set(set))
    case .assertion(let assertion): try append(.assert(assertion))
    case .sequence(let nodes): for node in nodes { try emit(node) }
    case .alternatives(let nodes): try emitAlternatives(nodes)
    case .repeated(let node, let minimum, let maximum): try emitRepeated(node, minimum, maximum)
    }
  }

  private mutating func emitAlternatives(_ nodes: [PatternNode]) throws(Pattern.Failure) {
    var jumps: [Int] = []
    for (index, node) in nodes.enumerated() {
      guard index < nodes.count - 1 else {
        try emit(node)
        break
      }
      let split = instructions.count
      try append(.split(split + 1, 0))
      try emit(node)
      jumps.append(instructions.count)
      try append(.jump(0))
      instructions[split] = .split(split + 1, instructions.count)
    }
    for jump in jumps { instructions[jump] = .jump(instructions.count) }
  }

  private mutating func emitRepeated(
    _ node: PatternNode, _ minimum: Int, _ maximum: Int?
  ) throws(Pattern.Failure) {
    // An empty body adds no instruction: without this, `(){1000}{1000}` would count without end.
    if case .empty = node { return }
    for _ in 0..<minimum {
      let before = instructions.count
      try emit(node)
      if instructions.count == before { return }
    }
    guard let maximum else {
      let split = instructions.count
      try append(.split(split + 1, 0))
      try emit(node)
      try append(.jump(split))
      instructions[split] = .split(split + 1, instructions.count)
      return
    }
    var splits: [Int] = []
    for _ in 0..<max(0, maximum - minimum) {
      splits.append(instructions.count)
      try append(.split(instructions.count + 1, 0))
      try emit(node)
    }
    for split in splits { instructions[split] = .split(split + 1, instructions.count) }
  }
}
