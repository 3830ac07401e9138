internal import ControllerKit
internal import Formats
internal import KubeProtocol

/// Chooses the node for a pod. CPU and memory requests are not counted: pods here are processes of one
/// machine, which its kernel shares out; devices (`nvidia.com/gpu`) are.
enum NodeChoice: Hashable {
  case node(String)
  /// Why none fits, worded as upstream does.
  case none(String)

  /// - Parameter occupancy: of each node by its name; one that is missing is empty.
  static func choose(
    _ pod: KubeObject, nodes: [KubeObject], occupancy: [String: NodeOccupancy]
  ) -> NodeChoice {
    if nodes.isEmpty { return .none("no nodes available to schedule pods") }
    var refusals: [String: Int] = [:]
    var best: (name: String, load: Int)?
    for node in nodes.sorted(by: { $0.name < $1.name }) {
      let others = occupancy[node.name] ?? NodeOccupancy()
      let reasons = NodeFit(node: node, others: others).refusals(of: pod)
      for reason in reasons { refusals[reason, default: 0] += 1 }
      if reasons.isEmpty, others.pods < best?.load ?? .max { best = (node.name, others.pods) }
    }
    if let best { return .node(best.name) }
    let list = refusals.map { "\($0.value) \($0.key)" }.sorted().joined(separator: ", ")
    return .none("0/\(nodes.count) nodes are available: \(list).")
  }
}

/// What a node has already.
struct NodeOccupancy {
  /// Live pods.
  var pods = 0
  /// Those of them that hold devices.
  var deviceHolders: [KubeObject] = []
}

/// Whether one node takes a pod.
struct NodeFit {
  let node: KubeObject
  let others: NodeOccupancy

  /// Empty where it does.
  func refusals(of pod: KubeObject) -> [String] {
    var reasons: [String] = []
    if !Conditions.isTrue(node.status?["conditions"], "Ready") { reasons.append("node(s) were not ready") }
    if node.spec?["unschedulable"]?.bool == true { reasons.append("node(s) were unschedulable") }
    if !matchesSelector(pod) || !matchesAffinity(pod) {
      reasons.append("node(s) didn't match Pod's node affinity/selector")
    }
    if let taint = untolerated(pod) { reasons.append("node(s) had untolerated taint {\(taint)}") }
    if let limit = node.status?.at("allocatable", "pods").flatMap(Quantity.init(json:)),
      Int64(others.pods) >= limit.wholeUnits
    {
      reasons.append("Too many pods")
    }
    reasons += missingDevices(pod)
    return reasons
  }

  private func matchesSelector(_ pod: KubeObject) -> Bool {
    let labels = node.labels
    return KubeObject.stringMap(pod.spec?["nodeSelector"]).allSatisfy { labels[$0.key] == $0.value }
  }

  /// `requiredDuringSchedulingIgnoredDuringExecution`: one term must hold, of which all expressions must.
  private func matchesAffinity(_ pod: KubeObject) -> Bool {
    guard
      let terms = pod.spec?.at(
        "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")?
        .array
    else { return true }
    return terms.contains { term in
      let expressions = term["matchExpressions"]?.array ?? []
      let fields = term["matchFields"]?.array ?? []
      if expressions.isEmpty && fields.isEmpty { return false }
      return expressions.allSatisfy { matches($0, node.labels) }
        && fields.allSatisfy { matches($0, ["metadata.name": node.name]) }
    }
  }

  private func matches(_ expression: JSONValue, _ labels: [String: String]) -> Bool {
    let value = labels[expression["key"]?.string ?? ""]
    let values = (expression["values"]?.array ?? []).compactMap(\.string)
    switch expression["operator"]?.string {
    case "In": return value.map(values.contains) ?? false
    case "NotIn": return value.map { !values.contains($0) } ?? true
    case "Exists": return value != nil
    case "DoesNotExist": return value == nil
    case "Gt", "Lt":
      guard let number = value.flatMap({ Int64($0) }), let bound = values.first.flatMap({ Int64($0) }) else {
        return false
      }
      return expression["operator"]?.string == "Gt" ? number > bound : number < bound
    default: return false
    }
  }

  /// The first taint that keeps the pod away, as `key: value`.
  private func untolerated(_ pod: KubeObject) -> String? {
    let tolerations = pod.spec?["tolerations"]?.array ?? []
    for taint in node.spec?["taints"]?.array ?? [] {
      guard let effect = taint["effect"]?.string, effect == "NoSchedule" || effect == "NoExecute" else {
        continue
      }
      let key = taint["key"]?.string ?? ""
      let value = taint["value"]?.string ?? ""
      let isTolerated = tolerations.contains { toleration in
        let wantedEffect = toleration["effect"]?.string ?? ""
        let wantedKey = toleration["key"]?.string ?? ""
        guard wantedEffect.isEmpty || wantedEffect == effect else { return false }
        if toleration["operator"]?.string == "Exists" { return wantedKey.isEmpty || wantedKey == key }
        return wantedKey == key && (toleration["value"]?.string ?? "") == value
      }
      if !isTolerated { return "\(key): \(value)" }
    }
    return nil
  }

  private func missingDevices(_ pod: KubeObject) -> [String] {
    Self.devices(of: pod).sorted { $0.key < $1.key }.compactMap { name, wanted in
      let taken = others.deviceHolders.reduce(Int64(0)) { $0 &+ (Self.devices(of: $1)[name] ?? 0) }
      let there = node.status?.at("allocatable", name).flatMap(Quantity.init(json:))?.wholeUnits ?? 0
      return wanted > there &- taken ? "Insufficient \(name)" : nil
    }
  }

  /// Requests of resources with a domain in their name; limits stand for requests.
  static func devices(of pod: KubeObject) -> [String: Int64] {
    var sum: [String: Int64] = [:]
    for container in pod.spec?["containers"]?.array ?? [] {
      let requests = container.at("resources", "requests")?.object ?? JSONObject()
      let limits = container.at("resources", "limits")?.object ?? JSONObject()
      for name in Set(requests.keys + limits.keys)
      where name.contains("/") && !name.hasPrefix("kubernetes.io/") {
        let quantity = (requests[name] ?? limits[name]).flatMap(Quantity.init(json:))
        sum[name, default: 0] &+= quantity?.wholeUnits ?? 0
      }
    }
    return sum
  }
}
