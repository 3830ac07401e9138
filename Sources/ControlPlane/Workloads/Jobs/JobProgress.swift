internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeProtocol

/// How far a job is, and what is to be done next; pure.
///
/// Pods that have ended are counted by looking at them, and never fewer than were counted before: a pod that
/// somebody deletes after its end stays counted.
struct JobProgress {
  enum Step: Equatable {
    case complete
    case fail(reason: String, message: String)
    case suspend
    /// So many more pods (with their indexes, where completions are counted by index), so many fewer.
    case go(create: [Int?], surplus: Int)
  }

  let spec: JobSpec
  let active: [KubeObject]
  let ended: [KubeObject]
  let succeeded: Int
  let failed: Int
  /// Indexes that are done.
  let completed: Set<Int>
  let step: Step

  private static let burst = 500

  /// - Parameter pods: the job's own.
  init(_ spec: JobSpec, pods: [KubeObject], now: Timestamp) {
    self.spec = spec
    active = pods.filter { PodState($0).isActive }
    ended = pods.filter { PodState($0).phase == "Failed" && !$0.isBeingDeleted }
    let done = pods.filter { PodState($0).phase == "Succeeded" }
    var completed = IndexRanges.parse(spec.job.status?["completedIndexes"]?.string ?? "")
    completed.formUnion(done.compactMap(JobSpec.index(of:)))
    self.completed = spec.isIndexed ? completed : []
    succeeded = spec.isIndexed ? completed.count : max(spec.succeeded, done.count)
    failed = max(spec.failed, pods.count { PodState($0).phase == "Failed" })
    step = Self.step(
      spec, active: active, succeeded: succeeded, failed: failed, completed: completed, now: now)
  }

  private static func step(
    _ spec: JobSpec, active: [KubeObject], succeeded: Int, failed: Int, completed: Set<Int>, now: Timestamp
  ) -> Step {
    if spec.isSuspended { return .suspend }
    if let deadline = spec.deadline, let start = spec.startedAt, now.since(start) >= deadline {
      return .fail(
        reason: "DeadlineExceeded", message: "Job was active longer than specified deadline")
    }
    let restarts = spec.restartsContainers ? active.reduce(0) { $0 + PodState($1).restarts } : 0
    if failed > spec.backoffLimit || restarts > 0 && restarts >= Int64(spec.backoffLimit) {
      return .fail(
        reason: "BackoffLimitExceeded", message: "Job has reached the specified backoff limit")
    }
    guard let completions = spec.completions else {
      if succeeded > 0 { return active.isEmpty ? .complete : .go(create: [], surplus: 0) }
      return go(spec, active, wanted: spec.parallelism, indexes: nil)
    }
    if succeeded >= completions { return .complete }
    let wanted = min(spec.parallelism, completions - succeeded)
    guard spec.isIndexed else { return go(spec, active, wanted: wanted, indexes: nil) }
    let taken = completed.union(active.compactMap(JobSpec.index(of:)))
    let open = (0..<completions).lazy.filter { !taken.contains($0) }.prefix(max(0, wanted - active.count))
    return go(spec, active, wanted: wanted, indexes: Array(open.prefix(burst)))
  }

  private static func go(_ spec: JobSpec, _ active: [KubeObject], wanted: Int, indexes: [Int]?) -> Step {
    if active.count >= wanted { return .go(create: [], surplus: active.count - wanted) }
    let new = indexes ?? []
    return .go(
      create: indexes == nil
        ? Array(repeating: nil, count: min(wanted - active.count, burst)) : new.map { $0 }, surplus: 0)
  }

  // MARK: status

  func makeStatus(now: Timestamp) -> JSONValue {
    var status: JSONValue = spec.job.status ?? [:]
    let time = JSONValue.string(now.rfc3339)
    let isOver = step == .complete || isFailure
    for (key, value) in [
      ("active", isOver || step == .suspend ? 0 : active.count),
      ("ready", isOver ? 0 : active.count { PodState($0).isReady }), ("succeeded", succeeded),
      ("failed", failed),
    ] { status[key] = value > 0 || key == "ready" ? .int(value) : nil }
    status["terminating"] = 0
    status["uncountedTerminatedPods"] = [:]
    if spec.isIndexed, !completed.isEmpty {
      status["completedIndexes"] = .string(IndexRanges.text(completed))
    }
    func set(_ condition: Condition) {
      var list = Conditions.setting(condition, in: status["conditions"], now: now)
      // Upstream's conditions of jobs say when they were looked at.
      list = .array(
        (list.array ?? []).map { entry in
          var entry = entry
          if entry["lastProbeTime"] == nil { entry["lastProbeTime"] = time }
          return entry
        })
      status["conditions"] = list
    }
    switch step {
    case .suspend:
      status["startTime"] = nil
      set(Condition("Suspended", .yes, reason: "JobSuspended", message: "Job suspended"))
    case .complete:
      status["completionTime"] = time
      set(
        Condition(
          "Complete", .yes, reason: "CompletionsReached", message: "Reached expected number of succeeded pods"
        ))
    case .fail(let reason, let message): set(Condition("Failed", .yes, reason: reason, message: message))
    case .go:
      if Conditions.isTrue(status["conditions"], "Suspended") {
        set(Condition("Suspended", .no, reason: "JobResumed", message: "Job resumed"))
      }
    }
    if step != .suspend, status["startTime"] == nil { status["startTime"] = time }
    return status
  }

  private var isFailure: Bool {
    if case .fail = step { return true }
    return false
  }
}

/// Sets of indexes as `0-2,5`.
enum IndexRanges {
  private static let limit = 100_000

  static func text(_ indexes: Set<Int>) -> String {
    var ranges: [(first: Int, last: Int)] = []
    for index in indexes.sorted() {
      if let last = ranges.indices.last, ranges[last].last == index - 1 {
        ranges[last].last = index
      } else {
        ranges.append((index, index))
      }
    }
    return ranges.map { $0.first == $0.last ? "\($0.first)" : "\($0.first)-\($0.last)" }
      .joined(separator: ",")
  }

  static func parse(_ text: String) -> Set<Int> {
    var indexes: Set<Int> = []
    for part in text.split(separator: ",") {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard ends.count <= 2, let first = ends[0], let last = ends[ends.count - 1], first >= 0, first <= last,
        last - first < limit, indexes.count < limit
      else { continue }
      indexes.formUnion(first...last)
    }
    return indexes
  }
}
