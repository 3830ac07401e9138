public import Basics
internal import InferenceProtocol
public import Linux
internal import ModelRuntime
internal import Synchronization

/// Decides where and when calls are computed: on the loop that read them where they are cheap, else by worker
/// threads out of bounded queues, one per version of a model. Rows of several requests are computed as one
/// batch where the model's settings say so.
public final class InferenceScheduler: Sendable {
  public typealias Completion = @Sendable (InferenceOutcome, _ shard: Int) -> Void

  /// Other work than calls, in lanes of its own.
  public enum WorkKind: UInt64, Sendable {
    /// Decoding of long bodies and the like.
    case decoding = 1
    /// Loads and unloads.
    case administration = 2
    /// Descriptions of everything that there is: metrics, the repository's index. They must not wait for a
    /// load.
    case description = 3
  }

  private let settings: SchedulerSettings
  private let repository: ModelRepository?
  private let workerShard: Int
  private let clock: any WallClock
  private let queue: WorkQueue<QueuedWork>
  private let cache: ResponseCache?

  /// - Parameters:
  ///   - loops: metrics shards below this belong to event loops; that of the worker threads follows.
  ///   - repository: loads evicted models again.
  public init(
    loops: Int, settings: SchedulerSettings = SchedulerSettings(), repository: ModelRepository? = nil,
    clock: any WallClock = SystemClock(), random: any RandomSource = SystemRandom()
  ) {
    self.settings = settings
    self.repository = repository
    self.clock = clock
    let shard = max(1, loops)
    workerShard = shard
    let cache = settings.cacheBytes > 0 ? ResponseCache(capacityBytes: settings.cacheBytes) : nil
    self.cache = cache
    let executor = CallExecutor(clock: clock, random: random, cache: cache, waitLimit: settings.waitLimit)
    queue = WorkQueue(
      name: "predict", limits: settings.dispatchLimits, clock: clock,
      actions: .init(
        run: { executor.run($0, shard: shard) },
        expire: { executor.expire($0, shard: shard) },
        isGone: { $0.call?.call.isCancelled?() ?? false },
        drop: { $0.payload.call?.finish(.failure(.cancelled), shard: shard) }))
  }

  deinit { queue.close() }

  /// Calls and other work that no worker has taken yet.
  public var waiting: Int { queue.waiting }

  /// What the response cache holds; nil where there is none.
  var cacheBytes: Int? { cache?.bytes }

  /// Computes the call: at once on the calling thread where that is cheap and nothing waits, else later on a
  /// worker.
  /// - Parameters:
  ///   - shard: the calling thread's metrics shard.
  ///   - completion: called exactly once, on any thread, with that thread's metrics shard.
  public func submit(_ call: InferenceCall, shard: Int, completion: @escaping Completion) {
    let entry = call.entry
    guard let model = entry.loaded else {
      recall(call, shard: shard, completion: completion)
      return
    }
    let now = clock.monotonicNow()
    entry.lane.noteUse(at: now)
    if let deadline = call.deadline, deadline < now {
      fail(call, .deadlineExceeded(CallExecutor.lateMessage), shard, completion)
      return
    }
    var cacheKey: ResponseKey?
    if let cache, entry.settings.cachesResponses, let key = ResponseKey(call) {
      if let outputs = cache.find(key) {
        entry.metrics.shard(shard).countCacheHit()
        var info = InferenceInfo()
        info.isCached = true
        completion(.outputs(outputs, info), shard)
        return
      }
      entry.metrics.shard(shard).countCacheMiss()
      cacheKey = key
    }
    let isInline =
      entry.settings.runsOnLoop && !model.waitsForOthers && entry.lane.pending.load(ordering: .relaxed) == 0
      && entry.cost.nanoseconds(rows: call.rows) <= settings.loopNanoseconds
    if isInline {
      let outcome = CallExecutor.compute(call, model, shard: shard)
      if let cacheKey, case .outputs(let outputs, _) = outcome { cache?.store(outputs, for: cacheKey) }
      completion(outcome, shard)
    } else {
      enqueue(call, cacheKey, now, shard, completion)
    }
  }

  /// Work that must not run on a loop. Bounded.
  /// - Returns: false where too much waits already; the work will not run.
  public func submitWork(
    _ kind: WorkKind = .decoding, _ work: @escaping @Sendable (_ shard: Int) -> Void
  ) -> Bool {
    let item = WaitingItem(QueuedWork.other(work), arrival: clock.monotonicNow())
    let rules = LaneRules(capacity: settings.capacity, concurrency: settings.threads, batch: nil)
    return queue.add(item, lane: kind.rawValue, rules: rules) == .queued
  }

  private func enqueue(
    _ call: InferenceCall, _ cacheKey: ResponseKey?, _ now: Duration, _ shard: Int,
    _ completion: @escaping Completion
  ) {
    let batching = call.entry.settings.batching
    let item = WaitingItem(
      QueuedWork.call(QueuedCall(call: call, cacheKey: cacheKey, completion: completion)), arrival: now,
      deadline: call.deadline ?? now + settings.waitLimit, priority: call.priority, rows: call.rows,
      bytes: call.request.inputs.reduce(0) { $0 &+ $1.values.heldBytes },
      joinKey: batching == nil ? nil : JoinKey(call))
    let lane = call.entry.lane
    lane.pending.add(1, ordering: .relaxed)
    let message: String
    switch queue.add(item, lane: lane.identifier, rules: settings.rules(for: call.entry.settings)) {
    case .queued: return
    case .laneFull(let count): message = "the server is busy: \(count) requests are waiting already"
    case .full(let count):
      message = "the server is busy: \(count) requests for all models are waiting already"
    }
    lane.pending.subtract(1, ordering: .relaxed)
    fail(call, .overloaded(message, retryAfterSeconds: 1), shard, completion)
  }

  /// Loads an evicted model, then submits the call for it.
  private func recall(_ call: InferenceCall, shard: Int, completion: @escaping Completion) {
    guard let repository, case .evicted = call.entry.state else {
      fail(call, .notReady(call.entry.notReadyMessage), shard, completion)
      return
    }
    let accepted = submitWork(.administration) { [weak self] worker in
      guard let self else { return completion(.failure(.cancelled), worker) }
      do throws(ModelLoadError) {
        var call = call
        call.entry = try repository.recall(call.entry)
        submit(call, shard: worker, completion: completion)
      } catch {
        fail(
          call, .notReady("Model with name \(call.entry.name) is not ready. \(error.message)"), worker,
          completion)
      }
    }
    if !accepted {
      fail(
        call,
        .overloaded("the server is busy: too many models are being loaded already", retryAfterSeconds: 1),
        shard, completion)
    }
  }

  private func fail(
    _ call: InferenceCall, _ failure: InferenceFailure, _ shard: Int, _ completion: Completion
  ) {
    call.entry.metrics.shard(shard).count(ModelMetrics.Failure(failure))
    completion(.failure(failure), shard)
  }
}

extension ModelSettings {
  /// Batches form in the queue, and a bound on predictions at a time holds there.
  var runsOnLoop: Bool { batching == nil && concurrency == nil }
}
