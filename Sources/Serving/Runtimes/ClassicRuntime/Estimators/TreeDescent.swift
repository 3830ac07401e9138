/// Walks down trees in several lanes at once, so that the processor waits for many nodes at the same time
/// instead of for one after the other. A lane is a row in a tree.
struct TreeDescent {
  static let lanes = 8

  let nodes: UnsafeBufferPointer<TreeNodes.Node>
  /// Where each lane stands; set to the roots before, at the leaves' nodes after.
  private let positions: UnsafeMutableBufferPointer<Int32>
  private let rows: UnsafeMutableBufferPointer<UnsafePointer<Float>>

  /// Calls `body` with a descent whose buffers live as long as the call.
  static func with(
    _ nodes: UnsafeBufferPointer<TreeNodes.Node>, _ body: (TreeDescent) -> Void
  ) {
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: lanes) { positions in
      withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: lanes) { rows in
        body(TreeDescent(nodes: nodes, positions: positions, rows: rows))
      }
    }
  }

  /// Puts a lane at a tree's root. `row` holds as many features as the trees were checked for.
  @inline(__always)
  func start(_ lane: Int, root: Int32, row: UnsafePointer<Float>) {
    positions[lane] = root
    rows[lane] = row
  }

  /// The number of the leaf where a lane ended.
  @inline(__always)
  func leaf(_ lane: Int) -> Int { Int(nodes[Int(positions[lane])].leaf) }

  /// Walks until no lane moves any more; all lanes must have been started.
  @inline(__always)
  func walk(mayHaveNaN: Bool) {
    var moved: Int32
    repeat {
      moved = 0
      for lane in 0..<TreeDescent.lanes {
        let position = positions[lane]
        let node = nodes[Int(position)]
        let value = rows[lane][Int(node.feature & TreeNodes.featureMask)]
        var isRight = !(value <= node.threshold)
        if mayHaveNaN, value.isNaN { isRight = node.feature & TreeNodes.missingGoesLeft == 0 }
        let next = node.child &+ (isRight ? 1 : 0)
        positions[lane] = next
        moved |= next ^ position
      }
    } while moved != 0
  }
}
