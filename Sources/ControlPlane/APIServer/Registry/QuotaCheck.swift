internal import Formats
public import KubeProtocol

/// Whether the ResourceQuotas of a namespace leave room for one more pod; pure. Words as Kubernetes has them.
public enum QuotaCheck {
  /// Throws the first refusal.
  /// - Parameters:
  ///   - quotas: all of the pod's namespace.
  ///   - pods: that are there; those that have ended use nothing.
  public static func check(_ pod: KubeObject, quotas: [KubeObject], pods: [KubeObject]) throws(KubeError) {
    let running = pods.filter { other in
      !["Succeeded", "Failed"].contains(other.status?["phase"]?.string ?? "") && other.name != pod.name
    }
    for quota in quotas.sorted(by: { $0.name < $1.name }) {
      // Quotas of certain pods only are not kept here.
      if quota.spec?["scopes"]?.array?.isEmpty == false || quota.spec?["scopeSelector"] != nil { continue }
      try check(pod, quota, running)
    }
  }

  private static func check(
    _ pod: KubeObject, _ quota: KubeObject, _ pods: [KubeObject]
  ) throws(KubeError) {
    var exceeded: [(name: String, requested: Int128, used: Int128, limit: String)] = []
    var missing: [String] = []
    for member in quota.spec?["hard"]?.object?.members ?? [] {
      guard let amount = Amount(member.key), let limit = Quantity(json: member.value) else { continue }
      guard let requested = amount.of(pod) else {
        missing.append(member.key)
        continue
      }
      let used = pods.reduce(Int128(0)) { $0 &+ (amount.of($1) ?? 0) }
      if used &+ requested > limit.billionths {
        let text = member.value.string ?? member.value.encodedText
        exceeded.append((member.key, requested, used, text))
      }
    }
    if !missing.isEmpty {
      throw refusal(pod, "failed quota: \(quota.name): must specify \(missing.joined(separator: ","))")
    }
    guard !exceeded.isEmpty else { return }
    func list(_ value: (Int) -> String) -> String {
      exceeded.indices.map { "\(exceeded[$0].name)=\(value($0))" }.joined(separator: ",")
    }
    let requested = list { Quantity.text(billionths: exceeded[$0].requested) }
    let used = list { Quantity.text(billionths: exceeded[$0].used) }
    throw refusal(
      pod,
      "exceeded quota: \(quota.name), requested: \(requested), used: \(used), "
        + "limited: \(list { exceeded[$0].limit })")
  }

  private static func refusal(_ pod: KubeObject, _ words: String) -> KubeError {
    let name = pod.name.isEmpty ? pod.generateName : pod.name
    return KubeError(.forbidden, "pods \"\(name)\" is forbidden: \(words)")
  }

  /// One measured amount: `pods`, `requests.cpu`, …
  private struct Amount {
    enum Kind { case count, resource(list: String, name: String) }
    let kind: Kind

    /// Nil for what is not a pod's.
    init?(_ key: String) {
      switch key {
      case "pods", "count/pods": kind = .count
      case "cpu", "memory": kind = .resource(list: "requests", name: key)
      default:
        let parts = key.split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2, ["requests", "limits"].contains(parts[0]) else { return nil }
        guard parts[1] != "storage" else { return nil }
        kind = .resource(list: parts[0], name: parts[1])
      }
    }

    /// Nil where a container does not say what it wants. Init containers count where they want more than all
    /// others together.
    func of(_ pod: KubeObject) -> Int128? {
      guard case .resource(let list, let name) = kind else { return 1_000_000_000 }
      var sum: Int128 = 0
      for container in pod.spec?["containers"]?.array ?? [] {
        guard let wanted = Self.wanted(container, list, name) else { return nil }
        sum += wanted
      }
      var largest: Int128 = 0
      for container in pod.spec?["initContainers"]?.array ?? [] {
        guard let wanted = Self.wanted(container, list, name) else { return nil }
        largest = max(largest, wanted)
      }
      return max(sum, largest)
    }

    /// A limit stands for a request that is not given.
    private static func wanted(_ container: JSONValue, _ list: String, _ name: String) -> Int128? {
      let resources = container["resources"]
      let value = resources?[list]?[name] ?? (list == "requests" ? resources?.at("limits", name) : nil)
      return value.flatMap(Quantity.init(json:)).map { min($0.billionths, Int128(Int64.max) * 1_000_000_000) }
    }
  }
}
