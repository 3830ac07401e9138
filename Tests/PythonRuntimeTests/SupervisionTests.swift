internal import InferenceProtocol
internal import Linux
internal import ModelRuntime
internal import PythonRuntime
internal import Synchronization
internal import Testing

@Suite("Supervised Python workers")
struct SupervisionTests {
  @Test("A worker that dies fails its own request with how it died, and is started again")
  func deaths() throws {
    let model = try Probe.misbehaving().loaded()
    let cases: [(what: Float, words: [String])] = [
      (1, ["killed by signal 9"]), (4, ["exit status 5", "the disk is full"]),
      (6, ["killed by signal 11"]), (8, ["killed by signal 9"]),
    ]
    for (what, words) in cases {
      guard case .unavailable(let message)? = model.failure(what) else {
        Issue.record("\(what) is not unavailable")
        continue
      }
      for word in words { #expect(message.contains(word), "\(message)") }
      #expect(try model.ask(0, 4) == .float32([0, 8]), "after \(what)")
    }
  }

  @Test("Exceptions have Python's message; the worker stays")
  func exceptions() throws {
    let model = try Probe.misbehaving().loaded()
    let pid = try model.ask(7)
    #expect(model.failure(2) == .failed("RuntimeError: the model is tired"))
    #expect(model.failure(3) == .invalidInput("ValueError: seven is no even number"))
    #expect(try model.ask(7) == pid)
  }

  @Test("A request that takes too long costs its worker")
  func timeouts() throws {
    let model = try Probe.misbehaving().loaded(["python.timeout_seconds": "1"])
    guard case .unavailable(let message)? = model.failure(5, 30) else {
      Issue.record("not unavailable")
      return
    }
    #expect(message.contains("python.timeout_seconds"))
    #expect(try model.ask(0, 1) == .float32([0, 2]))
  }

  @Test("A client's deadline ends its wait, not the worker")
  func deadlines() throws {
    let model = try Probe.misbehaving().loaded()
    let pid = try model.ask(7)
    var request = PredictRequest(inputs: [Tensor(name: "x", shape: [2], values: .float32([5, 0.3]))])
    request.deadline = SystemClock().monotonicNow() + .milliseconds(50)
    let late = request
    #expect(throws: PredictError.self) { try model.predict(late) }
    #expect(try model.ask(7) == pid)
  }

  @Test("A cancelled request ends its wait")
  func cancellation() async throws {
    let waiting = try WaitingPrediction(of: try Probe.misbehaving().loaded())
    await waiting.untilItWaits()
    #expect(await waiting.cancel() == .unavailable("the request was cancelled"))
  }

  @Test("Several workers answer many requests; one that dies takes nothing with it")
  func concurrency() async throws {
    let model = try Probe.misbehaving().loaded(["python.workers": "2"])
    let answered = await withTaskGroup(of: Bool.self) { group in
      for number in 0..<40 {
        group.addTask {
          let what: Float = number == 13 ? 1 : 0
          guard let answer = try? model.ask(what, Float(number)) else { return false }
          return answer == .float32([0, Float(number) * 2])
        }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(answered == 39)
  }

  @Test("Workers end with their model")
  func endsWithTheModel() throws {
    var model: (any LoadedModel)? = try Probe.misbehaving().loaded()
    guard case .int64(let pid)? = try model?.ask(7) else {
      Issue.record("no process")
      return
    }
    let path = "/proc/\(try #require(pid.first))"
    #expect(Files.exists(path))
    model = nil
    let deadline = SystemClock().monotonicNow() + .seconds(20)
    while Files.exists(path), SystemClock().monotonicNow() < deadline {}
    #expect(!Files.exists(path))
  }

  @Test("A worker stays within its memory limit")
  func memoryLimit() throws {
    let model = try Probe.misbehaving().loaded(["python.memory_limit_mib": "1024"])
    guard case .failed(let message)? = model.failure(9, 4096) else {
      Issue.record("not failed")
      return
    }
    #expect(message.hasPrefix("MemoryError"))
    #expect(try model.ask(0, 1) == .float32([0, 2]))
  }

  @Test("Memory that a worker cuts short does no harm")
  func truncatedMemory() throws {
    let model = try Probe.misbehaving().loaded()
    _ = model.failure(10)
    #expect(try model.ask(0, 1) == .float32([0, 2]))
  }

  @Test("More requests than may wait are refused at once")
  func queueLimit() async throws {
    let model = try Probe.misbehaving().loaded(["python.queue_size": "1"])
    let running = try WaitingPrediction(of: model)
    await running.untilItWaits()
    // Refused as long as no worker has taken the first.
    var queued = try WaitingPrediction(of: model)
    while await !queued.untilItWaits(), !Task.isCancelled { queued = try WaitingPrediction(of: model) }
    guard case .unavailable(let message)? = model.failure(5, 600) else {
      Issue.record("the third request was taken")
      return
    }
    #expect(message.contains("wait for the model's Python workers already"))
    for waiting in [running, queued] {
      #expect(await waiting.cancel() == .unavailable("the request was cancelled"))
    }
  }
}

/// A request that takes ten minutes unless it is cancelled, on a thread of its own: one that waits would keep
/// one of the few that tests run on.
private final class WaitingPrediction: Sendable {
  private let cancellation = PredictCancellation()
  private let ending = Mutex<Result<[Tensor], PredictError>?>(nil)

  init(of model: any LoadedModel) throws {
    var request = PredictRequest(inputs: [Tensor(name: "x", shape: [2], values: .float32([5, 600]))])
    request.cancellation = cancellation
    let asked = request
    try NamedThread.start("prediction") { [self] in
      let result = Result { () throws(PredictError) in try model.predict(asked) }
      ending.withLock { $0 = result }
    }
  }

  private var hasEnded: Bool { ending.withLock { $0 != nil } }

  /// - Returns: false where it ended instead.
  @discardableResult
  func untilItWaits() async -> Bool {
    while !cancellation.isHeeded, !hasEnded, !Task.isCancelled { await Task.yield() }
    return !hasEnded
  }

  /// - Returns: what it ended with; nil where it gave an answer.
  func cancel() async -> PredictError? {
    cancellation.cancel()
    while !hasEnded, !Task.isCancelled { await Task.yield() }
    guard case .failure(let error)? = ending.withLock({ $0 }) else { return nil }
    return error
  }
}

extension Probe {
  /// The model keeps no hold on its folder: files are read at load.
  fileprivate func loaded(_ settings: [String: String] = [:]) throws -> any LoadedModel {
    Held(model: try load("model.pkl", settings), probe: self)
  }
}

/// Keeps a probe's folder for as long as its model may be started again.
private struct Held: LoadedModel {
  let model: any LoadedModel
  let probe: Probe

  var signature: ModelSignature { model.signature }
  var estimatedNanosecondsPerRow: Double { model.estimatedNanosecondsPerRow }
  var memoryBytes: Int { model.memoryBytes }
  func predict(_ request: PredictRequest) throws(PredictError) -> [Tensor] { try model.predict(request) }
}
