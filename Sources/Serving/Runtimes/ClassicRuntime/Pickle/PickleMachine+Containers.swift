extension PickleMachine {
  mutating func executeContainer(_ opcode: PickleOpcode) throws(PickleError) -> Bool {
    switch opcode {
    case .emptyList: try pushNode(.list([]))
    case .emptyTuple: try pushNode(.tuple([]))
    case .emptyDict: try pushNode(.dictionary([]))
    case .emptySet: try pushNode(.set([]))
    case .list: try pushNode(.list(try popMark()))
    case .tuple: try pushNode(.tuple(try popMark()))
    case .frozenset: try pushNode(.set(try popMark()))
    case .dict: try pushNode(.dictionary(try pairs(try popMark())))
    case .tuple1: try pushTuple(1)
    case .tuple2: try pushTuple(2)
    case .tuple3: try pushTuple(3)
    case .append:
      let value = try pop()
      try append([value])
    case .appends: try append(try popMark())
    case .additems: try addToSet(try popMark())
    case .setitem:
      let value = try pop()
      let key = try pop()
      try setItems([key, value])
    case .setitems: try setItems(try popMark())
    default: return false
    }
    return true
  }

  private mutating func pushTuple(_ count: Int) throws(PickleError) {
    var values: [PickleValue] = []
    values.reserveCapacity(count)
    for _ in 0..<count { values.append(try pop()) }
    values.reverse()
    try pushNode(.tuple(values))
  }

  func pairs(_ values: [PickleValue]) throws(PickleError) -> [PickleEntry] {
    guard values.count.isMultiple(of: 2) else { throw corrupt("a dictionary with a key without a value") }
    return stride(from: 0, to: values.count, by: 2).map {
      PickleEntry(key: values[$0], value: values[$0 + 1])
    }
  }

  /// The node on top of the stack, which stays there.
  func topNode() throws(PickleError) -> Int {
    guard stack.count > (marks.last ?? 0), case .node(let index)? = stack.last else {
      throw corrupt("items are added to something that holds none")
    }
    return index
  }

  private mutating func append(_ values: [PickleValue]) throws(PickleError) {
    let index = try topNode()
    guard case .list(var list) = nodes[index] else {
      throw corrupt("items are appended to something that is no list")
    }
    try charge(PickleCost.appended(values.count, to: list.count))
    nodes[index] = .list([])  // so that the append below is in place
    list.append(contentsOf: values)
    nodes[index] = .list(list)
  }

  private mutating func addToSet(_ values: [PickleValue]) throws(PickleError) {
    let index = try topNode()
    guard case .set(var set) = nodes[index] else {
      throw corrupt("items are added to something that is no set")
    }
    try charge(PickleCost.appended(values.count, to: set.count))
    nodes[index] = .set([])
    set.append(contentsOf: values)
    nodes[index] = .set(set)
  }

  private mutating func setItems(_ values: [PickleValue]) throws(PickleError) {
    let index = try topNode()
    let added = try pairs(values)
    guard case .dictionary(var entries) = nodes[index] else {
      throw corrupt("keys are set on something that is no dictionary")
    }
    try charge(PickleCost.appended(values.count, to: entries.count))
    nodes[index] = .dictionary([])
    entries.append(contentsOf: added)
    nodes[index] = .dictionary(entries)
  }
}
