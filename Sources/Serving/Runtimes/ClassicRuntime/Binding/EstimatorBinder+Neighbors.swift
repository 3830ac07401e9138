extension EstimatorFamily {
  static let neighbors: [EstimatorFamily] = [
    EstimatorFamily(
      ["sklearn.neighbors._classification", "sklearn.neighbors.classification"],
      ["KNeighborsClassifier", "RadiusNeighborsClassifier"]
    ) { binder, state throws(BindError) in BoundEstimator(try binder.neighborsClassifier(state)) },
    EstimatorFamily(
      ["sklearn.neighbors._regression", "sklearn.neighbors.regression"],
      ["KNeighborsRegressor", "RadiusNeighborsRegressor"]
    ) { binder, state throws(BindError) in BoundEstimator(try binder.neighborsRegressor(state)) },
    EstimatorFamily(
      ["sklearn.neighbors._nearest_centroid", "sklearn.neighbors.nearest_centroid"],
      [
        "NearestCentroid": { binder, state throws(BindError) in
          BoundEstimator(try binder.nearestCentroid(state))
        }
      ]),
    EstimatorFamily(
      ["sklearn.neighbors._lof", "sklearn.neighbors.lof"],
      [
        "LocalOutlierFactor": { binder, state throws(BindError) in
          BoundEstimator(try binder.localOutlierFactor(state))
        }
      ]),
    EstimatorFamily(
      ["sklearn.neighbors._kd_tree", "sklearn.neighbors.kd_tree"], parts: ["KDTree", "KDTree64", "newObj"]),
    EstimatorFamily(
      ["sklearn.neighbors._ball_tree", "sklearn.neighbors.ball_tree"],
      parts: ["BallTree", "BallTree64", "newObj"]),
    EstimatorFamily(
      ["sklearn.metrics._dist_metrics", "sklearn.neighbors._dist_metrics"],
      parts: ["newObj"]
        + ["Euclidean", "Manhattan", "Chebyshev", "Minkowski"].flatMap {
          ["\($0)Distance", "\($0)Distance64", "\($0)Distance32"]
        }),
  ]
}

extension EstimatorBinder {
  func neighborIndex(_ state: EstimatorState) throws(BindError) -> NeighborIndex {
    let identity = try state.identity()
    let method = try state.string("_fit_method")
    let metric = try neighborMetric(state)
    let rows = try state.matrixOfAnyKind("_fit_X", columns: identity.featureCount)
    guard rows.rows > 0 else { throw state.malformed("_fit_X", "a matrix with rows") }
    var tree: NeighborTree?
    switch method {
    case "brute": try hold(rows.values.count, 8)
    case "kd_tree": tree = try neighborTree(state, .kdTree, metric, identity.featureCount)
    case "ball_tree": tree = try neighborTree(state, .ballTree, metric, identity.featureCount)
    default: throw state.malformed("_fit_method", "brute, kd_tree or ball_tree")
    }
    if let tree, tree.order.count != rows.rows { throw state.malformed("_tree", "a tree of all rows") }
    return NeighborIndex(
      identity: identity, metric: metric, tree: tree, rows: rows,
      sortsByInsertion: state.version >= SklearnVersion(1, 8))
  }

  private func neighborMetric(_ state: EstimatorState) throws(BindError) -> NeighborMetric {
    guard case .string(let name) = try state.value("effective_metric_") else {
      throw .unsupported("its \(state.className) has a metric written in Python")
    }
    var power: Double?
    if state.has("effective_metric_params_"), !state.isNone("effective_metric_params_") {
      for entry in try state.entries("effective_metric_params_") {
        switch entry.key {
        case .string("p"): power = state.cell(entry.value)?.double
        default:
          if case .none = entry.value { continue }
          throw .unsupported("its \(state.className) has a metric with weights or other parameters")
        }
      }
    }
    return try metric(name, power: power, state)
  }

  func metric(
    _ name: String, power: Double?, _ state: EstimatorState
  ) throws(BindError) -> NeighborMetric {
    switch name {
    case "euclidean", "l2": return .euclidean
    case "sqeuclidean": return .squaredEuclidean
    case "manhattan", "l1", "cityblock": return .manhattan
    case "chebyshev", "infinity": return .chebyshev
    case "cosine": return .cosine
    case "minkowski":
      switch power ?? 2 {
      case 1: return .manhattan
      case 2: return .euclidean
      case .infinity: return .chebyshev
      case let power where power >= 1: return .minkowski(power)
      default: throw state.malformed("p", "a power of at least 1")
      }
    default:
      throw .unsupported(
        "its \(state.className) has the metric '\(String(quoting: name, limit: 40))'; euclidean, manhattan, "
          + "chebyshev, minkowski, sqeuclidean and cosine can be served")
    }
  }

  private func neighborTree(
    _ state: EstimatorState, _ kind: NeighborTree.Kind, _ metric: NeighborMetric, _ width: Int
  ) throws(BindError) -> NeighborTree {
    guard case .object(let object)? = graph.node(try state.value("_tree")), let value = object.state,
      let parts = state.items(value), parts.count >= 12
    else { throw state.malformed("_tree", "a tree of neighbors") }
    func array(_ index: Int) throws(BindError) -> NumpyArray {
      try state.array(in: parts[index], "_tree")
    }
    let data = try array(0)
    let nodes = try treeNodes(try array(2), state)
    guard data.shape.count == 2, data.shape[1] == width, let values = data.doubles(),
      let order = try array(1).integers(), order.count == data.shape[0],
      order.allSatisfy({ $0 >= 0 && $0 < Int64(order.count) }),
      let bounds = try array(3).doubles(),
      bounds.count == nodes.count * width * (kind == .kdTree ? 2 : 1),
      nodes.allSatisfy({ $0.start >= 0 && $0.start <= $0.end && $0.end <= order.count })
    else { throw state.malformed("_tree", "a tree whose parts fit one another") }
    return NeighborTree(
      kind: kind, metric: metric, width: width, data: values, order: order.map { Int($0) }, nodes: nodes,
      bounds: bounds)
  }

  /// The nodes lie as in a heap: those of node `i` are `2i + 1` and `2i + 2`.
  private func treeNodes(
    _ array: NumpyArray, _ state: EstimatorState
  ) throws(BindError) -> [NeighborTree.Node] {
    guard let first = array.field("idx_start"), let last = array.field("idx_end"),
      let leaf = array.field("is_leaf"), let distance = array.field("radius"),
      let starts = array.integers(field: first), let ends = array.integers(field: last),
      let leaves = array.integers(field: leaf), let radii = array.doubles(field: distance), !starts.isEmpty
    else { throw state.malformed("_tree", "a tree with nodes") }
    try hold(starts.count, 32)
    var nodes: [NeighborTree.Node] = []
    for index in starts.indices {
      let isLeaf = leaves[index] != 0
      guard isLeaf || 2 * index + 2 < starts.count else { throw state.malformed("_tree", "a whole tree") }
      nodes.append(
        NeighborTree.Node(
          start: Int(starts[index]), end: Int(ends[index]), isLeaf: isLeaf, radius: radii[index]))
    }
    return nodes
  }

  private func neighborhood(_ state: EstimatorState) throws(BindError) -> Neighborhood {
    let index = try neighborIndex(state)
    var weighsDistance = false
    switch try state.value("weights") {
    case .none, .string("uniform"): break
    case .string("distance"): weighsDistance = true
    default: throw .unsupported("its \(state.className) has weights written in Python")
    }
    if state.className.hasPrefix("Radius") {
      return Neighborhood(
        index: index, reach: .radius(try state.double("radius")), weighsDistance: weighsDistance)
    }
    let count = try state.int("n_neighbors")
    guard count > 0, count <= index.rows.rows else {
      throw state.malformed("n_neighbors", "at most as many neighbors as there are training rows")
    }
    return Neighborhood(index: index, reach: .nearest(count), weighsDistance: weighsDistance)
  }

  func neighborsClassifier(_ state: EstimatorState) throws(BindError) -> NeighborsClassifier {
    let neighborhood = try neighborhood(state)
    var arrays: [NumpyArray] = []
    if case .array(let array)? = graph.node(try state.value("classes_")),
      try !state.flag("outputs_2d_", default: false)
    {
      arrays = [array]
    } else {
      for item in try state.items("classes_") { arrays.append(try state.array(in: item, "classes_")) }
    }
    var classes: [ClassLabels] = []
    for array in arrays { classes.append(try labels(array, state)) }
    let codes = try state.integers("_y")
    guard !classes.isEmpty, codes.count == neighborhood.index.rows.rows * classes.count,
      codes.indices.allSatisfy({ codes[$0] >= 0 && codes[$0] < classes[$0 % classes.count].count })
    else { throw state.malformed("_y", "a class per training row") }
    var outliers: [Int?]?
    if !state.isNone("outlier_label_") {
      outliers = []
      for (output, item) in try state.items("outlier_label_").enumerated() where output < arrays.count {
        let cells = try state.cells(arrays[output], "classes_")
        guard let cell = state.cell(item), let code = cells.firstIndex(of: cell) else {
          throw .unsupported("its RadiusNeighborsClassifier has an outlier_label that is none of its classes")
        }
        outliers?.append(code)
      }
    }
    return NeighborsClassifier(
      featureNames: try state.featureNames(neighborhood.index.identity), neighborhood: neighborhood,
      classes: classes, codes: codes, outliers: outliers)
  }

  func neighborsRegressor(_ state: EstimatorState) throws(BindError) -> NeighborsRegressor {
    let neighborhood = try neighborhood(state)
    let array = try state.array("_y")
    let isFlat = array.shape.count == 1
    let rows = neighborhood.index.rows.rows
    let values = try state.doubles("_y")
    guard (1...2).contains(array.shape.count), array.shape[0] == rows, !values.isEmpty else {
      throw state.malformed("_y", "a target per training row")
    }
    return NeighborsRegressor(
      featureNames: try state.featureNames(neighborhood.index.identity), neighborhood: neighborhood,
      targets: BoundMatrix(
        values: values, rows: rows, columns: values.count / rows, isSingle: state.isSingle(array)),
      isFlat: isFlat, isRadius: state.className.hasPrefix("Radius"))
  }

  func nearestCentroid(_ state: EstimatorState) throws(BindError) -> NearestCentroid {
    let identity = try state.identity()
    let classes = try labels(try state.array("classes_"), state)
    guard case .string(let name) = try state.value("metric") else {
      throw .unsupported("its NearestCentroid has a metric written in Python")
    }
    if state.has("priors"), case .string("uniform") = try state.value("priors") {
    } else if state.has("priors") {
      throw .unsupported("its NearestCentroid has priors other than uniform")
    }
    return NearestCentroid(
      identity: identity, featureNames: try state.featureNames(identity), classes: classes,
      metric: try metric(name, power: nil, state),
      centroids: try state.matrix("centroids_", rows: classes.count, columns: identity.featureCount))
  }

  func localOutlierFactor(_ state: EstimatorState) throws(BindError) -> LocalOutlierFactor {
    guard try state.bool("novelty") else {
      throw .unsupported("its LocalOutlierFactor has no predict for new rows; fit it with novelty=True")
    }
    let index = try neighborIndex(state)
    let count = try state.int("n_neighbors_")
    guard count > 0, count <= index.rows.rows else { throw state.malformed("n_neighbors_", "a count") }
    let distances = try state.matrix("_distances_fit_X_", rows: index.rows.rows)
    guard distances.columns >= count else { throw state.malformed("_distances_fit_X_", "enough columns") }
    return LocalOutlierFactor(
      featureNames: try state.featureNames(index.identity), index: index, count: count,
      reach: (0..<distances.rows).map { distances[$0, count - 1] },
      densities: try state.vector("_lrd", count: index.rows.rows), offset: try state.double("offset_"))
  }
}
