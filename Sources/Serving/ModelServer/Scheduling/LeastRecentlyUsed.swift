/// Values by key, of which those used longest ago leave once all together weigh too much. Every step costs
/// the same, however many there are.
struct LeastRecentlyUsed<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private struct Node: Sendable {
    var key: Key
    var value: Value?
    var weight: Int
    var newer: Int
    var older: Int
  }

  private let capacity: Int
  private var nodes: [Node] = []
  private var free: [Int] = []
  private var positions: [Key: Int] = [:]
  private var newest = -1
  private var oldest = -1

  /// What the values weigh in all.
  private(set) var weight = 0

  init(capacity: Int) { self.capacity = max(0, capacity) }

  var count: Int { positions.count }

  /// Finds a value and makes it the last to leave.
  mutating func find(_ key: Key) -> Value? {
    guard let index = positions[key] else { return nil }
    unlink(index)
    linkNewest(index)
    return nodes[index].value
  }

  /// Keeps the value unless it alone is too heavy.
  mutating func insert(_ value: Value, for key: Key, weight added: Int) {
    remove(key)
    guard added >= 0, added <= capacity else { return }
    while weight > capacity - added, oldest >= 0 { remove(nodes[oldest].key) }
    let node = Node(key: key, value: value, weight: added, newer: -1, older: -1)
    let index: Int
    if let reused = free.popLast() {
      index = reused
      nodes[index] = node
    } else {
      index = nodes.count
      nodes.append(node)
    }
    positions[key] = index
    linkNewest(index)
    weight += added
  }

  mutating func remove(_ key: Key) {
    guard let index = positions.removeValue(forKey: key) else { return }
    unlink(index)
    weight -= nodes[index].weight
    nodes[index].value = nil
    free.append(index)
  }

  private mutating func unlink(_ index: Int) {
    let node = nodes[index]
    if node.newer >= 0 { nodes[node.newer].older = node.older } else { newest = node.older }
    if node.older >= 0 { nodes[node.older].newer = node.newer } else { oldest = node.newer }
  }

  private mutating func linkNewest(_ index: Int) {
    nodes[index].newer = -1
    nodes[index].older = newest
    if newest >= 0 { nodes[newest].newer = index } else { oldest = index }
    newest = index
  }
}
