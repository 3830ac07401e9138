internal import Basics
internal import InferenceProtocol
internal import Linux
internal import ModelRuntime
internal import Telemetry

/// The workers of one model: each has a thread that starts it, talks to it and starts it again when it dies.
/// Requests wait in one bounded queue.
final class PythonWorkers: Sendable {
  struct State: Sendable {
    var queue: [PythonJob] = []
    /// Workers that wait for a request.
    var idle: [Int] = []
    var ready: WorkerReady?
    var readyCount = 0
    /// Why the last worker that never became ready ended.
    var loadFailure: LoadFailure?
    var isClosed = false
    var restarts = 0
  }

  struct LoadFailure: Error, Sendable, Hashable {
    var kind: String
    var message: String
  }

  let setup: WorkerSetup
  let settings: PythonSettings
  let log = Logger("python", minimumLevel: Logger.serverLevel)
  let script: Linux.FileDescriptor
  private let state = Monitor(State())
  private let wakes: [EventDescriptor]

  init(_ setup: WorkerSetup, settings: PythonSettings) throws(LinuxError) {
    self.setup = setup
    self.settings = settings
    script = try MemoryFile.create("apus-worker.py")
    try MemoryFile.replaceContents(of: script, with: Bytes(WorkerScript.text.utf8))
    var wakes: [EventDescriptor] = []
    for _ in 0..<settings.workers { wakes.append(try EventDescriptor()) }
    self.wakes = wakes
  }

  /// Starts the threads and blocks until the first worker is ready.
  func start() throws(ModelLoadError) -> WorkerReady {
    for (index, wake) in wakes.enumerated() {
      let thread = PythonWorkerThread(index: index, wake: wake, workers: self)
      do {
        try NamedThread.start("python-\(index)") { thread.run() }
      } catch {
        close()
        throw ModelLoadError(.unreadable, "A Python worker cannot be started: \(error)")
      }
    }
    let deadline = SystemClock().monotonicNow() + settings.loadTimeout
    let outcome: Result<WorkerReady, LoadFailure>? = state.wait { state in
      if let ready = state.ready { return .done(.success(ready)) }
      if let failure = state.loadFailure { return .done(.failure(failure)) }
      if SystemClock().monotonicNow() >= deadline { return .done(nil) }
      return .wait(until: deadline)
    }
    switch outcome {
    case .success(let ready)?: return ready
    case .failure(let failure)?:
      close()
      throw ModelLoadError(
        failure.kind == "load" ? .unsupportedEstimator : .corrupt,
        "The Python worker cannot load \(setup.path): \(failure.message)")
    case nil:
      close()
      throw ModelLoadError(
        .unreadable,
        "The Python worker did not load \(setup.path) within \(settings.loadTimeout); give it more time with "
          + "python.load_timeout_seconds.")
    }
  }

  /// Ends all workers; what waits is told so.
  func close() {
    let jobs = state.withLock { state in
      state.isClosed = true
      defer { state.queue = [] }
      return state.queue
    }
    for job in jobs { job.finish(.failure(.unavailable("the model is being unloaded"))) }
    for wake in wakes { wake.signal() }
  }

  var isClosed: Bool { state.withLock { $0.isClosed } }

  /// How often workers died and were started again.
  var restarts: Int { state.withLock { $0.restarts } }

  /// Queues a request and blocks until it is answered.
  func predict(_ request: PredictRequest) throws(PredictError) -> [Tensor] {
    let job = PythonJob(request)
    let limit = settings.queueCapacity
    enum Admission { case to(Int?), full, closed }
    let admission: Admission = state.withLock { state in
      if state.isClosed { return .closed }
      if state.queue.count >= limit { return .full }
      state.queue.append(job)
      return .to(state.idle.popLast())
    }
    switch admission {
    case .closed: throw .unavailable("the model is being unloaded")
    case .full: throw .unavailable("\(limit) requests wait for the model's Python workers already")
    case .to(let worker?): wakes[worker].signal()
    case .to(nil): break
    }
    let clock = SystemClock()
    // Twice: once for those before it, once for itself, which its worker's thread bounds.
    let deadline = request.deadline ?? clock.monotonicNow() + settings.timeout * 2
    guard let cancellation = request.cancellation else { return try job.wait(until: deadline).get() }
    let result = cancellation.withHandler({ job.abandon("the request was cancelled") }) {
      job.wait(until: deadline)
    }
    return try result.get()
  }

  // MARK: for the workers' threads

  /// The next request that somebody still waits for; nil where there is none: the worker will be woken.
  func take(for worker: Int) -> PythonJob? {
    state.withLock { state in
      state.idle.removeAll { $0 == worker }
      while !state.queue.isEmpty {
        let job = state.queue.removeFirst()
        if !job.isAbandoned { return job }
      }
      if !state.isClosed { state.idle.append(worker) }
      return nil
    }
  }

  func becameReady(_ ready: WorkerReady) {
    state.withLock { state in
      if state.ready == nil { state.ready = ready }
      state.readyCount += 1
    }
    state.broadcast()
  }

  /// A worker is gone. Where none is left and the last could not even load, nothing that waits can be
  /// answered.
  func ended(_ worker: Int, wasReady: Bool, _ failure: LoadFailure) {
    let jobs: [PythonJob] = state.withLock { state in
      state.idle.removeAll { $0 == worker }
      if wasReady { state.readyCount -= 1 }
      if !state.isClosed { state.restarts += 1 }
      guard !wasReady else { return [] }
      state.loadFailure = failure
      guard state.readyCount == 0 else { return [] }
      defer { state.queue = [] }
      return state.queue
    }
    state.broadcast()
    for job in jobs {
      job.finish(.failure(.unavailable("the model's Python worker cannot be started: \(failure.message)")))
    }
  }
}
