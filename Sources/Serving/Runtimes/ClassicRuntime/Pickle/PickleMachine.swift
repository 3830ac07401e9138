internal import Basics

/// Reads a pickle (protocols 0 to 5) as data: opcodes move values between a stack, a memo and a graph.
///
/// Nothing is imported, called or run. Every name passes `PickleGlobal.find`; every length is checked against
/// the bytes that are there; joblib's raw array bytes, which follow their wrapper in the stream, are taken as
/// slices of it. Whatever is built is charged to the budget (`PickleMachine+Memory.swift`).
struct PickleMachine {
  let input: Bytes
  let limits: PickleLimits
  var budget: ReadBudget
  var offset = 0
  var nodes: [PickleNode] = []
  var stack: [PickleValue] = []
  var marks: [Int] = []
  var memo: [PickleValue] = []
  /// Memo entries whose numbers do not follow one another.
  var scatteredMemo: [Int: PickleValue] = [:]
  var nesting = 0
  /// The most values and marks that were there at once, which are what has been charged.
  var stackPeak = 0
  var markPeak = 0

  init(input: Bytes, limits: PickleLimits, budget: ReadBudget) {
    self.input = input
    self.limits = limits
    self.budget = budget
  }

  /// Reads one whole stream; without a budget, that of an uncompressed file.
  static func read(
    _ input: Bytes, limits: PickleLimits = PickleLimits(), budget: ReadBudget? = nil
  ) throws(PickleError) -> PickleGraph {
    let budget = budget ?? ReadBudget(fileBytes: input.count, streamBytes: input.count)
    var machine = PickleMachine(input: input, limits: limits, budget: budget)
    let root = try machine.run()
    return PickleGraph(nodes: machine.nodes, root: root, byteCount: input.count, budget: machine.budget)
  }

  /// Executes opcodes up to STOP and returns the value on top.
  mutating func run() throws(PickleError) -> PickleValue {
    while true {
      let start = offset
      let byte = try readByte()
      guard let opcode = PickleOpcode(rawValue: byte) else {
        throw .corrupt(offset: start, reason: "byte \(byte) is no pickle opcode")
      }
      if opcode == .stop { return try pop() }
      try execute(opcode)
      try chargeStack()
    }
  }

  /// Reads a pickle that lies inside this one (joblib writes object arrays so), with its own stack and memo.
  mutating func runNested() throws(PickleError) -> PickleValue {
    guard nesting < limits.nestedPickles else {
      throw .limit(offset: offset, reason: "pickles nested deeper than \(limits.nestedPickles)")
    }
    let outer = (stack, marks, memo, scatteredMemo, stackPeak, markPeak)
    (stack, marks, memo, scatteredMemo, stackPeak, markPeak) = ([], [], [], [:], 0, 0)
    nesting += 1
    let value = try run()
    nesting -= 1
    (stack, marks, memo, scatteredMemo, stackPeak, markPeak) = outer
    return value
  }

  // MARK: Stack, memo, nodes

  mutating func push(_ value: PickleValue) { stack.append(value) }

  mutating func pop() throws(PickleError) -> PickleValue {
    guard stack.count > (marks.last ?? 0), let value = stack.popLast() else {
      throw .corrupt(offset: offset, reason: "an opcode needs a value where the stack is empty")
    }
    return value
  }

  /// Values pushed since the last MARK; the mark goes too.
  mutating func popMark() throws(PickleError) -> [PickleValue] {
    guard let mark = marks.popLast(), mark <= stack.count else {
      throw .corrupt(offset: offset, reason: "an opcode needs a mark where there is none")
    }
    let values = Array(stack[mark...])
    stack.removeSubrange(mark...)
    return values
  }

  mutating func pushNode(_ node: PickleNode) throws(PickleError) {
    push(try makeNode(node))
  }

  mutating func makeNode(_ node: PickleNode) throws(PickleError) -> PickleValue {
    try charge(PickleCost.node + PickleCost.content(node))
    nodes.append(node)
    return .node(nodes.count - 1)
  }

  /// Gives a node that is there other content.
  mutating func replaceNode(_ index: Int, with node: PickleNode) throws(PickleError) {
    try charge(PickleCost.content(node))
    nodes[index] = node
  }

  mutating func memoize(_ number: Int) throws(PickleError) {
    guard stack.count > (marks.last ?? 0), let value = stack.last else {
      throw .corrupt(offset: offset, reason: "a memo entry is made where the stack is empty")
    }
    if number < memo.count {
      memo[number] = value
    } else if number == memo.count {
      try charge(PickleCost.growing(1))
      memo.append(value)
    } else {
      if scatteredMemo[number] == nil { try charge(PickleCost.scatteredMemoEntry) }
      scatteredMemo[number] = value
    }
  }

  mutating func pushMemo(_ number: Int) throws(PickleError) {
    if number >= 0, number < memo.count {
      push(memo[number])
    } else if let value = scatteredMemo[number] {
      push(value)
    } else {
      throw .corrupt(offset: offset, reason: "memo entry \(number) is used before it is made")
    }
  }

  /// The parts of a tuple, or nil.
  func tuple(_ value: PickleValue) -> [PickleValue]? {
    guard case .node(let index) = value, case .tuple(let values) = nodes[index] else { return nil }
    return values
  }

  func corrupt(_ reason: String) -> PickleError { .corrupt(offset: offset, reason: reason) }
}
