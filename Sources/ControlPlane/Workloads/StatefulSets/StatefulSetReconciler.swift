internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeClient
internal import KubeProtocol

/// Keeps the pods of a StatefulSet: stable names, one after the other, each with its own claims.
struct StatefulSetReconciler: Reconciler {
  let client: KubeClient
  let sets: Informer
  let pods: Informer
  let claims: Informer
  let revisions: Informer
  let events: EventRecorder
  let clock: any SleepingClock
  let tracker = WriteTracker()

  private var writes: PodWrites { PodWrites(client: client, pods: pods, tracker: tracker, events: events) }

  func reconcile(_ key: ObjectKey) async throws -> ReconcileResult {
    guard let set = sets.get(key), !set.isBeingDeleted else {
      tracker.forget(key)
      return .done
    }
    let spec = StatefulSetSpec(set)
    let own = pods.owned(by: set.uid)
    let going = tracker.pendingDeletions(key, live: own)
    guard tracker.isSettled(key), going.isEmpty else { return .requeue(after: WriteTracker.unseenRetry) }
    let plan = StatefulSetPlan(spec, pods: own, now: clock.now())
    var problem: (any Error)?
    do {
      try await writeRevision(spec)
      for pod in plan.delete { try await writes.delete(pod, of: set) }
      for ordinal in plan.create { try await makePod(ordinal, plan) }
    } catch {
      problem = error
    }
    var wanted = set
    wanted.status = plan.makeStatus()
    if let conditions = set.status?["conditions"] { wanted.json.set(conditions, at: "status", "conditions") }
    try await ObjectWriter(client).applyStatus(.statefulSets, wanted, existing: set)
    if let problem { throw problem }
    return plan.wait.map { .requeue(after: $0) } ?? .done
  }

  /// The template's revision exists, as the newest; old ones go that no pod and no status names.
  private func writeRevision(_ spec: StatefulSetSpec) async throws {
    let own = revisions.owned(by: spec.set.uid).sorted {
      ($0["revision"]?.int ?? 0) < ($1["revision"]?.int ?? 0)
    }
    let newest = own.last?["revision"]?.int ?? 0
    if own.last?.name != spec.revisionName {
      let existing = own.first { $0.name == spec.revisionName }
      let written = try await ObjectWriter(client).apply(
        .controllerRevisions, desired: spec.makeRevision(number: newest &+ 1), existing: existing)
      tracker.wrote(spec.set.key, written.object, in: revisions)
    }
    var named = Set(pods.owned(by: spec.set.uid).compactMap { $0.labels[StatefulSetSpec.revisionLabel] })
    named.insert(spec.revisionName)
    if let current = spec.set.status?["currentRevision"]?.string { named.insert(current) }
    let old = own.filter { !named.contains($0.name) }
    for revision in old.dropLast(spec.historyLimit) {
      try await ObjectWriter(client).delete(.controllerRevisions, revision)
    }
  }

  private func makePod(_ ordinal: Int, _ plan: StatefulSetPlan) async throws {
    let set = plan.spec.set
    for claim in plan.spec.makeClaims(ordinal) where claims.get(claim.key) == nil {
      do {
        try await client.create(.persistentVolumeClaims, claim)
        events.record(
          set, .normal, reason: "SuccessfulCreate",
          message: "create Claim \(claim.name) Pod \(plan.spec.podName(ordinal)) in StatefulSet \(set.name) "
            + "success")
      } catch let error as KubeError where error.reason == .alreadyExists {
        continue
      }
    }
    let revision = plan.revision(of: ordinal)
    let stored = revisions.get(namespace: set.namespace, name: revision).flatMap(StatefulSetSpec.template)
    let template = revision == plan.updateRevision ? plan.spec.template : stored ?? plan.spec.template
    let pod = plan.spec.makePod(ordinal, template: template, revision: revision)
    try await writes.create(pod, of: set)
  }
}
