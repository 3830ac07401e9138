internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeClient
internal import KubeProtocol

/// Runs a job's pods until enough of them have succeeded, or too many have failed.
struct JobReconciler: Reconciler {
  let client: KubeClient
  let jobs: Informer
  let pods: Informer
  let events: EventRecorder
  let clock: any SleepingClock
  let tracker = WriteTracker()

  private var writes: PodWrites { PodWrites(client: client, pods: pods, tracker: tracker, events: events) }

  func reconcile(_ key: ObjectKey) async throws -> ReconcileResult {
    guard let job = jobs.get(key), !job.isBeingDeleted else {
      tracker.forget(key)
      return .done
    }
    let spec = JobSpec(job)
    let now = clock.now()
    if let end = spec.endedAt { return try await expire(job, spec, end: end, now: now) }
    let own = pods.owned(by: job.uid)
    let going = tracker.pendingDeletions(key, live: own)
    guard tracker.isSettled(key) else { return .requeue(after: WriteTracker.unseenRetry) }
    let progress = JobProgress(spec, pods: own.filter { !going.contains($0.uid) }, now: now)
    var result = ReconcileResult.done
    var problem: (any Error)?
    do {
      result = try await carryOut(progress, job, now)
    } catch {
      problem = error
    }
    var wanted = job
    wanted.status = progress.makeStatus(now: now)
    try await ObjectWriter(client).applyStatus(.jobs, wanted, existing: job)
    if let problem { throw problem }
    tell(progress, job)
    if let deadline = spec.deadline, spec.endedAt == nil, progress.step != .complete {
      let left = deadline - now.since(spec.startedAt ?? now)
      result = result.merging(.requeue(after: max(.zero, left)))
    }
    return result
  }

  private func carryOut(
    _ progress: JobProgress, _ job: KubeObject, _ now: Timestamp
  ) async throws -> ReconcileResult {
    switch progress.step {
    case .complete, .fail, .suspend:
      for pod in progress.active { try await writes.delete(pod, of: job) }
    case .go(let create, let surplus):
      for pod in PodRanking.deletionOrder(progress.active).prefix(surplus) {
        try await writes.delete(pod, of: job)
      }
      guard !create.isEmpty else { return .done }
      let delay = PodReplacement.delay(after: progress.ended, now: now)
      if delay > .zero { return .requeue(after: delay) }
      for index in create { try await writes.create(JobSpec(job).makePod(index: index), of: job) }
    }
    return .done
  }

  private func tell(_ progress: JobProgress, _ job: KubeObject) {
    switch progress.step {
    case .complete: events.record(job, .normal, reason: "Completed", message: "Job completed")
    case .fail(let reason, let message): events.record(job, .warning, reason: reason, message: message)
    case .suspend where !Conditions.isTrue(job.status?["conditions"], "Suspended"):
      events.record(job, .normal, reason: "Suspended", message: "Job suspended")
    default: break
    }
  }

  /// `ttlSecondsAfterFinished`.
  private func expire(
    _ job: KubeObject, _ spec: JobSpec, end: Timestamp, now: Timestamp
  ) async throws -> ReconcileResult {
    guard let life = spec.lifeAfterEnd else { return .done }
    let left = life - now.since(end)
    if left > .zero { return .requeue(after: left) }
    try await ObjectWriter(client).delete(.jobs, job)
    return .done
  }
}
