public import Basics
internal import InferenceProtocol
public import Linux
internal import ModelRuntime

/// Decides where and when calls are computed: on the loop that read them where they are cheap, else by worker
/// threads out of bounded queues.
public final class InferenceScheduler: Sendable {
  public typealias Completion = @Sendable (InferenceOutcome, _ shard: Int) -> Void

  private let settings: SchedulerSettings
  private let workers: WorkerPool
  private let workerShard: Int
  private let clock: any WallClock

  /// - Parameter loops: metrics shards below this belong to event loops; that of the worker threads follows.
  public init(
    loops: Int, settings: SchedulerSettings = SchedulerSettings(), clock: any WallClock = SystemClock()
  ) {
    self.settings = settings
    self.clock = clock
    workerShard = max(1, loops)
    workers = WorkerPool(name: "predict", threads: settings.threads, capacity: settings.capacity)
  }

  /// Calls and other work that no worker has taken yet.
  public var waiting: Int { workers.waiting }

  /// Computes the call: at once on the calling thread where that is cheap and nothing waits, else later on a
  /// worker.
  /// - Parameters:
  ///   - shard: the calling thread's metrics shard.
  ///   - completion: called exactly once, on any thread, with that thread's metrics shard.
  public func submit(_ call: InferenceCall, shard: Int, completion: @escaping Completion) {
    let cost = call.entry.cost.nanoseconds(rows: call.rows)
    if cost <= settings.loopNanoseconds {
      completion(Self.compute(call, shard: shard), shard)
      return
    }
    let start = clock.monotonicNow()
    let deadline = call.deadline ?? start + settings.waitLimit
    let accepted = submitWork { [self] worker in
      if call.isCancelled?() == true {
        completion(.failure(.cancelled), worker)
      } else if clock.monotonicNow() > deadline {
        completion(.failure(.deadlineExceeded("the request waited too long for a free worker")), worker)
      } else {
        completion(Self.compute(call, shard: worker), worker)
      }
    }
    if !accepted {
      completion(
        .failure(
          .overloaded(
            "the server is busy: \(settings.capacity) requests are waiting already", retryAfterSeconds: 1)),
        shard)
    }
  }

  /// Work that must not run on a loop: decoding of long bodies, loads. Bounded.
  /// - Returns: false where too much waits already; the work will not run.
  public func submitWork(_ work: @escaping @Sendable (_ shard: Int) -> Void) -> Bool {
    let shard = workerShard
    return (try? workers.submit { work(shard) }) ?? false
  }

  private static func compute(_ call: InferenceCall, shard: Int) -> InferenceOutcome {
    guard let model = call.entry.loaded else { return .failure(.notReady(call.entry.notReadyMessage)) }
    let start = MonotonicClock.nanoseconds
    do {
      let outputs = try model.predict(call.request)
      var info = InferenceInfo()
      info.predictNanoseconds = Int64(clamping: MonotonicClock.nanoseconds &- start)
      call.entry.metrics.shard(shard).predict.observe(nanoseconds: info.predictNanoseconds)
      call.entry.cost.record(rows: call.rows, nanoseconds: info.predictNanoseconds)
      return .outputs(outputs, info)
    } catch {
      return .failure(.predict(error))
    }
  }
}
