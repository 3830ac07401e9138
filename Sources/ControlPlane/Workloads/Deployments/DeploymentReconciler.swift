internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeClient
internal import KubeProtocol

/// Keeps a Deployment's ReplicaSets: one for its present template, old ones shrinking and kept as history.
struct DeploymentReconciler: Reconciler {
  let client: KubeClient
  let deployments: Informer
  let replicaSets: Informer
  let pods: Informer
  let events: EventRecorder
  let clock: any SleepingClock
  let tracker = WriteTracker()

  func reconcile(_ key: ObjectKey) async throws -> ReconcileResult {
    guard let deployment = deployments.get(key) else {
      tracker.forget(key)
      return .done
    }
    if deployment.isBeingDeleted { return .done }
    guard tracker.isSettled(key) else { return .requeue(after: WriteTracker.unseenRetry) }
    let claims = OwnerClaims(client: client, informer: replicaSets)
    let selector = try ReplicaSetSpec.selector(of: deployment)
    let sets = try await claims.children(of: deployment, selector: selector).filter { !$0.isBeingDeleted }
    var rollout = Rollout(deployment: deployment, sets: sets)
    do {
      try await advance(&rollout)
    } catch {
      if rollout.news != nil { try await writeStatus(rollout) }
      throw error
    }
    let status = try await writeStatus(rollout)
    if DeploymentStatus(json: status).isComplete(wanted: rollout.spec.replicas) {
      try await removeHistory(rollout)
    }
    let wait = DeploymentStatus.untilDeadline(rollout.deployment, status: status, now: clock.now())
    return wait.map { .requeue(after: $0) } ?? .done
  }

  private func advance(_ rollout: inout Rollout) async throws {
    rollout.notePause()
    if rollout.spec.isPaused || rollout.isScaling {
      try await scale(&rollout, to: rollout.scalingPlan)
      return
    }
    switch rollout.spec.strategy {
    case .rollingUpdate:
      try await ensureNewSet(&rollout)
      try await scale(&rollout, to: rollout.rollingStep)
    case .recreate:
      let active = rollout.old.filter { ReplicaSetSpec($0).replicas > 0 }
      if !active.isEmpty {
        try await scale(&rollout, to: Dictionary(uniqueKeysWithValues: active.map { ($0.name, 0) }))
        return
      }
      if rollout.old.contains(where: hasRunningPods) { return }
      try await ensureNewSet(&rollout)
      if let new = rollout.new, ReplicaSetSpec(new).replicas != rollout.spec.replicas {
        try await scale(&rollout, to: [new.name: rollout.spec.replicas])
      }
    }
  }

  private func hasRunningPods(_ set: KubeObject) -> Bool {
    pods.owned(by: set.uid).contains { !PodState($0).isTerminal }
  }

  // MARK: effects

  /// Makes the ReplicaSet of the present template, or brings its annotations up to date; notes the revision
  /// on the Deployment.
  private func ensureNewSet(_ rollout: inout Rollout) async throws {
    if let new = rollout.new {
      let wanted = rollout.makeUpdatedNewSet(new)
      if wanted != new {
        let written = try await client.update(.replicaSets, wanted)
        tracker.wrote(rollout.deployment.key, written, in: replicaSets)
        rollout.new = written
      }
      rollout.noteFound()
    } else {
      try await createNewSet(&rollout)
    }
    try await noteRevision(&rollout)
  }

  private func createNewSet(_ rollout: inout Rollout) async throws {
    let wanted = rollout.makeNewSet()
    let created: KubeObject
    do {
      created = try await client.create(.replicaSets, wanted)
    } catch let error as KubeError where error.reason == .alreadyExists {
      let there = try await client.get(.replicaSets, namespace: wanted.namespace, name: wanted.name)
      if there.controllerReference?.uid == rollout.deployment.uid, rollout.hasPresentTemplate(there) {
        rollout.new = there
        return
      }
      // Another template with the same hash: the next try mixes the count into it.
      rollout.collisionCount = rollout.spec.collisionCount &+ 1
      try await writeStatus(rollout)
      throw error
    } catch let error as KubeError {
      rollout.noteFailedCreate(wanted.name, error)
      events.record(
        rollout.deployment, .warning, reason: "ReplicaSetCreateError",
        message: "Failed to create new replica set \"\(wanted.name)\": \(error.message)")
      throw error
    }
    tracker.wrote(rollout.deployment.key, created, in: replicaSets)
    rollout.new = created
    rollout.noteCreated(created.name)
    let replicas = ReplicaSetSpec(created).replicas
    if replicas > 0 {
      events.record(
        rollout.deployment, .normal, reason: "ScalingReplicaSet",
        message: "Scaled up replica set \(created.name) from 0 to \(replicas)")
    }
  }

  private func noteRevision(_ rollout: inout Rollout) async throws {
    guard let revision = rollout.new?.annotations[RevisionAnnotations.revision],
      rollout.deployment.annotations[RevisionAnnotations.revision] != revision
    else { return }
    let patched = try await client.patch(
      .deployments, namespace: rollout.deployment.namespace, name: rollout.deployment.name,
      ["metadata": ["annotations": [RevisionAnnotations.revision: .string(revision)]]])
    tracker.wrote(rollout.deployment.key, patched, in: deployments)
    rollout.deployment = patched
  }

  /// Sets the wanted replicas, by set name, and notes on each of these sets what the Deployment asked for.
  private func scale(_ rollout: inout Rollout, to wanted: [String: Int]) async throws {
    for set in rollout.all {
      guard let replicas = wanted[set.name] else { continue }
      let before = ReplicaSetSpec(set).replicas
      var scaled = set
      scaled.json.set(.int(replicas), at: "spec", "replicas")
      scaled.annotations = set.annotations.merging(RevisionAnnotations.scaling(rollout.spec)) { $1 }
      if scaled == set { continue }
      let written = try await client.update(.replicaSets, scaled)
      tracker.wrote(rollout.deployment.key, written, in: replicaSets)
      rollout.replace(written)
      if replicas == before { continue }
      let direction = replicas > before ? "up" : "down"
      events.record(
        rollout.deployment, .normal, reason: "ScalingReplicaSet",
        message: "Scaled \(direction) replica set \(set.name) from \(before) to \(replicas)")
    }
  }

  @discardableResult
  private func writeStatus(_ rollout: Rollout) async throws -> JSONValue {
    var wanted = rollout.deployment
    let status = DeploymentStatus.make(
      rollout.deployment, new: rollout.new, old: rollout.old, news: rollout.news,
      collisionCount: rollout.collisionCount, now: clock.now())
    wanted.status = status
    try await ObjectWriter(client).applyStatus(.deployments, wanted, existing: rollout.deployment)
    return status
  }

  private func removeHistory(_ rollout: Rollout) async throws {
    for set in rollout.expendableHistory { try await ObjectWriter(client).delete(.replicaSets, set) }
  }
}
