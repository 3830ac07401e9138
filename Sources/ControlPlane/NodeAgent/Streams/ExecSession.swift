internal import APIServer
internal import Basics
internal import KubeProtocol
internal import Linux
internal import Synchronization

/// One client's program beside a container: FIFOs (or a terminal) between it and the client's streams.
final class ExecSession: Sendable {
  private let worker: PodWorker
  private let place: ExecutionPlace
  private let container: ContainerSpec
  private let request: ExecRequest
  private let streams: any RemoteStreams
  private let workers: BlockingWorkers
  private let clock: any SleepingClock
  private let hasEnded = Atomic<Bool>(false)

  private static let pieceBytes = 32 << 10
  /// How long a pump waits where nothing came, at most: short enough for a person who types.
  private static let longestPause: Duration = .milliseconds(20)
  private static let shortestPause: Duration = .milliseconds(1)

  init(
    worker: PodWorker, place: ExecutionPlace, container: ContainerSpec, request: ExecRequest,
    streams: any RemoteStreams, workers: BlockingWorkers, clock: any SleepingClock
  ) {
    self.worker = worker
    self.place = place
    self.container = container
    self.request = request
    self.streams = streams
    self.workers = workers
    self.clock = clock
  }

  /// - Returns: the program's exit code.
  func run() async throws -> Int32 {
    let identifier = "exec-\(worker.nextIdentifier())"
    let folder = "\(place.directory.path)/\(identifier)"
    let request = self.request
    let files = try await workers.run { try ExecFiles(folder, request) }
    let outcome: SupervisorEvent.Outcome
    do {
      let execution = try await makeExecution(identifier, files)
      outcome = await run(execution, files)
      try await workers.run { try files.remove() }
    } catch {
      try? await workers.run { try files.remove() }
      throw KubeError(.internalError, "error executing command in container: \(error)")
    }
    if outcome.code == 126, !outcome.output.isEmpty {
      throw KubeError(.internalError, "error executing command in container: \(outcome.output)")
    }
    return outcome.code
  }

  private func makeExecution(_ identifier: String, _ files: ExecFiles) async throws
    -> SupervisorCommand.Execute
  {
    let (launcher, command, container) = (place.launcher, request.command, self.container)
    var execution = try await workers.run {
      try launcher.makeExecution(
        command, in: container, identifier: identifier, timeout: .seconds(86_400 * 365))
    }
    execution.streams = files.streams
    if request.isTerminal, !execution.environment.contains(where: { $0.hasPrefix("TERM=") }) {
      execution.environment.append("TERM=xterm")
    }
    return execution
  }

  private func run(_ execution: SupervisorCommand.Execute, _ files: ExecFiles) async
    -> SupervisorEvent.Outcome
  {
    await withTaskGroup(of: Void.self, returning: SupervisorEvent.Outcome.self) { group in
      if files.input != nil { group.addTask { await self.pumpInput(files) } }
      if request.isTerminal { group.addTask { await self.followSizes(files) } }
      async let output: Void = pump(files.output) { await self.streams.writeOutput($0) }
      async let error: Void = pump(files.error) { await self.streams.writeError($0) }
      let outcome = await worker.execute(execution, place.link)
      hasEnded.store(true, ordering: .releasing)
      _ = await (output, error)
      group.cancelAll()
      return outcome
    }
  }

  /// Until the program has ended and everything that it wrote is sent.
  private func pump(_ end: ExecFiles.End?, _ send: @Sendable (Bytes) async -> Bool) async {
    guard let end else { return }
    var pause = Self.shortestPause
    var isWanted = true
    while true {
      // Asked before the read: what was written up to the end is still read.
      let isLast = hasEnded.load(ordering: .acquiring) || Task.isCancelled
      let bytes = end.read(Self.pieceBytes)
      if !bytes.isEmpty {
        pause = Self.shortestPause
        if isWanted { isWanted = await send(bytes) }
        continue
      }
      if isLast { return }
      try? await clock.sleep(for: pause)
      pause = min(pause * 2, Self.longestPause)
    }
  }

  private func pumpInput(_ files: ExecFiles) async {
    while let bytes = await streams.readInput() {
      var rest = bytes[...]
      while !rest.isEmpty {
        if Task.isCancelled || hasEnded.load(ordering: .acquiring) { return }
        guard let count = files.input?.write(rest) else { return }
        rest = rest.dropFirst(count)
        if count == 0 { try? await clock.sleep(for: Self.shortestPause) }
      }
    }
    if Task.isCancelled { return }
    if request.isTerminal {
      // The end of a terminal's input is a character.
      _ = files.input?.write([4])
    } else {
      files.closeInput()
    }
  }

  private func followSizes(_ files: ExecFiles) async {
    while let size = await streams.nextSize() { files.resize(size) }
  }
}
