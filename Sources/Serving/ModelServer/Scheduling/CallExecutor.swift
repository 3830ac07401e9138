internal import Basics
internal import InferenceProtocol
internal import Linux
internal import ModelRuntime
internal import Synchronization

/// What waits for a worker.
enum QueuedWork: Sendable {
  case call(QueuedCall)
  case other(@Sendable (_ shard: Int) -> Void)

  var call: QueuedCall? {
    if case .call(let call) = self { call } else { nil }
  }
}

/// A call with its way back.
struct QueuedCall: Sendable {
  var call: InferenceCall
  /// Where the outputs are kept for equal requests; nil for nowhere.
  var cacheKey: ResponseKey?
  var completion: InferenceScheduler.Completion

  /// Ends the call: once, by whoever took it out of the queue.
  func finish(_ outcome: InferenceOutcome, shard: Int) {
    if case .failure(let failure) = outcome {
      call.entry.metrics.shard(shard).count(ModelMetrics.Failure(failure))
    }
    call.entry.lane.pending.subtract(1, ordering: .relaxed)
    completion(outcome, shard)
  }
}

/// Computes what workers take out of the queue, single calls and batches.
struct CallExecutor: Sendable {
  let clock: any WallClock
  let random: any RandomSource
  let cache: ResponseCache?
  let waitLimit: Duration

  static let lateMessage = "the request's deadline passed before it was computed"

  func run(_ job: DispatchQueue<QueuedWork>.Job, shard: Int) {
    let now = clock.monotonicNow()
    var calls: [(call: QueuedCall, waited: Int64)] = []
    for item in job.items {
      switch item.payload {
      case .other(let work): work(shard)
      case .call(let queued):
        let waited = (now - item.arrival).wholeNanoseconds
        queued.call.entry.metrics.shard(shard).queue.observe(nanoseconds: waited)
        if queued.call.isCancelled?() == true {
          queued.finish(.failure(.cancelled), shard: shard)
        } else if let deadline = item.deadline, deadline < now {
          expire(item, shard: shard)
        } else {
          calls.append((queued, waited))
        }
      }
    }
    guard let first = calls.first?.call.call.entry else { return }
    let batchID = first.settings.batching?.showsBatchID == true ? random.uuid() : nil
    if calls.count > 1, let outcomes = computeTogether(calls.map(\.call.call), shard: shard) {
      for (index, outcome) in outcomes.enumerated() where index < calls.count {
        finish(calls[index].call, outcome, calls[index].waited, batchID, shard)
      }
      return
    }
    // One request, or a batch that failed as a whole: then each request is computed by itself, so that those
    // that can be answered are.
    for (queued, waited) in calls {
      finish(queued, compute(queued.call, shard: shard), waited, batchID, shard)
    }
  }

  func expire(_ item: WaitingItem<QueuedWork>, shard: Int) {
    guard let queued = item.payload.call else { return }
    queued.finish(
      .failure(
        queued.call.deadline == nil
          ? .overloaded(
            "the request waited longer than \(waitLimit) for a free worker", retryAfterSeconds: 1)
          : .deadlineExceeded(Self.lateMessage)), shard: shard)
  }

  private func finish(
    _ queued: QueuedCall, _ outcome: InferenceOutcome, _ waited: Int64, _ batchID: String?, _ shard: Int
  ) {
    guard case .outputs(let outputs, var info) = outcome else {
      queued.finish(outcome, shard: shard)
      return
    }
    if let key = queued.cacheKey { cache?.store(outputs, for: key) }
    info.queueNanoseconds = waited
    info.batchID = batchID
    queued.finish(.outputs(outputs, info), shard: shard)
  }

  private func compute(_ call: InferenceCall, shard: Int) -> InferenceOutcome {
    guard let model = call.entry.loaded else { return .failure(.notReady(call.entry.notReadyMessage)) }
    if call.entry.settings.batching != nil { call.entry.metrics.shard(shard).batch.observe(call.rows) }
    return Self.predict(call, model, shard: shard)
  }

  /// Computes one call on the calling thread and counts it, its failure too.
  static func compute(_ call: InferenceCall, _ model: any LoadedModel, shard: Int) -> InferenceOutcome {
    let outcome = predict(call, model, shard: shard)
    if case .failure(let failure) = outcome {
      call.entry.metrics.shard(shard).count(ModelMetrics.Failure(failure))
    }
    return outcome
  }

  private static func predict(_ call: InferenceCall, _ model: any LoadedModel, shard: Int) -> InferenceOutcome
  {
    let start = MonotonicClock.nanoseconds
    do {
      let outputs = try watched(call, model)
      var info = InferenceInfo()
      info.predictNanoseconds = Int64(clamping: MonotonicClock.nanoseconds &- start)
      info.batchRows = call.rows
      count(call, info.predictNanoseconds, shard)
      call.entry.cost.record(rows: call.rows, nanoseconds: info.predictNanoseconds)
      return .outputs(outputs, info)
    } catch {
      guard case .unavailable = error else { return .failure(.predict(error)) }
      if call.isCancelled?() == true { return .failure(.cancelled) }
      if let deadline = call.deadline, deadline < SystemClock().monotonicNow() {
        return .failure(.deadlineExceeded("the request's deadline passed while it was computed"))
      }
      return .failure(.predict(error))
    }
  }

  /// Predicts; long predictions end early where the client goes or the deadline passes, if the model can.
  private static func watched(
    _ call: InferenceCall, _ model: any LoadedModel
  ) throws(PredictError) -> [Tensor] {
    var request = call.request
    request.deadline = call.deadline
    let mayTakeLong =
      model.waitsForOthers
      || call.entry.cost.nanoseconds(rows: call.rows) > CancellationWatch.shortestNanoseconds
    guard mayTakeLong, call.isCancelled != nil || call.deadline != nil, request.cancellation == nil else {
      return try model.predict(request)
    }
    let cancellation = PredictCancellation()
    request.cancellation = cancellation
    let ended = request
    let result: Result<[Tensor], PredictError> = CancellationWatch.shared.watch(call, cancellation) {
      do throws(PredictError) {
        return .success(try model.predict(ended))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private static func count(_ call: InferenceCall, _ nanoseconds: Int64, _ shard: Int) {
    let metrics = call.entry.metrics.shard(shard)
    if call.request.function == .explain {
      metrics.explain.observe(nanoseconds: nanoseconds)
    } else {
      metrics.predict.observe(nanoseconds: nanoseconds)
    }
  }

  // MARK: batches

  /// One prediction for all calls, whose join keys are equal; nil where that failed, and why does not matter:
  /// each call finds out for itself.
  private func computeTogether(_ calls: [InferenceCall], shard: Int) -> [InferenceOutcome]? {
    guard let first = calls.first, let model = first.entry.loaded else { return nil }
    var request = first.request
    for index in request.inputs.indices {
      guard let joined = TensorRows.join(calls.map { $0.request.inputs[index] }) else { return nil }
      request.inputs[index] = joined
    }
    // One client's going away must not end the others' prediction.
    request.deadline = nil
    request.cancellation = nil
    let rows = calls.map(\.rows)
    let total = rows.reduce(0, +)
    let start = MonotonicClock.nanoseconds
    guard let outputs = try? model.predict(request) else { return nil }
    let nanoseconds = Int64(clamping: MonotonicClock.nanoseconds &- start)
    var parts: [[Tensor]] = calls.map { _ in [] }
    for output in outputs {
      guard let split = TensorRows.split(output, rows: rows) else {
        // Its rows are not the inputs' rows: such a model is not asked like this again.
        first.entry.joining.forbid()
        return nil
      }
      for (index, tensor) in split.enumerated() { parts[index].append(tensor) }
    }
    first.entry.metrics.shard(shard).batch.observe(total)
    first.entry.cost.record(rows: total, nanoseconds: nanoseconds)
    var info = InferenceInfo()
    info.predictNanoseconds = nanoseconds
    info.batchRows = total
    for call in calls { Self.count(call, nanoseconds, shard) }
    return parts.map { .outputs($0, info) }
  }
}

/// Whether requests for an instance of a model may be joined: until it turns out that its outputs do not
/// follow its inputs' rows.
final class JoinPermission: Sendable {
  private let forbidden = Atomic<Bool>(false)

  var isAllowed: Bool { !forbidden.load(ordering: .relaxed) }
  func forbid() { forbidden.store(true, ordering: .relaxed) }
}

extension Duration {
  /// Rounded towards zero; at the ends of the range the nearest that fits.
  var wholeNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    if overflow { return seconds < 0 ? .min : .max }
    return whole.addingReportingOverflow(attoseconds / 1_000_000_000).partialValue
  }
}
