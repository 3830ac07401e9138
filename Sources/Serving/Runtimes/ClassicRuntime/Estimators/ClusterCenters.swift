internal import CShims
internal import InferenceProtocol
internal import ModelRuntime

/// Squared distances to centers as scikit-learn's k-means makes them: |c|² - 2 x·c, a matrix product.
struct ClusterCenters: Sendable {
  let columns: FusedMatrix
  let norms: [Double]
  let singleNorms: [Float]
  /// The centers are float32: float32 rows are calculated in float32.
  let isSingle: Bool

  init(_ centers: BoundMatrix) {
    isSingle = centers.isSingle
    columns = FusedMatrix(centers.transposed, keepsSingle: centers.isSingle)
    let rows = (0..<centers.rows).map { Array(centers.row($0)) }
    norms = rows.map { row in row.withUnsafeBufferPointer { NumpySums.sumOfSquares($0) } }
    singleNorms = rows.map { row in
      row.map { Float($0) }.withUnsafeBufferPointer { NumpySums.sumOfSquares($0) }
    }
  }

  var count: Int { norms.count }

  /// The nearest center per row.
  func nearest(_ rows: RowMatrix, for identity: EstimatorIdentity) throws(PredictError) -> [Int] {
    if let sparse = rows.sparse {
      try RowChecks.requireFinite(sparse.values, allowsNaN: false, for: identity)
      try RowChecks.requireShape(rows, for: identity)
      return smallest(products(sparse), norms)
    }
    if isSingle, rows.isFloat32 {
      let values = rows.floats()
      try RowChecks.requireFinite(values, allowsNaN: false, for: identity)
      try RowChecks.requireShape(rows, for: identity)
      return smallest(columns.multiply(values, rows: rows.rows), singleNorms)
    }
    let values = try RowChecks.doubles(rows, for: identity)
    return smallest(columns.multiply(values, rows: rows.rows), norms)
  }

  private func smallest<Number: RealNumber>(_ products: [Number], _ norms: [Number]) -> [Int] {
    stride(from: 0, to: products.count, by: max(1, count)).map { start in
      var (best, smallest) = (0, norms[0] - 2 * products[start])
      for index in 1..<max(1, count) {
        let distance = norms[index] - 2 * products[start + index]
        if distance < smallest { (best, smallest) = (index, distance) }
      }
      return best
    }
  }

  private func products(_ sparse: SparseRows) -> [Double] {
    var result = [Double](repeating: 0, count: sparse.rows * count)
    for row in 0..<sparse.rows {
      for entry in sparse.entries(of: row) {
        let feature = Int(sparse.indices[entry])
        for index in 0..<count {
          result[row * count + index] += sparse.values[entry] * columns[feature, index]
        }
      }
    }
    return result
  }

  /// `euclidean_distances(X, centers)`.
  func distances(_ rows: RowMatrix, for identity: EstimatorIdentity) throws(PredictError) -> RowMatrix {
    var products: [Double]
    var lengths: [Double]
    if let sparse = rows.sparse {
      try RowChecks.requireFinite(sparse.values, allowsNaN: false, for: identity)
      try RowChecks.requireShape(rows, for: identity)
      products = self.products(sparse)
      lengths = (0..<sparse.rows).map { row in
        sparse.entries(of: row).reduce(0) { $0 + sparse.values[$1] * sparse.values[$1] }
      }
    } else {
      let values = try RowChecks.doubles(rows, for: identity)
      let width = identity.featureCount
      products = columns.multiply(values, rows: rows.rows)
      lengths = values.withUnsafeBufferPointer { values in
        (0..<rows.rows).map { row in
          NumpySums.sumOfSquares(
            UnsafeBufferPointer(rebasing: values[(row * width)..<((row + 1) * width)]))
        }
      }
    }
    for index in products.indices {
      products[index] = max(0, -2 * products[index] + lengths[index / count] + norms[index % count])
    }
    let isSingle = isSingle && rows.isFloat32
    let values: TensorValues =
      isSingle
      ? .float32(products.map { Float($0).squareRoot() }) : .float64(products.map { $0.squareRoot() })
    return RowMatrix(rows: rows.rows, columns: count, values: values)
  }
}

/// `KMeans`, `MiniBatchKMeans` and `BisectingKMeans`.
struct Clusters: Predictor, Transformer {
  /// `BisectingKMeans` walks down a tree of pairs of centers.
  indirect enum Tree: Sendable {
    case leaf(Int)
    case split(ClusterCenters, left: Tree, right: Tree)
  }

  let identity: EstimatorIdentity
  let featureNames: [String]?
  let centers: ClusterCenters
  let tree: Tree?

  var takesSparse: Bool { true }
  var outputColumns: Int { centers.count }
  var nanosecondsPerRow: Double { 60 + 0.4 * Double(centers.count * identity.featureCount) }
  var memoryBytes: Int { centers.columns.memoryBytes }
  var outputs: [ModelSignature.TensorSpec] { [.init(name: outputName(), datatype: .int32, shape: [-1])] }

  func predict(_ rows: RowMatrix) throws(PredictError) -> [Tensor] {
    var labels = try centers.nearest(rows, for: identity)
    if let tree { try assign(tree, rows, Array(0..<rows.rows), &labels) }
    return [
      Tensor(
        name: outputName(), shape: [rows.rows],
        values: .int32(labels.map { Int32(truncatingIfNeeded: $0) }))
    ]
  }

  func transform(_ rows: RowMatrix) throws(PredictError) -> RowMatrix {
    try centers.distances(rows, for: identity)
  }

  private func assign(
    _ tree: Tree, _ rows: RowMatrix, _ members: [Int], _ labels: inout [Int]
  ) throws(PredictError) {
    switch tree {
    case .leaf(let label): for member in members { labels[member] = label }
    case .split(let pair, let left, let right):
      guard !members.isEmpty else { return }
      let sides = try pair.nearest(rows, for: identity)
      try assign(left, rows, members.filter { sides[$0] == 0 }, &labels)
      try assign(right, rows, members.filter { sides[$0] != 0 }, &labels)
    }
  }
}
