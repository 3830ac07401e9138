internal import CShims
internal import ModelRuntime

/// The training rows of a nearest-neighbors estimator, and the search among them.
///
/// Which neighbors are found is what scikit-learn finds, ties included: trees are walked as they were saved,
/// and
/// brute force makes the same matrix product (in OpenBLAS's order for AVX2) and keeps the same heap.
struct NeighborIndex: Sendable {
  let identity: EstimatorIdentity
  let metric: NeighborMetric
  let tree: NeighborTree?
  /// The training rows.
  let rows: BoundMatrix
  /// Features by training rows, for brute force.
  private let columns: FusedMatrix?
  private let norms: [Double]
  let sortsByInsertion: Bool

  init(
    identity: EstimatorIdentity, metric: NeighborMetric, tree: NeighborTree?, rows: BoundMatrix,
    sortsByInsertion: Bool
  ) {
    self.identity = identity
    self.metric = metric
    self.tree = tree
    self.rows = rows
    self.sortsByInsertion = sortsByInsertion
    let usesProduct = tree == nil && (metric == .euclidean || metric == .squaredEuclidean)
    columns = usesProduct ? FusedMatrix(rows.transposed) : nil
    norms = usesProduct ? NeighborIndex.norms(rows.values, count: rows.rows, width: rows.columns) : []
  }

  /// Squared lengths, as BLAS's ddot makes them.
  private static func norms(_ values: [Double], count: Int, width: Int) -> [Double] {
    values.withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else { return [] }
      return (0..<count).map { row in
        var result = 0.0
        apus_dot_products(base + row * width, base + row * width, 1, width, &result)
        return result
      }
    }
  }

  var nanosecondsPerRow: Double {
    let cost = Double(rows.columns) * 0.4 + 3
    return tree == nil ? 200 + Double(rows.rows) * cost : 500 + 200 * cost
  }
  var memoryBytes: Int {
    rows.values.count * 8 + (tree?.memoryBytes ?? 0) + (columns?.memoryBytes ?? 0)
  }

  /// Calls `body` with each row's neighbors: distances and training rows, nearest first.
  func forEachNearest(
    _ count: Int, of rows: RowMatrix, _ body: ([Double], [Int]) -> Void
  ) throws(PredictError) {
    let values = try RowChecks.doubles(rows, for: identity)
    var distances = [Double](repeating: 0, count: self.rows.rows)
    values.withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else { return }
      for row in 0..<rows.rows {
        let point = base + row * identity.featureCount
        var heap = NeighborHeap(count: count, sortsByInsertion: sortsByInsertion)
        if let tree {
          tree.search(point, &heap)
        } else {
          measure(point, into: &distances)
          for (index, distance) in distances.enumerated() { heap.push(distance, index) }
        }
        heap.sort()
        body(heap.distances.map { metric.distance($0) }, heap.indices)
      }
    }
  }

  /// Calls `body` with all training rows within a radius, in the order in which scikit-learn lists them.
  func forEachWithin(
    _ radius: Double, of rows: RowMatrix, _ body: ([Double], [Int]) -> Void
  ) throws(PredictError) {
    let values = try RowChecks.doubles(rows, for: identity)
    let limit = metric.reduced(radius)
    let order = tree?.order ?? Array(0..<self.rows.rows)
    var all = [Double](repeating: 0, count: self.rows.rows)
    values.withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else { return }
      for row in 0..<rows.rows {
        measure(base + row * identity.featureCount, into: &all)
        let indices = order.filter { all[$0] <= limit }
        body(indices.map { metric.distance(all[$0]) }, indices)
      }
    }
  }

  /// Reduced distances to all training rows.
  private func measure(_ point: UnsafePointer<Double>, into distances: inout [Double]) {
    let width = identity.featureCount
    guard let columns else {
      rows.values.withUnsafeBufferPointer { rows in
        guard let base = rows.baseAddress else { return }
        for index in distances.indices {
          distances[index] = metric.reduced(point, base + index * width, width)
        }
      }
      return
    }
    distances.withUnsafeMutableBufferPointer { distances in
      guard let base = distances.baseAddress else { return }
      columns.multiply(point, into: base)
      var norm = 0.0
      apus_dot_products(point, point, 1, width, &norm)
      for index in distances.indices {
        distances[index] = max(0, norm + -2 * distances[index] + norms[index])
      }
    }
  }
}
