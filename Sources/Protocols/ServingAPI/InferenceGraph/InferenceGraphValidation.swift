internal import Formats
public import KubeProtocol

/// What admission refuses about an InferenceGraph, in upstream's order and words; pure.
public enum InferenceGraphValidation {
  public static func causes(_ object: KubeObject) -> [KubeError.Cause] {
    if object.isBeingDeleted { return [] }
    let graph = InferenceGraph(object)
    var causes: [KubeError.Cause] = []
    func add(_ field: String, _ message: String, reason: String = "FieldValueInvalid") {
      causes.append(.init(reason: reason, message: message, field: field))
    }
    if !DNSName.isServiceName(graph.name) {
      add(
        "metadata.name",
        "The InferenceGraph \"\(graph.name)\" is invalid: a InferenceGraph name must consist of lower case "
          + "alphanumeric characters or '-', and must start with alphabetical character. (e.g. \"my-name\" "
          + "or \"abc-123\", regex used for validation is '\(InferenceServiceValidation.nameFormat)')")
    }
    let nodes = graph.nodes
    if !nodes.contains(where: { $0.name == InferenceGraph.rootName }) {
      add(
        "spec.nodes",
        "root node not found, InferenceGraph needs a node with name 'root' as the root node of the graph",
        reason: "FieldValueRequired")
    }
    for node in nodes {
      let path = "spec.nodes[\(node.name)]"
      causes += stepCauses(graph, node, path)
      causes += weightCauses(graph, node, path)
    }
    causes += targetCauses(graph, nodes)
    return causes
  }

  private static func stepCauses(
    _ graph: InferenceGraph, _ node: GraphNode, _ path: String
  ) -> [KubeError.Cause] {
    var causes: [KubeError.Cause] = []
    var names: Set<String> = []
    for (index, step) in node.steps.enumerated() {
      if let name = step.name, !names.insert(name).inserted {
        causes.append(
          .init(
            reason: "FieldValueDuplicate",
            message: "Node \"\(node.name)\" of InferenceGraph \"\(graph.name)\" contains more than one step "
              + "with name \"\(name)\"", field: "\(path).steps[\(index)].name"))
      }
      let count = [step.nodeName, step.serviceName, step.serviceURL].compactMap { $0 }.count
      guard count != 1 else { continue }
      let what =
        count == 0
        ? "does not specify an inference target"
        : "specifies more than one of nodeName, serviceName, serviceUrl"
      causes.append(
        .init(
          reason: count == 0 ? "FieldValueRequired" : "FieldValueInvalid",
          message: "Step \(index) (\"\(step.name ?? "")\") in node \"\(node.name)\" of InferenceGraph "
            + "\"\(graph.name)\" \(what)", field: "\(path).steps[\(index)]"))
    }
    return causes
  }

  private static func weightCauses(
    _ graph: InferenceGraph, _ node: GraphNode, _ path: String
  ) -> [KubeError.Cause] {
    guard node.routerType == .splitter else { return [] }
    var total: Int64 = 0
    for (index, step) in node.steps.enumerated() {
      guard let weight = step.weight else {
        return [
          .init(
            reason: "FieldValueRequired",
            message: "InferenceGraph[\(graph.name)] Node[\(node.name)] Route[\(step.serviceName ?? "")] "
              + "missing the 'Weight'", field: "\(path).steps[\(index)].weight")
        ]
      }
      total = total.addingReportingOverflow(weight).partialValue
    }
    guard total != 100 else { return [] }
    return [
      .init(
        reason: "FieldValueInvalid",
        message: "InferenceGraph[\(graph.name)] Node[\(node.name)] splitter node: the sum of traffic weights "
          + "for all routing targets should be 100", field: "\(path).steps")
    ]
  }

  /// Nodes that are named and do not exist, and circles: a request would never come back.
  private static func targetCauses(_ graph: InferenceGraph, _ nodes: [GraphNode]) -> [KubeError.Cause] {
    var causes: [KubeError.Cause] = []
    let byName = Dictionary(nodes.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for node in nodes {
      for (index, step) in node.steps.enumerated() {
        guard let target = step.nodeName, byName[target] == nil else { continue }
        causes.append(
          .init(
            reason: "FieldValueNotFound",
            message: "Step \(index) (\"\(step.name ?? "")\") in node \"\(node.name)\" of InferenceGraph "
              + "\"\(graph.name)\" names the node \"\(target)\", which the graph does not have",
            field: "spec.nodes[\(node.name)].steps[\(index)].nodeName"))
      }
    }
    if let circle = circle(nodes, byName) {
      causes.append(
        .init(
          reason: "FieldValueInvalid",
          message: "InferenceGraph[\(graph.name)] goes round in circles: \(circle.joined(separator: " → ")); "
            + "remove one of these steps", field: "spec.nodes"))
    }
    return causes
  }

  /// The first circle among the nodes, its first node again at the end. Linear in the number of steps, with
  /// a stack of its own.
  private static func circle(_ nodes: [GraphNode], _ byName: [String: GraphNode]) -> [String]? {
    var finished: Set<String> = []
    for start in nodes where !finished.contains(start.name) {
      var path: [(name: String, targets: ArraySlice<String>)] = [(start.name, targets(start))]
      var onPath: Set<String> = [start.name]
      while let last = path.last {
        guard let target = last.targets.first else {
          finished.insert(last.name)
          onPath.remove(last.name)
          path.removeLast()
          continue
        }
        path[path.count - 1].targets = last.targets.dropFirst()
        if onPath.contains(target) {
          let names = path.map(\.name)
          return Array(names.drop { $0 != target }) + [target]
        }
        guard !finished.contains(target), let node = byName[target] else { continue }
        path.append((target, targets(node)))
        onPath.insert(target)
      }
    }
    return nil
  }

  private static func targets(_ node: GraphNode) -> ArraySlice<String> {
    node.steps.compactMap(\.nodeName)[...]
  }
}
