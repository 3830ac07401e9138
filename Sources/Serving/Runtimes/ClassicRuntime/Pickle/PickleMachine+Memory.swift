/// Estimates of what values take: their own bytes, the heap block around them, and room that growth leaves.
enum PickleCost {
  /// A block's header in Swift and in the allocator.
  static let heapBlock = 48
  /// One more node: the list of nodes doubles as it grows.
  static let node = 2 * MemoryLayout<PickleNode>.stride
  /// A key, a value and their share of a hash table that has just grown.
  static let scatteredMemoEntry = 4 * (MemoryLayout<Int>.stride + MemoryLayout<PickleValue>.stride)

  static func values(_ count: Int) -> Int {
    count == 0 ? 0 : heapBlock + ReadBudget.product(count, MemoryLayout<PickleValue>.stride)
  }

  /// Values in storage that doubles as it grows.
  static func growing(_ count: Int) -> Int {
    ReadBudget.product(count, 2 * MemoryLayout<PickleValue>.stride)
  }

  static func appended(_ count: Int, to present: Int) -> Int {
    growing(count) + (present == 0 ? heapBlock : 0)
  }

  /// Short texts need no storage of their own.
  static func text(_ bytes: Int) -> Int { bytes > 15 ? heapBlock + bytes : 0 }

  /// What a node holds, counted in full also where the storage is shared: the next change makes a copy.
  static func content(_ node: PickleNode) -> Int {
    switch node {
    case .list(let items), .tuple(let items), .set(let items): values(items.count)
    case .dictionary(let entries): values(2 * entries.count)
    case .object(let object):
      heapBlock + MemoryLayout<PickleObject>.stride + values(object.arguments.count)
    case .array(let array): content(array)
    case .unfilledArray: 0
    case .dtype(let dtype): heapBlock + MemoryLayout<NumpyDType>.stride + content(dtype)
    }
  }

  private static func content(_ array: NumpyArray) -> Int {
    let own = 2 * heapBlock + MemoryLayout<NumpyArray>.stride + 8 * array.shape.count
    guard case .objects(let items) = array.storage else { return own }
    return own + values(items.count)
  }

  private static func content(_ dtype: NumpyDType) -> Int {
    dtype.fields.count * (heapBlock + MemoryLayout<NumpyDType.Field>.stride)
  }
}

extension PickleMachine {
  /// Takes `bytes` from the budget, before they are used.
  mutating func charge(_ bytes: Int) throws(PickleError) {
    guard budget.take(bytes) else { throw .memory(offset: offset, limit: budget.limit) }
  }

  /// Charges the stack and the marks as far as they are higher than ever; an opcode pushes one value.
  mutating func chargeStack() throws(PickleError) {
    if stack.count > stackPeak {
      try charge(PickleCost.growing(stack.count - stackPeak))
      stackPeak = stack.count
    }
    if marks.count > markPeak {
      try charge((marks.count - markPeak) * 2 * MemoryLayout<Int>.stride)
      markPeak = marks.count
    }
  }
}
