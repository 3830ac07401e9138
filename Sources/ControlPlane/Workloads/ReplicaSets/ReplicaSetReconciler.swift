internal import Basics
internal import ControllerKit
internal import KubeClient
internal import KubeProtocol

/// Keeps as many pods of a ReplicaSet as it asks for.
struct ReplicaSetReconciler: Reconciler {
  let client: KubeClient
  let replicaSets: Informer
  let pods: Informer
  let events: EventRecorder
  let clock: any SleepingClock
  let tracker = WriteTracker()

  /// Pods made or deleted in one go; the rest follows when those are seen.
  private static let burst = 500
  /// Pods of a set that may wait for a node. More of them would help nobody, and a number of replicas beyond
  /// all measure would fill the store with them.
  static let waitingLimit = 100

  private var writes: PodWrites { PodWrites(client: client, pods: pods, tracker: tracker, events: events) }

  func reconcile(_ key: ObjectKey) async throws -> ReconcileResult {
    guard let set = replicaSets.get(key) else {
      tracker.forget(key)
      return .done
    }
    let claims = OwnerClaims(client: client, informer: pods)
    let children = try await claims.children(of: set, selector: ReplicaSetSpec(set).selector())
    let going = tracker.pendingDeletions(key, live: children)
    let active = children.filter { PodState($0).isActive && !going.contains($0.uid) }
    var result = ReconcileResult.done
    var problem: (any Error)?
    if !set.isBeingDeleted {
      if tracker.isSettled(key) {
        let ended = children.filter { PodState($0).phase == "Failed" && !$0.isBeingDeleted }
        do {
          result = try await reconcilePods(of: set, active: active, ended: ended)
        } catch {
          problem = error
        }
      } else {
        result = .requeue(after: WriteTracker.unseenRetry)
      }
    }
    let now = clock.now()
    var wanted = set
    wanted.status = ReplicaSetSpec.makeStatus(
      set, pods: active,
      failure: problem.map { failure($0, tooFew: active.count < ReplicaSetSpec(set).replicas) },
      now: now)
    try await ObjectWriter(client).applyStatus(.replicaSets, wanted, existing: set)
    if let problem { throw problem }
    return result.merging(nextAvailability(set, active, now))
  }

  private func failure(_ error: any Error, tooFew: Bool) -> Condition {
    Condition("ReplicaFailure", .yes, reason: tooFew ? "FailedCreate" : "FailedDelete", message: "\(error)")
  }

  /// Comes back when the next ready pod has been ready for long enough.
  private func nextAvailability(_ set: KubeObject, _ pods: [KubeObject], _ now: Timestamp) -> ReconcileResult
  {
    let seconds = ReplicaSetSpec(set).minReadySeconds
    let waits = pods.compactMap { PodState($0).untilAvailable(minReadySeconds: seconds, now: now) }
    return waits.filter { $0 > .zero }.min().map { .requeue(after: $0) } ?? .done
  }

  private func reconcilePods(
    of set: KubeObject, active: [KubeObject], ended: [KubeObject]
  ) async throws -> ReconcileResult {
    let missing = ReplicaSetSpec(set).replicas - active.count
    if missing < 0 {
      let surplus = PodRanking.deletionOrder(active).prefix(min(-missing, Self.burst))
      try await deletePods(Array(surplus), of: set)
      return .done
    }
    if missing == 0 { return .done }
    let waiting = active.count { $0.condition("PodScheduled")?.status == .no }
    if waiting >= Self.waitingLimit {
      events.record(
        set, .warning, reason: "FailedCreate",
        message:
          "\(waiting) pods of the set wait for a node; the other \(missing) are made when these have one. "
          + "Ask for fewer replicas")
      return .done
    }
    let delay = PodReplacement.delay(after: ended, now: clock.now())
    if delay > .zero { return .requeue(after: delay) }
    try await removeOldest(of: ended)
    try await createPods(min(missing, Self.burst), of: set)
    return .done
  }

  // MARK: effects

  /// In batches of 1, 2, 4, …: what fails for one pod (a quota, a refused template) is not tried for all of
  /// them.
  private func createPods(_ count: Int, of set: KubeObject) async throws {
    var made = 0
    var batch = 1
    while made < count {
      let size = min(batch, count - made)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<size {
          group.addTask { try await writes.create(ReplicaSetSpec.makePod(of: set), of: set) }
        }
        try await group.waitForAll()
      }
      made += size
      batch *= 2
    }
  }

  private func deletePods(_ surplus: [KubeObject], of set: KubeObject) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for pod in surplus { group.addTask { try await writes.delete(pod, of: set) } }
      try await group.waitForAll()
    }
  }

  private func removeOldest(of ended: [KubeObject]) async throws {
    for pod in PodReplacement.expendable(ended) { try await ObjectWriter(client).delete(.pods, pod) }
  }
}
