internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeProtocol

/// One Deployment with its ReplicaSets, as one reconcile sees it. Decisions are pure; effects are the
/// reconciler's.
struct Rollout {
  var deployment: KubeObject
  /// The set of the present template.
  var new: KubeObject?
  /// The others, oldest first.
  private(set) var old: [KubeObject]
  /// What the Progressing condition is to say, besides what the counts tell.
  private(set) var news: Condition?
  /// Set when a hash turned out to be taken.
  var collisionCount: Int64?

  init(deployment: KubeObject, sets: [KubeObject]) {
    self.deployment = deployment
    let sorted = sets.sorted {
      ($0.creationTimestamp ?? Timestamp(seconds: 0), $0.name) < (
        $1.creationTimestamp ?? Timestamp(seconds: 0), $1.name
      )
    }
    let spec = DeploymentSpec(deployment)
    let hash = spec.templateHash
    let present =
      sorted.first {
        $0.labels[PodTemplate.hashLabel] == hash && Self.isTemplate(spec.template, of: $0)
      } ?? sorted.first { PodTemplate.areEqual(spec.template, ReplicaSetSpec($0).template) }
    new = present
    old = sorted.filter { $0.uid != present?.uid }
  }

  var spec: DeploymentSpec { DeploymentSpec(deployment) }
  var all: [KubeObject] { old + [new].compactMap { $0 } }

  func hasPresentTemplate(_ set: KubeObject) -> Bool { Self.isTemplate(spec.template, of: set) }

  /// Defaults that the server put into the set's copy are no difference.
  private static func isTemplate(_ template: JSONValue, of set: KubeObject) -> Bool {
    StructuralDifference.first(desired: template, existing: ReplicaSetSpec(set).template) == nil
  }

  mutating func replace(_ set: KubeObject) {
    if set.uid == new?.uid { new = set }
    if let index = old.firstIndex(where: { $0.uid == set.uid }) { old[index] = set }
  }

  // MARK: the new set

  func makeNewSet() -> KubeObject {
    let hash = spec.templateHash
    var set = KubeObject(.replicaSets, namespace: deployment.namespace, name: "\(deployment.name)-\(hash)")
    set.labels = KubeObject.stringMap(spec.template.at("metadata", "labels"))
      .merging([PodTemplate.hashLabel: hash]) { $1 }
    set.annotations = RevisionAnnotations.make(for: [:], deployment: deployment, oldSets: old)
      .merging(RevisionAnnotations.scaling(spec)) { $1 }
    set.ownerReferences = [OwnerReference(controller: deployment)]
    var replicas = spec.replicas
    if spec.strategy == .rollingUpdate {
      replicas = RollingUpdate.newSetReplicas(
        replicas: spec.replicas, bounds: spec.bounds,
        new: RolloutSet(name: set.name, replicas: 0, available: 0),
        old: old.map(RolloutSet.init))
    }
    var selector = deployment.spec?["selector"] ?? [:]
    selector.set(.string(hash), at: "matchLabels", PodTemplate.hashLabel)
    var setSpec: JSONValue = ["replicas": .int(replicas)]
    if spec.minReadySeconds > 0 { setSpec["minReadySeconds"] = .int(spec.minReadySeconds) }
    setSpec["selector"] = selector
    setSpec["template"] = PodTemplate.withHash(spec.template, hash)
    set.spec = setSpec
    return set
  }

  /// The existing new set with the Deployment's annotations, its revision and readiness time.
  func makeUpdatedNewSet(_ set: KubeObject) -> KubeObject {
    var updated = set
    let annotations = RevisionAnnotations.make(for: set.annotations, deployment: deployment, oldSets: old)
    if annotations != set.annotations { updated.annotations = annotations }
    if ReplicaSetSpec(set).minReadySeconds != spec.minReadySeconds {
      updated.json.set(.int(spec.minReadySeconds), at: "spec", "minReadySeconds")
    }
    return updated
  }

  // MARK: decisions

  var rollingStep: [String: Int] {
    guard let new else { return [:] }
    return RollingUpdate.step(
      replicas: spec.replicas, bounds: spec.bounds, new: RolloutSet(new), old: old.map(RolloutSet.init))
  }

  /// The Deployment's wanted number changed since its sets were scaled last.
  var isScaling: Bool {
    all.contains { set in
      guard ReplicaSetSpec(set).replicas > 0,
        let noted = set.annotations[RevisionAnnotations.desiredReplicas].flatMap({ Int($0) })
      else { return false }
      return noted != spec.replicas
    }
  }

  /// Where the wanted number goes while the template is not being rolled out, or in the middle of it.
  var scalingPlan: [String: Int] {
    let active = all.filter { ReplicaSetSpec($0).replicas > 0 }
    if active.count <= 1 {
      guard let only = active.first ?? new ?? old.last else { return [:] }
      return [only.name: spec.replicas]
    }
    if let new, isSaturated(new) {
      var plan = Dictionary(uniqueKeysWithValues: active.map { ($0.name, 0) })
      plan[new.name] = spec.replicas
      return plan
    }
    guard spec.strategy == .rollingUpdate else { return [:] }
    var plan = Dictionary(uniqueKeysWithValues: active.map { ($0.name, ReplicaSetSpec($0).replicas) })
    let changes = RollingUpdate.proportional(
      replicas: spec.replicas, bounds: spec.bounds, sets: active.map(RolloutSet.init),
      previousTotal: ReplicaSetSpec.count(deployment.status?["replicas"], default: 0))
    plan.merge(changes) { $1 }
    return plan
  }

  private func isSaturated(_ set: KubeObject) -> Bool {
    let set = ReplicaSetSpec(set)
    return set.replicas == spec.replicas && set.availableReplicas == spec.replicas
      && set.set.annotations[RevisionAnnotations.desiredReplicas] == "\(spec.replicas)"
  }

  /// Old, empty sets beyond the history limit, oldest revision first.
  var expendableHistory: [KubeObject] {
    let idle = old.filter { set in
      let set = ReplicaSetSpec(set)
      return set.replicas == 0 && set.statusReplicas == 0 && set.set.generation <= set.observedGeneration
    }
    .sorted { RevisionAnnotations.number(of: $0) < RevisionAnnotations.number(of: $1) }
    return Array(idle.prefix(max(0, old.count - spec.revisionHistoryLimit)))
  }

  // MARK: news

  private var progressing: Condition? { deployment.condition("Progressing") }
  private var tracksProgress: Bool { spec.progressDeadline != nil }

  mutating func notePause() {
    guard tracksProgress, progressing?.reason != "ProgressDeadlineExceeded" else { return }
    if spec.isPaused, progressing?.reason != "DeploymentPaused" {
      news = Condition("Progressing", .unknown, reason: "DeploymentPaused", message: "Deployment is paused")
    } else if !spec.isPaused, progressing?.reason == "DeploymentPaused" {
      news = Condition("Progressing", .unknown, reason: "DeploymentResumed", message: "Deployment is resumed")
    }
  }

  mutating func noteCreated(_ name: String) {
    guard tracksProgress else { return }
    news = Condition(
      "Progressing", .yes, reason: "NewReplicaSetCreated", message: "Created new replica set \"\(name)\"")
  }

  mutating func noteFound() {
    guard tracksProgress, let new else { return }
    // Back to a template that was there before: a new rollout begins, also where the last one had failed or
    // ended.
    if progressing == nil || isRollback(new) {
      news = Condition(
        "Progressing", .yes, reason: "FoundNewReplicaSet", message: "Found new replica set \"\(new.name)\"")
    }
  }

  private func isRollback(_ new: KubeObject) -> Bool {
    let noted = deployment.annotations[RevisionAnnotations.revision]
    return noted != nil && new.annotations[RevisionAnnotations.revision] != noted
  }

  mutating func noteFailedCreate(_ name: String, _ error: KubeError) {
    guard tracksProgress else { return }
    news = Condition(
      "Progressing", .no, reason: "ReplicaSetCreateError",
      message: "Failed to create new replica set \"\(name)\": \(error.message)")
  }
}
