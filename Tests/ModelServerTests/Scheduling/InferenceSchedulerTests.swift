import Basics
import InferenceProtocol
import Linux
import ModelRuntime
import Synchronization
import Testing

@testable import ModelServer

struct InferenceSchedulerTests {
  /// Adds up each row; what it is asked for is written down.
  private final class Recorder: Sendable {
    let batches = Mutex<[[Double]]>([])

    var rows: [Int] { batches.withLock { $0.map { $0.count / 2 } } }
    var count: Int { batches.withLock { $0.count } }
  }

  private struct SumModel: LoadedModel {
    var signature = ModelSignature(platform: "sklearn", inputs: [], outputs: [])
    var estimatedNanosecondsPerRow: Double = 1e9
    var memoryBytes = 100
    var recorder = Recorder()
    var gate: Gate?
    /// Gives one number whatever the rows.
    var isAggregate = false

    func predict(_ request: PredictRequest) throws(PredictError) -> [Tensor] {
      let values = request.inputs.first?.values.doubles() ?? []
      recorder.batches.withLock { $0.append(values) }
      gate?.pass()
      if values.contains(666) { throw .invalidInput("666 is no number") }
      if isAggregate {
        return [Tensor(name: "y", shape: [1], values: .float64([values.reduce(0, +)]))]
      }
      let sums = stride(from: 0, to: values.count - 1, by: 2).map { values[$0] + values[$0 + 1] }
      return [Tensor(name: "y", shape: [sums.count], values: .float64(sums))]
    }
  }

  private func repository(
    _ models: [String: SumModel], settings: ModelSettings = ModelSettings()
  ) throws -> ModelRepository {
    let repository = ModelRepository(metricShards: 2, settings: settings) { name throws(ModelLoadError) in
      guard let model = models[name] else { throw ModelLoadError(.modelMissing, "none") }
      return model
    }
    for name in models.keys { try repository.load(name) }
    return repository
  }

  private func settings(threads: Int, limit: Int? = nil) -> SchedulerSettings {
    var settings = SchedulerSettings(threads: threads)
    settings.threadLimit = limit ?? threads
    return settings
  }

  private func call(
    _ repository: ModelRepository, _ values: [Double], of name: String = "m"
  ) throws -> InferenceCall {
    InferenceCall(
      entry: try #require(repository.entry(name)),
      request: PredictRequest(inputs: [
        Tensor(name: "x", shape: [values.count / 2, 2], values: .float64(values))
      ]))
  }

  /// The outcome, when it comes.
  private func outcome(_ scheduler: InferenceScheduler, _ call: InferenceCall) async -> InferenceOutcome {
    await withCheckedContinuation { continuation in
      scheduler.submit(call, shard: 0) { outcome, _ in continuation.resume(returning: outcome) }
    }
  }

  private func sums(_ outcome: InferenceOutcome) -> [Double]? {
    guard case .outputs(let outputs, _) = outcome else { return nil }
    return outputs.first?.values.doubles()
  }

  private func info(_ outcome: InferenceOutcome) -> InferenceInfo? {
    guard case .outputs(_, let info) = outcome else { return nil }
    return info
  }

  private func failure(_ outcome: InferenceOutcome) -> InferenceFailure? {
    guard case .failure(let failure) = outcome else { return nil }
    return failure
  }

  /// Submits calls one after the other while a first one holds the model's only thread; returns all outcomes.
  private func outcomesBehindABusyModel(
    _ model: SumModel, batching: BatchSettings?, _ rows: [[Double]],
    change: (inout InferenceCall, Int) -> Void = { _, _ in }
  ) async throws -> [InferenceOutcome] {
    var modelSettings = ModelSettings()
    modelSettings.batching = batching
    modelSettings.concurrency = 1
    let gate = try Gate()
    var model = model
    model.gate = gate
    let repository = try repository(["m": model], settings: modelSettings)
    let scheduler = InferenceScheduler(loops: 1, settings: settings(threads: 1), repository: repository)
    let (stream, results) = AsyncStream.makeStream(of: (Int, InferenceOutcome).self)
    var entered = gate.entered.makeAsyncIterator()
    scheduler.submit(try call(repository, [0, 0]), shard: 0) { _, _ in }
    await entered.next()
    for (index, values) in rows.enumerated() {
      var call = try call(repository, values)
      change(&call, index)
      scheduler.submit(call, shard: 0) { outcome, _ in results.yield((index, outcome)) }
    }
    gate.open()
    var outcomes: [Int: InferenceOutcome] = [:]
    for await (index, outcome) in stream {
      outcomes[index] = outcome
      if outcomes.count == rows.count { break }
    }
    return rows.indices.compactMap { outcomes[$0] }
  }

  @Test func aCheapCallIsComputedOnTheCallingThread() throws {
    let repository = try repository(["m": SumModel(estimatedNanosecondsPerRow: 10)])
    let scheduler = InferenceScheduler(loops: 1)
    let thread = ThreadIdentity.current.rawValue
    let seen = Mutex<(UInt, Int)?>(nil)
    scheduler.submit(try call(repository, [1, 2]), shard: 0) { _, shard in
      seen.withLock { $0 = (ThreadIdentity.current.rawValue, shard) }
    }
    #expect(seen.withLock { $0?.0 } == thread)
    #expect(seen.withLock { $0?.1 } == 0)
  }

  @Test func anExpensiveCallIsComputedByAWorkerWithItsShard() async throws {
    let repository = try repository(["m": SumModel()])
    let scheduler = InferenceScheduler(loops: 1)
    let call = try call(repository, [1, 2, 3, 4])
    let (result, shard) = await withCheckedContinuation { continuation in
      scheduler.submit(call, shard: 0) { continuation.resume(returning: ($0, $1)) }
    }
    #expect(sums(result) == [3, 7])
    #expect(shard == 1)
    #expect(info(result)?.batchID == nil)
  }

  @Test func requestsThatWaitAreComputedAsOneBatchWithOneIdentifier() async throws {
    let model = SumModel()
    let outcomes = try await outcomesBehindABusyModel(
      model, batching: BatchSettings(maximumRows: 8), [[1, 2], [3, 4, 5, 6], [7, 8]])
    #expect(outcomes.map(sums) == [[3], [7, 11], [15]])
    #expect(model.recorder.rows == [1, 4])
    #expect(Set(outcomes.map { info($0)?.batchID }).count == 1)
    #expect(info(outcomes[0])?.batchID != nil)
    #expect(info(outcomes[0])?.batchRows == 4)
  }

  @Test func oneBadRequestOfABatchFailsAlone() async throws {
    let model = SumModel()
    let outcomes = try await outcomesBehindABusyModel(
      model, batching: BatchSettings(maximumRows: 8), [[1, 2], [666, 4], [7, 8]])
    #expect(outcomes.map(sums) == [[3], nil, [15]])
    #expect(failure(outcomes[1]) == .predict(.invalidInput("666 is no number")))
    #expect(model.recorder.rows == [1, 3, 1, 1, 1])
  }

  @Test func outputsThatDoNotFollowTheRowsAreComputedOneByOne() async throws {
    var model = SumModel()
    model.isAggregate = true
    let outcomes = try await outcomesBehindABusyModel(
      model, batching: BatchSettings(maximumRows: 2), [[1, 2], [3, 4], [5, 6], [7, 8]])
    #expect(outcomes.map(sums) == [[3], [7], [11], [15]])
    // One batch showed it; the calls that had their keys by then found out for themselves.
    #expect(model.recorder.rows.last == 1)
  }

  @Test func withoutBatchingEachRequestIsComputedByItself() async throws {
    let model = SumModel()
    let outcomes = try await outcomesBehindABusyModel(model, batching: nil, [[1, 2], [3, 4]])
    #expect(outcomes.map(sums) == [[3], [7]])
    #expect(model.recorder.rows == [1, 1, 1])
  }

  @Test func prioritiesDecideTheOrder() async throws {
    let model = SumModel()
    _ = try await outcomesBehindABusyModel(model, batching: nil, [[1, 1], [2, 2], [3, 3]]) { call, index in
      call.priority = [9, 5, 1][index]
    }
    #expect(model.recorder.batches.withLock { $0.map { $0[0] } } == [0, 3, 2, 1])
  }

  @Test func aCallWhoseClientLeftIsNotComputed() async throws {
    let model = SumModel()
    let outcomes = try await outcomesBehindABusyModel(model, batching: nil, [[1, 1], [2, 2]]) { call, index in
      call.isCancelled = { index == 0 }
    }
    #expect(failure(outcomes[0]) == .cancelled)
    #expect(sums(outcomes[1]) == [4])
    #expect(model.recorder.count == 2)
  }

  @Test func aDeadlinePassesWhileTheModelIsBusy() async throws {
    let gate = try Gate()
    let model = SumModel(gate: gate)
    let repository = try repository(["m": model])
    let scheduler = InferenceScheduler(loops: 1, settings: settings(threads: 1))
    var entered = gate.entered.makeAsyncIterator()
    scheduler.submit(try call(repository, [0, 0]), shard: 0) { _, _ in }
    await entered.next()
    var late = try call(repository, [1, 1])
    late.deadline = SystemClock().monotonicNow() + .milliseconds(20)
    // The only thread is held: nobody but the clock can end this one.
    guard case .deadlineExceeded? = failure(await outcome(scheduler, late)) else {
      Issue.record("the deadline was not noticed")
      return gate.open()
    }
    var past = try call(repository, [1, 1])
    past.deadline = .zero
    guard case .deadlineExceeded? = failure(await outcome(scheduler, past)) else {
      Issue.record("a deadline of the past was not noticed")
      return gate.open()
    }
    gate.open()
    #expect(model.recorder.count == 1)
    #expect(repository.entry("m")?.metrics.total { $0.failures(.deadlineExceeded) } == 2)
  }

  @Test func aFullQueueRefusesAtOnceAndForgetsThoseWhoLeft() async throws {
    let gate = try Gate()
    var settings = settings(threads: 1)
    settings.capacity = 1
    let repository = try repository(["m": SumModel(gate: gate)])
    let scheduler = InferenceScheduler(loops: 1, settings: settings)
    var entered = gate.entered.makeAsyncIterator()
    scheduler.submit(try call(repository, [0, 0]), shard: 0) { _, _ in }
    await entered.next()
    let left = Atomic<Bool>(false)
    var waiting = try call(repository, [1, 1])
    waiting.isCancelled = { left.load(ordering: .relaxed) }
    let dropped = Mutex<InferenceFailure?>(nil)
    scheduler.submit(waiting, shard: 0) { [self] outcome, _ in dropped.withLock { $0 = failure(outcome) } }
    let refused = failure(await outcome(scheduler, try call(repository, [2, 2])))
    #expect(
      refused == .overloaded("the server is busy: 1 requests are waiting already", retryAfterSeconds: 1))
    left.store(true, ordering: .relaxed)
    async let accepted = outcome(scheduler, try call(repository, [3, 3]))
    while dropped.withLock({ $0 }) == nil { await Task.yield() }
    #expect(dropped.withLock { $0 } == .cancelled)
    gate.open()
    #expect(sums(try await accepted) == [6])
    #expect(repository.entry("m")?.lane.pendingCount == 0)
  }

  @Test func aSlowModelHoldsNoOtherUp() async throws {
    let gate = try Gate()
    let repository = try repository(["slow": SumModel(gate: gate), "m": SumModel()])
    let scheduler = InferenceScheduler(loops: 1, settings: settings(threads: 1, limit: 2))
    var entered = gate.entered.makeAsyncIterator()
    for _ in 0..<3 { scheduler.submit(try call(repository, [0, 0], of: "slow"), shard: 0) { _, _ in } }
    await entered.next()
    #expect(sums(await outcome(scheduler, try call(repository, [1, 2]))) == [3])
    gate.open()
  }

  /// The one idle thread must not be counted on twice.
  @Test func callsThatComeTogetherEachGetAThread() async throws {
    for _ in 0..<50 {
      let gate = try Gate()
      let repository = try repository(["slow": SumModel(gate: gate), "m": SumModel()])
      let scheduler = InferenceScheduler(loops: 1, settings: settings(threads: 1, limit: 2))
      _ = await outcome(scheduler, try call(repository, [1, 2]))
      scheduler.submit(try call(repository, [0, 0], of: "slow"), shard: 0) { _, _ in }
      #expect(sums(await outcome(scheduler, try call(repository, [1, 2]))) == [3])
      gate.open()
    }
  }

  @Test func equalRequestsAreAnsweredFromTheCacheUntilTheModelIsLoadedAnew() async throws {
    let model = SumModel()
    let repository = try repository(["m": model])
    var settings = settings(threads: 1)
    settings.cacheBytes = 1 << 20
    let scheduler = InferenceScheduler(loops: 1, settings: settings)
    #expect(sums(await outcome(scheduler, try call(repository, [1, 2]))) == [3])
    let second = await outcome(scheduler, try call(repository, [1, 2]))
    #expect(sums(second) == [3])
    #expect(info(second)?.isCached == true)
    #expect(sums(await outcome(scheduler, try call(repository, [2, 1]))) == [3])
    #expect(model.recorder.count == 2)
    try repository.load("m")
    _ = await outcome(scheduler, try call(repository, [1, 2]))
    #expect(model.recorder.count == 3)
    #expect(repository.entry("m")?.metrics.total(\.cacheHits) == 1)
    #expect(repository.entry("m")?.metrics.total(\.cacheMisses) == 3)
  }

  @Test func aCallKeepsTheInstanceItCameFor() async throws {
    let gate = try Gate()
    let models = Mutex<[SumModel]>([SumModel(gate: gate), SumModel(isAggregate: true)])
    let repository = ModelRepository(metricShards: 2) { _ throws(ModelLoadError) in
      models.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
    }
    try repository.load("m")
    let scheduler = InferenceScheduler(loops: 1, settings: settings(threads: 1))
    async let old = outcome(scheduler, try call(repository, [1, 2, 3, 4]))
    var entered = gate.entered.makeAsyncIterator()
    await entered.next()
    try repository.load("m")
    gate.open()
    #expect(sums(try await old) == [3, 7])
    #expect(sums(await outcome(scheduler, try call(repository, [1, 2, 3, 4]))) == [10])
  }
}
