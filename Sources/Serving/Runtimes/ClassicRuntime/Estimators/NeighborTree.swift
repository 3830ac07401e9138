internal import CShims

/// scikit-learn's `KDTree` or `BallTree`, as its file holds it.
struct NeighborTree: Sendable {
  enum Kind: Sendable { case kdTree, ballTree }
  struct Node: Sendable {
    let start: Int
    let end: Int
    let isLeaf: Bool
    let radius: Double
  }

  let kind: Kind
  let metric: NeighborMetric
  let width: Int
  /// `[row][feature]`.
  let data: [Double]
  /// The rows in the tree's order.
  let order: [Int]
  let nodes: [Node]
  /// Lower bounds of the nodes (or centers), then upper ones: `[bound][node][feature]`.
  let bounds: [Double]

  var memoryBytes: Int { (data.count + order.count + bounds.count) * 8 + nodes.count * 32 }

  /// Fills the heap with the nearest rows, depth first and nearer child first.
  func search(_ point: UnsafePointer<Double>, _ heap: inout NeighborHeap) {
    search(0, point, minimum(0, point), &heap)
  }

  private func search(
    _ index: Int, _ point: UnsafePointer<Double>, _ bound: Double, _ heap: inout NeighborHeap
  ) {
    if bound > heap.largest { return }
    let node = nodes[index]
    if node.isLeaf {
      data.withUnsafeBufferPointer { data in
        guard let base = data.baseAddress else { return }
        for position in node.start..<node.end {
          let row = order[position]
          heap.push(metric.reduced(point, base + row * width, width), row)
        }
      }
      return
    }
    let (left, right) = (2 * index + 1, 2 * index + 2)
    let (leftBound, rightBound) = (minimum(left, point), minimum(right, point))
    if leftBound <= rightBound {
      search(left, point, leftBound, &heap)
      search(right, point, rightBound, &heap)
    } else {
      search(right, point, rightBound, &heap)
      search(left, point, leftBound, &heap)
    }
  }

  /// The smallest reduced distance that a row of the node can have.
  private func minimum(_ node: Int, _ point: UnsafePointer<Double>) -> Double {
    bounds.withUnsafeBufferPointer { bounds in
      guard let low = bounds.baseAddress.map({ $0 + node * width }) else { return 0 }
      if kind == .ballTree {
        let center = metric.distance(metric.reduced(point, low, width))
        return metric.reduced(max(0, center - nodes[node].radius))
      }
      let high = low + nodes.count * width
      var result = 0.0
      for feature in 0..<width {
        let below = low[feature] - point[feature]
        let above = point[feature] - high[feature]
        let double = (below + below.magnitude) + (above + above.magnitude)
        switch metric {
        case .chebyshev: result = max(result, 0.5 * double)
        case .euclidean, .squaredEuclidean: result += (0.5 * double) * (0.5 * double)
        case .manhattan: result += 0.5 * double
        default: result += apus_pow(0.5 * double, metric.power)
        }
      }
      return result
    }
  }
}
