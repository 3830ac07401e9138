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

  private static let unseenWritesRetry: Duration = .seconds(1)

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
    guard tracker.isSettled(key) else { return .requeue(after: Self.unseenWritesRetry) }
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
      for pod in progress.active { try await delete(pod, of: job) }
    case .go(let create, let surplus):
      for pod in PodRanking.deletionOrder(progress.active).prefix(surplus) { try await delete(pod, of: job) }
      guard !create.isEmpty else { return .done }
      let delay = PodReplacement.delay(after: progress.ended, now: now)
      if delay > .zero { return .requeue(after: delay) }
      for index in create { try await makePod(index, of: job) }
    }
    return .done
  }

  private func makePod(_ index: Int?, of job: KubeObject) async throws {
    do {
      let pod = try await client.create(.pods, JobSpec(job).makePod(index: index))
      tracker.wrote(job.key, pod, in: pods)
      events.record(job, .normal, reason: "SuccessfulCreate", message: "Created pod: \(pod.name)")
    } catch let error as KubeError {
      if error.causes.contains(where: { $0.reason == "NamespaceTerminating" }) { return }
      events.record(job, .warning, reason: "FailedCreate", message: "Error creating: \(error.message)")
      throw error
    }
  }

  private func delete(_ pod: KubeObject, of job: KubeObject) async throws {
    tracker.willDelete(job.key, uid: pod.uid)
    do {
      try await client.delete(.pods, namespace: pod.namespace, name: pod.name, uid: pod.uid)
      events.record(job, .normal, reason: "SuccessfulDelete", message: "Deleted pod: \(pod.name)")
    } catch let error as KubeError where error.reason == .notFound {
      return
    } catch {
      tracker.failedToDelete(job.key, uid: pod.uid)
      throw error
    }
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
