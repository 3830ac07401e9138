internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeProtocol

/// What the controllers read from a ReplicaSet.
struct ReplicaSetSpec {
  let set: KubeObject

  init(_ set: KubeObject) { self.set = set }

  var replicas: Int { Self.count(self.set.spec?["replicas"], default: 1) }
  var minReadySeconds: Int64 { max(0, self.set.spec?["minReadySeconds"]?.int ?? 0) }
  var template: JSONValue { self.set.spec?["template"] ?? [:] }
  var statusReplicas: Int { Self.count(self.set.status?["replicas"], default: 0) }
  var readyReplicas: Int { Self.count(self.set.status?["readyReplicas"], default: 0) }
  var availableReplicas: Int { Self.count(self.set.status?["availableReplicas"], default: 0) }
  var observedGeneration: Int64 { self.set.status?["observedGeneration"]?.int ?? 0 }

  /// Throws `TerminalError`: an object with such a selector never works.
  func selector() throws -> LabelSelector { try Self.selector(of: set) }

  static func selector(of object: KubeObject) throws -> LabelSelector {
    do {
      return try LabelSelector(json: object.spec?["selector"] ?? [:])
    } catch {
      throw TerminalError("\(object.kind) \"\(object.key)\": spec.selector: \(error.message)")
    }
  }

  /// A count of pods: not negative, and small enough to calculate with.
  static func count(_ value: JSONValue?, default defaultCount: Int) -> Int {
    guard let number = value?.int else { return defaultCount }
    return Int(Int32(clamping: max(0, number)))
  }

  /// The pod that the set wants one more of.
  static func makePod(of set: KubeObject) -> KubeObject {
    PodTemplate.makePod(ReplicaSetSpec(set).template, owner: set, prefix: "\(set.name)-")
  }

  /// The status that the pods make.
  /// - Parameter failure: why pods could not be made or deleted just now.
  static func makeStatus(
    _ set: KubeObject, pods: [KubeObject], failure: Condition?, now: Timestamp
  ) -> JSONValue {
    let spec = ReplicaSetSpec(set)
    let templateLabels = KubeObject.stringMap(spec.template.at("metadata", "labels"))
    let states = pods.map(PodState.init)
    let ready = states.filter(\.isReady).count
    let available = states.filter {
      $0.untilAvailable(minReadySeconds: spec.minReadySeconds, now: now) == .zero
    }.count
    let labelled = pods.filter { pod in
      let labels = pod.labels
      return templateLabels.allSatisfy { labels[$0.key] == $0.value }
    }.count
    var status: JSONValue = ["replicas": .int(pods.count)]
    for (key, count) in [
      ("fullyLabeledReplicas", labelled), ("readyReplicas", ready), ("availableReplicas", available),
    ] where count > 0 { status[key] = .int(count) }
    status["observedGeneration"] = .int(set.generation)
    let old = set.status?["conditions"]
    let conditions =
      failure.map { Conditions.setting($0, in: old, now: now) }
      ?? Conditions.removing("ReplicaFailure", from: old)
    if conditions != [] { status["conditions"] = conditions }
    return status
  }
}
