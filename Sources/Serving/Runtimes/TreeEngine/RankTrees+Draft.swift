extension RankTrees {
  /// The places of all trees while they are filled.
  struct Draft {
    let shape: Shape
    /// The bounds of each slot, ascending.
    let sorted: [[Coder.Key]]
    var slots: [UInt8]
    var bounds: [UInt16]
    var masks32: [UInt32] = []
    var masks64: [UInt64] = []
    var leafNumbers: [Int32]

    init(shape: Shape, sorted: [[Coder.Key]], count: Int) {
      self.shape = shape
      self.sorted = sorted
      slots = Array(repeating: 0, count: count)
      // No rank reaches the greatest bound: what is not filled sends rows to the left.
      bounds = Array(repeating: .max, count: count)
      leafNumbers = Array(repeating: 0, count: count)
      if shape == .masks32 { masks32 = Array(repeating: .max, count: count) }
      if shape == .masks64 { masks64 = Array(repeating: .max, count: count) }
    }

    mutating func lay(_ tree: [Node], at base: Int) {
      switch shape {
      case .complete5, .complete6: layComplete(tree, 0, base: base, place: 1, room: shape.room)
      case .masks32, .masks64:
        var nodes = 0
        _ = layMasks(tree, 0, base: base, nodes: &nodes, firstLeaf: 0)
      }
    }

    private mutating func setNode(_ node: Node, _ slot: Int, at place: Int) {
      slots[place] = UInt8(slot - 1)
      let list = sorted[slot - 1]
      var low = 0
      var high = list.count
      while low < high {
        let middle = (low + high) / 2
        if list[middle] < node.bound { low = middle + 1 } else { high = middle }
      }
      bounds[place] = UInt16(low + 1)
    }

    /// Recursion is no deeper than the trees: six levels.
    private mutating func layComplete(
      _ tree: [Node], _ index: Int, base: Int, place: Int, room: Int
    ) {
      let node = tree[index]
      if let slot = node.slot, place < room {
        setNode(node, slot, at: base + place)
        layComplete(tree, index + node.link, base: base, place: place * 2, room: room)
        layComplete(tree, index + node.link + 1, base: base, place: place * 2 + 1, room: room)
        return
      }
      var first = place
      var last = place
      while first < room {
        first = first * 2
        last = last * 2 + 1
      }
      for leaf in first...last { leafNumbers[base + leaf - room] = Int32(node.link) }
    }

    /// Returns how many leaves lie in the subtree. Recursion is no deeper than 64 leaves allow.
    private mutating func layMasks(
      _ tree: [Node], _ index: Int, base: Int, nodes: inout Int, firstLeaf: Int
    ) -> Int {
      let node = tree[index]
      guard let slot = node.slot else {
        leafNumbers[base + firstLeaf] = Int32(node.link)
        return 1
      }
      let place = base + nodes
      nodes += 1
      let left = layMasks(tree, index + node.link, base: base, nodes: &nodes, firstLeaf: firstLeaf)
      let right = layMasks(
        tree, index + node.link + 1, base: base, nodes: &nodes, firstLeaf: firstLeaf + left)
      setNode(node, slot, at: place)
      // The row went right: the left subtree's leaves are out.
      let cleared = ((UInt64(1) << UInt64(left)) &- 1) << UInt64(firstLeaf)
      if shape == .masks32 { masks32[place] = ~UInt32(truncatingIfNeeded: cleared) }
      if shape == .masks64 { masks64[place] = ~cleared }
      return left + right
    }
  }
}
