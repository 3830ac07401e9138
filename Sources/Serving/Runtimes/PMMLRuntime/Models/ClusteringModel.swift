internal import XML

/// `ClusteringModel`, centre based: the nearest centre wins.
struct ClusteringModel: ModelCore {
  struct Cluster: Sendable {
    let id: String
    let center: [Double]
  }

  enum Metric: String, Sendable {
    case squaredEuclidean, euclidean, cityBlock, chebychev
  }

  let fields: [(slot: Int, weight: Double)]
  let clusters: [Cluster]
  let metric: Metric

  func evaluate(_ record: Record) throws(EvaluationError) -> ModelResult {
    var values: [Double] = []
    for field in fields {
      guard let value = try record.number(field.slot) else { return ModelResult() }
      values.append(value)
    }
    var best: (cluster: Cluster, distance: Double)?
    for cluster in clusters {
      let distance = distance(values, cluster.center)
      if distance < best?.distance ?? .infinity { best = (cluster, distance) }
    }
    guard let best else { return ModelResult() }
    return ModelResult(value: .text(best.cluster.id), entity: best.cluster.id, affinity: best.distance)
  }

  private func distance(_ values: [Double], _ center: [Double]) -> Double {
    var total = 0.0
    for index in values.indices {
      let difference = (values[index] - center[index]).magnitude
      switch metric {
      case .squaredEuclidean, .euclidean: total += fields[index].weight * difference * difference
      case .cityBlock: total += fields[index].weight * difference
      case .chebychev: total = max(total, fields[index].weight * difference)
      }
    }
    return metric == .euclidean ? total.squareRoot() : total
  }
}

extension ClusteringModel {
  init(_ element: XMLElement, _ context: ModelContext) throws(PMMLError) {
    guard let measure = element.first("ComparisonMeasure") else {
      throw .missing("ComparisonMeasure", in: element)
    }
    guard let metric = measure.children.lazy.compactMap({ Metric(rawValue: $0.name) }).first else {
      throw .unsupported("this ComparisonMeasure of a ClusteringModel")
    }
    self.metric = metric
    var fields: [(slot: Int, weight: Double)] = []
    for field in element.all("ClusteringField") where field["isCenterField"] != "false" {
      let function = field["compareFunction"] ?? measure["compareFunction"] ?? "absDiff"
      guard function == "absDiff" else { throw .unsupported("the compareFunction '\(function.prefix(40))'") }
      fields.append(
        (try context.scope.field(try field.required("field")).slot, try field.number("fieldWeight") ?? 1))
    }
    self.fields = fields
    var clusters: [Cluster] = []
    for (index, cluster) in element.all("Cluster").enumerated() {
      guard let array = cluster.first("Array") else {
        throw .unsupported("clusters that are not given by their centres")
      }
      let center = try PMMLArray.numbers(array)
      guard center.count == fields.count else {
        throw PMMLError(
          .corrupt, "a cluster's centre has \(center.count) numbers for \(fields.count) fields")
      }
      clusters.append(Cluster(id: cluster["id"] ?? String(index + 1), center: center))
    }
    guard !clusters.isEmpty else { throw .missing("Cluster", in: element) }
    self.clusters = clusters
  }
}
