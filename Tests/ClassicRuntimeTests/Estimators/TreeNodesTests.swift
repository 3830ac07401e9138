@testable internal import ClassicRuntime
internal import Testing

@Suite("Flattened trees")
struct TreeNodesTests {
  private func source(
    _ left: [Int64], _ right: [Int64], _ features: [Int64], _ thresholds: [Double]
  ) -> TreeNodes.Source {
    TreeNodes.Source(
      leftChildren: left, rightChildren: right, features: features, thresholds: thresholds,
      missingGoesLeft: [])
  }

  @Test("A threshold kept as float32 decides as the float64 does, for every float32")
  func thresholds() {
    var generator = SeededGenerator(seed: 7)
    var different: [(Float, Double)] = []
    for _ in 0..<20_000 {
      let value = Float(bitPattern: UInt32.random(in: 0 ... .max, using: &generator))
      let near = Double(value) + Double.random(in: -1...1, using: &generator) * Double(value.ulp)
      let any = Double(bitPattern: UInt64.random(in: 0 ... .max, using: &generator))
      for threshold in [near, any, Double(value)] where value.isFinite && !threshold.isNaN {
        if (value <= TreeNodes.floatNotAbove(threshold)) != (Double(value) <= threshold) {
          different.append((value, threshold))
        }
      }
    }
    #expect(different.isEmpty, "\(different.prefix(3))")
  }

  @Test("Nodes that form no tree are refused")
  func malformedTrees() {
    let malformed = [
      source([], [], [], []),
      source([0], [0], [0], [1]),  // its own child
      source([1, 0, -1], [2, 0, -1], [0, 0, 0], [1, 1, 0]),  // a cycle
      source([1, -1], [1, -1], [0, 0], [1, 0]),  // one child twice
      source([1, -1], [9, -1], [0, 0], [1, 0]),  // beyond the end
      source([1, -1, -1], [2, -1, -1], [4, 0, 0], [1, 0, 0]),  // beyond the features
      source([1, -1, -1], [2, -1, -1], [-1, 0, 0], [1, 0, 0]),
      source([1, -1], [2, -1, -1], [0, 0, 0], [1, 0, 0]),  // uneven
      source([1, 2, 3, -1], [2, 3, -1, -1].reversed(), [0, 0, 0, 0], [0, 0, 0, 0]),
    ]
    for tree in malformed {
      var nodes = TreeNodes()
      #expect(nodes.append(tree, featureCount: 4) == nil)
    }
    // Every split shares its children with the next: unfolding would need 2^40 nodes.
    let count = 40
    let shared = TreeNodes.Source(
      leftChildren: (0..<count).map { Int64($0 + 1) } + [-1, -1],
      rightChildren: (0..<count).map { Int64($0 + 2) } + [-1, -1],
      features: [Int64](repeating: 0, count: count + 2), thresholds: [Double](repeating: 0, count: count + 2),
      missingGoesLeft: [])
    var nodes = TreeNodes()
    #expect(nodes.append(shared, featureCount: 4) == nil)
  }

  @Test("A row ends in the leaf that the thresholds say; equal goes left")
  func descent() {
    var nodes = TreeNodes()
    let tree = source([1, -1, 3, -1, -1], [2, -1, 4, -1, -1], [0, 0, 1, 0, 0], [0.5, 0, -0.0, 0, 0])
    let leaves = nodes.append(tree, featureCount: 2)
    #expect(leaves == [1, 3, 4])
    let rows: [([Float], Int)] = [
      ([0.5, 9], 0), ([0.6, 0], 1), ([0.6, -0.0], 1), ([0.6, Float.leastNonzeroMagnitude], 2), ([1, 1], 2),
    ]
    nodes.nodes.withUnsafeBufferPointer { buffer in
      TreeDescent.with(buffer) { descent in
        for (row, expected) in rows {
          for mayHaveNaN in [false, true] {
            row.withUnsafeBufferPointer { row in
              guard let base = row.baseAddress else { return }
              for lane in 0..<TreeDescent.lanes { descent.start(lane, root: nodes.roots[0], row: base) }
              descent.walk(mayHaveNaN: mayHaveNaN)
              for lane in 0..<TreeDescent.lanes { #expect(descent.leaf(lane) == expected) }
            }
          }
        }
      }
    }
  }
}
