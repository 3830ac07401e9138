internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeProtocol

/// The counts of a Deployment's status, from the sums over its ReplicaSets.
struct DeploymentStatus: Hashable, Sendable {
  var replicas = 0
  var updated = 0
  var ready = 0
  var available = 0
  var unavailable = 0

  init() {}

  init(json status: JSONValue?) {
    func count(_ key: String) -> Int { ReplicaSetSpec.count(status?[key], default: 0) }
    replicas = count("replicas")
    updated = count("updatedReplicas")
    ready = count("readyReplicas")
    available = count("availableReplicas")
    unavailable = count("unavailableReplicas")
  }

  init(new: KubeObject?, old: [KubeObject]) {
    let all = (old + [new].compactMap { $0 }).map(ReplicaSetSpec.init)
    replicas = all.reduce(0) { $0 + $1.statusReplicas }
    updated = new.map { ReplicaSetSpec($0).statusReplicas } ?? 0
    ready = all.reduce(0) { $0 + $1.readyReplicas }
    available = all.reduce(0) { $0 + $1.availableReplicas }
    unavailable = max(0, all.reduce(0) { $0 + $1.replicas } - available)
  }

  /// Everything wanted is there, is new, and works.
  func isComplete(wanted: Int) -> Bool { updated == wanted && replicas == wanted && available == wanted }

  /// More new, fewer old, more ready or more available pods than before.
  func isProgress(since before: DeploymentStatus) -> Bool {
    updated > before.updated || replicas - updated < before.replicas - before.updated || ready > before.ready
      || available > before.available
  }

  /// The whole `status`: counts, generation and conditions, worded as upstream does.
  static func make(
    _ deployment: KubeObject, new: KubeObject?, old: [KubeObject], news: Condition? = nil,
    collisionCount: Int64? = nil, now: Timestamp
  ) -> JSONValue {
    let spec = DeploymentSpec(deployment)
    let counts = DeploymentStatus(new: new, old: old)
    var status: JSONValue = ["observedGeneration": .int(deployment.generation)]
    for (key, count) in [
      ("replicas", counts.replicas), ("updatedReplicas", counts.updated), ("readyReplicas", counts.ready),
      ("availableReplicas", counts.available), ("unavailableReplicas", counts.unavailable),
    ] where count > 0 { status[key] = .int(count) }
    let collisions = collisionCount ?? spec.collisionCount
    if collisions > 0 { status["collisionCount"] = .int(collisions) }

    var conditions = deployment.status?["conditions"] ?? []
    func set(_ condition: Condition) { conditions = setting(condition, in: conditions, now: now) }
    set(availability(counts, spec))
    if let news { set(news) }
    if spec.progressDeadline == nil {
      conditions = Conditions.removing("Progressing", from: conditions)
    } else if !spec.isPaused,
      let progress = progress(counts, spec, conditions, new: new, now: now)
    {
      if progress.status == .yes, progress.reason == "ReplicaSetUpdated" {
        // Renewed at each step: the deadline counts from the last one.
        conditions = renewing(progress, in: conditions, now: now)
      } else {
        set(progress)
      }
    }
    let failures = ([new].compactMap { $0 } + old).compactMap {
      Conditions.get($0.status?["conditions"], "ReplicaFailure")
    }
    if let failure = failures.first {
      set(failure)
    } else {
      conditions = Conditions.removing("ReplicaFailure", from: conditions)
    }
    status["conditions"] = conditions
    return status
  }

  private static func availability(_ counts: DeploymentStatus, _ spec: DeploymentSpec) -> Condition {
    counts.available >= spec.replicas - spec.bounds.unavailable
      ? Condition(
        "Available", .yes, reason: "MinimumReplicasAvailable", message: "Deployment has minimum availability."
      )
      : Condition(
        "Available", .no, reason: "MinimumReplicasUnavailable",
        message: "Deployment does not have minimum availability.")
  }

  /// The Progressing condition; nil where it stays as it is.
  private static func progress(
    _ counts: DeploymentStatus, _ spec: DeploymentSpec, _ conditions: JSONValue, new: KubeObject?,
    now: Timestamp
  ) -> Condition? {
    let current = Conditions.get(conditions, "Progressing")
    let wasComplete = current?.reason == "NewReplicaSetAvailable"
    if wasComplete && counts.replicas == counts.updated { return nil }
    let subject = new.map { "ReplicaSet \"\($0.name)\"" } ?? "Deployment \"\(spec.deployment.name)\""
    if counts.isComplete(wanted: spec.replicas) {
      return Condition(
        "Progressing", .yes, reason: "NewReplicaSetAvailable",
        message: "\(subject) has successfully progressed.")
    }
    if counts.isProgress(since: DeploymentStatus(json: spec.deployment.status)) {
      return Condition(
        "Progressing", .yes, reason: "ReplicaSetUpdated", message: "\(subject) is progressing.")
    }
    if isTimedOut(spec, conditions, now: now) {
      return Condition(
        "Progressing", .no, reason: "ProgressDeadlineExceeded",
        message: "\(subject) has timed out progressing.")
    }
    return nil
  }

  private static func isTimedOut(_ spec: DeploymentSpec, _ conditions: JSONValue, now: Timestamp) -> Bool {
    guard let deadline = spec.progressDeadline, let current = Conditions.get(conditions, "Progressing") else {
      return false
    }
    if current.reason == "NewReplicaSetAvailable" { return false }
    if current.reason == "ProgressDeadlineExceeded" { return true }
    guard let updated = lastUpdate(conditions) else { return false }
    return now.since(updated) > deadline
  }

  /// How long until the deadline of the rollout passes; nil where it has none or has ended.
  static func untilDeadline(_ deployment: KubeObject, status: JSONValue, now: Timestamp) -> Duration? {
    let spec = DeploymentSpec(deployment)
    guard let deadline = spec.progressDeadline, !spec.isPaused,
      !DeploymentStatus(json: status).isComplete(wanted: spec.replicas),
      let current = Conditions.get(status["conditions"], "Progressing"), current.status == .yes,
      current.reason != "NewReplicaSetAvailable", let updated = lastUpdate(status["conditions"])
    else { return nil }
    // One more second: times are whole seconds.
    return max(.seconds(1), updated.adding(deadline).since(now) + .seconds(1))
  }

  private static func lastUpdate(_ conditions: JSONValue?) -> Timestamp? {
    (conditions?.array ?? []).first { $0["type"]?.string == "Progressing" }?["lastUpdateTime"]?.string
      .flatMap(Timestamp.init(rfc3339:))
  }

  /// As upstream: status and reason being the same, the condition stays as it is, times and message included.
  private static func setting(_ condition: Condition, in list: JSONValue, now: Timestamp) -> JSONValue {
    if let current = Conditions.get(list, condition.type), current.status == condition.status,
      current.reason == condition.reason
    {
      return list
    }
    return Conditions.setting(condition, in: list, now: now, style: .workload)
  }

  private static func renewing(_ condition: Condition, in list: JSONValue, now: Timestamp) -> JSONValue {
    let since =
      Conditions.isTrue(list, condition.type)
      ? Conditions.lastTransition(list, condition.type) ?? now : now
    let cleared = Conditions.removing(condition.type, from: list)
    let added = Conditions.setting(condition, in: cleared, now: now, style: .workload)
    guard var entries = added.array, var last = entries.last else { return added }
    last["lastTransitionTime"] = .string(since.rfc3339)
    entries[entries.count - 1] = last
    return .array(entries)
  }
}
