internal import Basics
internal import Formats
internal import InferenceProtocol
internal import Linux
internal import ModelRuntime
internal import Telemetry

/// The life of one worker, on a thread of its own, since the kernel ends a worker with the thread that
/// started it.
struct PythonWorkerThread: Sendable {
  let index: Int
  let wake: EventDescriptor
  let workers: PythonWorkers

  /// Why one process is no more.
  private enum End {
    case closed
    case died(wasReady: Bool, PythonWorkers.LoadFailure)
  }

  private static let firstDelay = Duration.milliseconds(50)
  private static let longestDelay = Duration.seconds(10)
  /// A worker that lived that long starts over without delay.
  private static let healthyLife = Duration.seconds(10)
  private static let goodbye = Duration.seconds(2)

  /// Until the model is unloaded.
  func run() {
    let clock = SystemClock()
    var backoff = Backoff(initial: Self.firstDelay, maximum: Self.longestDelay)
    while !workers.isClosed {
      let start = clock.monotonicNow()
      guard case .died(let wasReady, let failure) = serve() else { return }
      workers.ended(index, wasReady: wasReady, failure)
      if workers.isClosed { return }
      if wasReady, clock.monotonicNow() - start > Self.healthyLife { backoff.reset() }
      let delay = backoff.next()
      workers.log.warning(
        "a Python worker ended and is started again",
        ["worker": "\(index)", "reason": failure.message, "delay": "\(delay)"])
      pause(delay)
    }
  }

  /// Waits; closing ends the wait.
  private func pause(_ delay: Duration) {
    let clock = SystemClock()
    let end = clock.monotonicNow() + delay
    while !workers.isClosed, clock.monotonicNow() < end {
      var set = PollSet()
      set.add(wake.descriptor)
      guard let ready = try? set.wait(timeout: end - clock.monotonicNow()) else { return }
      if !ready.isEmpty { wake.drain() }
    }
  }

  private func serve() -> End {
    let process: PythonProcess
    do {
      let log = workers.log
      let index = index
      process = try PythonProcess(interpreter: workers.setup.interpreter, script: workers.script) { line in
        log.info(line, ["worker": "\(index)"])
      }
      try process.ring(try WorkerMessage.write(WorkerMessage.setup(workers.setup), to: process.inputs))
      if let end = try load(process) { return end }
    } catch {
      return .died(wasReady: false, .init(kind: "start", message: "\(error)"))
    }
    do {
      return try serve(process)
    } catch {
      return .died(wasReady: true, .init(kind: "failed", message: "\(error)"))
    }
  }

  /// - Returns: nil once the model is loaded.
  private func load(_ process: PythonProcess) throws(LinuxError) -> End? {
    let deadline = SystemClock().monotonicNow() + workers.settings.loadTimeout
    while true {
      switch try process.next(wake: wake, until: deadline) {
      case .message(let place):
        guard let message = try WorkerMessage.read(process.outputs, at: place) else {
          return .died(wasReady: false, .init(kind: "failed", message: "its first message cannot be read"))
        }
        if message["ok"]?.bool == true {
          let ready = WorkerReady(message)
          workers.log.info(
            "a Python worker is ready",
            [
              "worker": "\(index)", "process": "\(process.child.identifier)", "python": ready.python,
              "model": workers.setup.path,
            ])
          workers.becameReady(ready)
          return nil
        }
        return .died(
          wasReady: false,
          .init(
            kind: message["kind"]?.string ?? "failed", message: message["message"]?.string ?? "no reason"))
      case .exited(let exit):
        return .died(wasReady: false, .init(kind: "failed", message: Self.described(exit, process)))
      case .woken: if workers.isClosed { return .closed }
      case .timeout:
        return .died(wasReady: false, .init(kind: "failed", message: "loading took too long"))
      }
    }
  }

  private func serve(_ process: PythonProcess) throws(LinuxError) -> End {
    while true {
      if workers.isClosed { return .closed }
      // A request is not given to a worker that has ended since the last one.
      if case .exited(let exit) = try process.next(wake: wake, until: SystemClock().monotonicNow()) {
        return .died(wasReady: true, .init(kind: "failed", message: Self.described(exit, process)))
      }
      if let job = workers.take(for: index) {
        if let end = compute(job, process) { return end }
        continue
      }
      switch try process.next(wake: wake, until: nil) {
      case .exited(let exit):
        return .died(wasReady: true, .init(kind: "failed", message: Self.described(exit, process)))
      case .message, .woken, .timeout: continue
      }
    }
  }

  /// - Returns: nil where the worker is there for the next request.
  private func compute(_ job: PythonJob, _ process: PythonProcess) -> End? {
    do {
      let place: WorkerMessage.Place
      do {
        place = try WorkerMessage.write(job.request, to: process.inputs)
      } catch {
        job.finish(.failure(.unavailable("no memory can be shared with the Python worker: \(error)")))
        return nil
      }
      try process.ring(place)
      return try answer(to: job, process)
    } catch {
      // The pipe is closed: the process is about to end or has ended.
      let reason = Self.reason(of: process, wake, error)
      job.finish(.failure(.unavailable("the model's Python worker is gone: \(reason)")))
      return .died(wasReady: true, .init(kind: "failed", message: reason))
    }
  }

  private func answer(to job: PythonJob, _ process: PythonProcess) throws(LinuxError) -> End? {
    let deadline = SystemClock().monotonicNow() + workers.settings.timeout
    while true {
      switch try process.next(wake: wake, until: deadline) {
      case .message(let place):
        guard let message = try WorkerMessage.read(process.outputs, at: place) else {
          job.finish(.failure(.failed("the Python worker's answer cannot be read")))
          return nil
        }
        job.finish(try WorkerMessage.answer(message, in: process.outputs))
        return nil
      case .exited(let exit):
        let reason = Self.described(exit, process)
        job.finish(.failure(.unavailable("the model's Python worker ended while it computed: \(reason)")))
        return .died(wasReady: true, .init(kind: "failed", message: reason))
      case .timeout:
        let reason =
          "it took longer than \(workers.settings.timeout) (python.timeout_seconds) and was stopped"
        job.finish(.failure(.unavailable("the model's Python worker ended: \(reason)")))
        return .died(wasReady: true, .init(kind: "timeout", message: reason))
      case .woken:
        guard workers.isClosed else { continue }
        job.finish(.failure(.unavailable("the model is being unloaded")))
        return .closed
      }
    }
  }

  /// How a process ended whose pipe broke.
  private static func reason(
    of process: PythonProcess, _ wake: EventDescriptor, _ error: LinuxError
  ) -> String {
    let deadline = SystemClock().monotonicNow() + goodbye
    while SystemClock().monotonicNow() < deadline {
      guard let event = try? process.next(wake: wake, until: deadline) else { break }
      if case .exited(let exit) = event { return described(exit, process) }
    }
    return "\(error)"
  }

  private static func described(_ exit: ChildProcess.Exit, _ process: PythonProcess) -> String {
    let how = exit.signal != 0 ? "killed by signal \(exit.signal)" : "exit status \(exit.code)"
    return process.lastLine.map { "\(how); its last line: \($0)" } ?? how
  }
}
