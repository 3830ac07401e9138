internal import XML

/// `TreeModel`: a decision tree, its nodes flattened.
struct TreeModel: ModelCore {
  struct Node: Sendable {
    let id: String?
    let predicate: Predicate
    let score: FieldValue
    /// Shares of the categories that reached the node.
    let probabilities: [(category: FieldValue, probability: Double)]
    let confidences: [(category: FieldValue, probability: Double)]
    let recordCount: Double
    var children: [Int] = []
    var defaultChild: Int?
  }

  enum MissingStrategy: String, Sendable {
    case none, lastPrediction, nullPrediction, defaultChild, weightedConfidence, aggregateNodes
  }

  let nodes: [Node]
  let function: MiningFunction
  let missingStrategy: MissingStrategy
  let returnsLastPrediction: Bool

  func evaluate(_ record: Record) throws(EvaluationError) -> ModelResult {
    guard try nodes[0].predicate.evaluate(record) == true else { return ModelResult() }
    var current = 0
    while !nodes[current].children.isEmpty {
      switch try step(from: current, record) {
      case .node(let child): current = child
      case .stay: return result(of: current)
      case .nothing: return ModelResult()
      case .spread: return try combined(below: current, record)
      }
    }
    return result(of: current)
  }

  private enum Step { case node(Int), stay, nothing, spread }

  private func step(from index: Int, _ record: Record) throws(EvaluationError) -> Step {
    for child in nodes[index].children {
      guard let holds = try nodes[child].predicate.evaluate(record) else {
        switch missingStrategy {
        case .none: continue
        case .lastPrediction: return .stay
        case .nullPrediction: return .nothing
        case .weightedConfidence, .aggregateNodes: return .spread
        case .defaultChild:
          guard let fallback = nodes[index].defaultChild else { return .nothing }
          return .node(fallback)
        }
      }
      if holds { return .node(child) }
    }
    return returnsLastPrediction ? .stay : .nothing
  }

  private func result(of index: Int) -> ModelResult {
    let node = nodes[index]
    var value = node.score
    if value.isMissing, function == .classification { value = ModelResult.winner(node.probabilities) }
    return ModelResult(
      value: value, probabilities: node.probabilities, confidences: node.confidences, entity: node.id)
  }

  /// Where a value is missing: the leaves that may be reached, weighted by their records.
  private func combined(below index: Int, _ record: Record) throws(EvaluationError) -> ModelResult {
    var leaves: [(node: Int, weight: Double)] = []
    try collect(index, weight: 1, record, into: &leaves)
    let total = leaves.reduce(0) { $0 + $1.weight }
    guard total > 0 else { return ModelResult() }
    var result = ModelResult()
    if function == .regression {
      let sum = leaves.reduce(0) { $0 + $1.weight * (nodes[$1.node].score.number ?? 0) }
      result.value = .number(sum / total)
      return result
    }
    for (leaf, weight) in leaves {
      for (category, probability) in nodes[leaf].probabilities {
        if let position = result.probabilities.firstIndex(where: { $0.category == category }) {
          result.probabilities[position].probability += probability * weight / total
        } else {
          result.probabilities.append((category, probability * weight / total))
        }
      }
    }
    result.value = ModelResult.winner(result.probabilities)
    return result
  }

  private func collect(
    _ index: Int, weight: Double, _ record: Record, into leaves: inout [(node: Int, weight: Double)]
  ) throws(EvaluationError) {
    let children = nodes[index].children
    if children.isEmpty {
      leaves.append((index, weight))
      return
    }
    var open: [Int] = []
    for child in children {
      switch try nodes[child].predicate.evaluate(record) {
      case true?: return try collect(child, weight: weight, record, into: &leaves)
      case nil: open.append(child)
      case false?: break
      }
    }
    let total = open.reduce(0) { $0 + nodes[$1].recordCount }
    for child in open {
      let share = total > 0 ? nodes[child].recordCount / total : 1 / Double(open.count)
      try collect(child, weight: weight * share, record, into: &leaves)
    }
  }
}

extension TreeModel {
  init(_ element: XMLElement, _ context: ModelContext) throws(PMMLError) {
    guard let root = element.first("Node") else { throw .missing("Node", in: element) }
    let name = element["missingValueStrategy"] ?? "none"
    guard let strategy = MissingStrategy(rawValue: name) else {
      throw .unsupported("the missingValueStrategy '\(name.prefix(40))'")
    }
    missingStrategy = strategy
    returnsLastPrediction = element["noTrueChildStrategy"] == "returnLastPrediction"
    function = context.function
    var nodes: [Node] = []
    _ = try Self.add(root, context, to: &nodes)
    self.nodes = nodes
  }

  private static func add(
    _ element: XMLElement, _ context: ModelContext, to nodes: inout [Node]
  ) throws(PMMLError) -> Int {
    let index = nodes.count
    nodes.append(try node(element, context))
    let wanted = element["defaultChild"]
    for child in element.all("Node") {
      let position = try add(child, context, to: &nodes)
      nodes[index].children.append(position)
      if let wanted, child["id"] == wanted { nodes[index].defaultChild = position }
    }
    return index
  }

  private static func node(_ element: XMLElement, _ context: ModelContext) throws(PMMLError) -> Node {
    if element.first("Partition") == nil, element.children.contains(where: { $0.name.hasSuffix("Model") }) {
      throw .unsupported("models embedded in a tree's node")
    }
    let distribution = element.all("ScoreDistribution")
    var counts: [(category: FieldValue, count: Double)] = []
    var stated: [(category: FieldValue, probability: Double)] = []
    var confidences: [(category: FieldValue, probability: Double)] = []
    for entry in distribution {
      let category = context.category(try entry.required("value"))
      counts.append((category, try entry.number("recordCount") ?? 0))
      if let probability = try entry.number("probability") { stated.append((category, probability)) }
      if let confidence = try entry.number("confidence") { confidences.append((category, confidence)) }
    }
    let total = counts.reduce(0) { $0 + $1.count }
    let shares = counts.map { ($0.category, total > 0 ? $0.count / total : 0) }
    return Node(
      id: element["id"], predicate: try Predicate.read(childOf: element, context.scope),
      score: element["score"].map { context.category($0) } ?? .missing,
      probabilities: stated.count == counts.count ? stated : shares, confidences: confidences,
      recordCount: try element.number("recordCount") ?? total)
  }
}
