public import Basics
internal import Formats
public import Linux

/// The role `apus pod`: the parent of one pod's processes. It takes commands on standard input and reports on
/// standard output; when the input ends, because its own parent did, it kills every process of the pod and
/// goes too.
///
/// One thread, one poll(2) loop, no queues: it costs what a small C program would.
public final class PodSupervisor {
  private let input: FileDescriptor
  private let output: FileDescriptor
  private let clock: any WallClock
  var containers: [String: SupervisedContainer] = [:]
  var executions: [SupervisedExecution] = []
  private var inputLines = LineBuffer(limit: PodSupervisor.commandLimit)
  private var inputIsOpen = true
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)

  private static let commandLimit = 16 * ByteCount.mebibyte

  /// Runs on the process's standard streams until the input ends.
  /// - Returns: the process's exit code.
  public static func run(clock: any WallClock = SystemClock()) -> Int32 {
    do {
      try ChildProcess.becomeSubreaper()
      let supervisor = PodSupervisor(
        input: FileDescriptor(owning: 0), output: FileDescriptor(owning: 1), clock: clock)
      try supervisor.loop()
      return 0
    } catch {
      StandardStreams.writeError("apus pod: \(error)\n")
      return 1
    }
  }

  init(input: consuming FileDescriptor, output: consuming FileDescriptor, clock: any WallClock) {
    self.input = input
    self.output = output
    self.clock = clock
  }

  deinit { buffer.deallocate() }

  private func loop() throws {
    Signal.pipe.ignore()
    let signals = try SignalDescriptor([.child, .terminate, .interrupt, .hangUp])
    defer { killEverything() }
    var polled = PollSet()
    while inputIsOpen {
      polled.removeAll()
      polled.add(input.number)
      polled.add(signals.descriptor.number)
      for descriptor in outputDescriptors() { polled.add(descriptor) }
      let ready = Set(try polled.wait(timeout: untilNextDeadline()).map(\.descriptor))
      if ready.contains(signals.descriptor.number) {
        while let signal = try signals.next() {
          if signal != .child { return }
        }
      }
      readOutputs(ready)
      reapChildren()
      if ready.contains(input.number) { readCommands() }
      enforceDeadlines()
    }
  }

  // MARK: commands

  private func readCommands() {
    guard let count = try? input.read(into: buffer), count > 0 else {
      inputIsOpen = false
      return
    }
    var commands: [Bytes] = []
    inputLines.append(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { commands.append(Bytes($0.bytes)) }
    for command in commands { perform(command) }
  }

  private func perform(_ line: Bytes) {
    let command: SupervisorCommand?
    do {
      command = SupervisorCommand(json: try JSONValue(parsing: line))
    } catch {
      return report(.refused(message: "\(error)"))
    }
    switch command {
    case .start(let start): self.start(start)
    case .signal(let name, let number):
      if let container = containers[name] { Signal(number: number).send(to: container.process.identifier) }
    case .stop(let name, let grace): stop(name, grace: .milliseconds(grace))
    case .execute(let execute): self.execute(execute)
    case .cancel(let identifier): cancel(identifier)
    case nil: report(.refused(message: "no command that this version knows"))
    }
  }

  private func start(_ start: SupervisorCommand.Start) {
    guard containers[start.name] == nil else {
      return report(.startFailed(name: start.name, message: "container \(start.name) runs already"))
    }
    do {
      let output = try ChildOutput.open(stream: "stdout")
      let errorOutput = try ChildOutput.open(stream: "stderr")
      let readiness = try ChildOutput.open(stream: "readiness")
      var descriptors: [Int32?] = [nil, output.childEnd, errorOutput.childEnd]
      if start.reportsReadiness { descriptors.append(readiness.childEnd) }
      let process = try ChildProcess.start(
        ChildProcess.Request(
          path: start.path, arguments: start.arguments, environment: start.environment,
          workingDirectory: start.directory, descriptors: descriptors, group: .own))
      for output in [output, errorOutput, readiness] { output.closeChildEnd() }
      containers[start.name] = SupervisedContainer(
        name: start.name, process: process, log: ContainerLogWriter(path: start.logFile, clock: clock),
        outputs: [output, errorOutput], readiness: start.reportsReadiness ? readiness : nil)
      report(.started(name: start.name, process: process.identifier, at: clock.now()))
    } catch {
      report(.startFailed(name: start.name, message: Self.explain(error, start)))
    }
  }

  /// Names the program and what is wrong with it.
  private static func explain(_ error: any Error, _ start: SupervisorCommand.Start) -> String {
    guard let failure = error as? LinuxError else { return "\(error)" }
    if failure.isNotFound, Files.exists(start.path), !Files.exists(start.directory) {
      return "working directory \(start.directory): \(failure.reason)"
    }
    return "exec \(start.path): \(failure.reason)"
  }

  private func stop(_ name: String, grace: Duration) {
    guard let container = containers[name] else { return }
    let deadline = clock.monotonicNow() + grace
    container.killAt = min(container.killAt ?? deadline, deadline)
    if grace > .zero { Signal.terminate.send(to: container.process.identifier) }
  }

  private func execute(_ execute: SupervisorCommand.Execute) {
    do {
      let output = try execute.streams == nil ? ChildOutput.open(stream: "output") : nil
      let process: ChildProcess
      if let streams = execute.streams {
        process = try Self.startProgram(execute, on: streams)
      } else {
        process = try Self.startProgram(execute, [nil, output?.childEnd, output?.childEnd], group: .own)
      }
      output?.closeChildEnd()
      let limit = Duration.milliseconds(min(execute.timeoutMilliseconds, Self.longestExecution))
      executions.append(
        SupervisedExecution(
          identifier: execute.identifier, process: process, output: output,
          deadline: clock.monotonicNow() + limit))
    } catch {
      let outcome = SupervisorEvent.Outcome(code: 126, output: "\(error)")
      report(.executed(identifier: execute.identifier, outcome))
    }
  }

  /// A year: a deadline that can still be computed with.
  private static let longestExecution: Int64 = 365 * 86_400 * 1000

  private static func startProgram(
    _ execute: SupervisorCommand.Execute, _ descriptors: [Int32?], group: ChildProcess.Request.Group
  ) throws(LinuxError) -> ChildProcess {
    try ChildProcess.start(
      ChildProcess.Request(
        path: execute.path, arguments: execute.arguments, environment: execute.environment,
        workingDirectory: execute.directory, descriptors: descriptors, group: group))
  }

  /// No opening waits: a client may have gone already, and the pod's containers must not wait for it.
  private static func startProgram(
    _ execute: SupervisorCommand.Execute, on streams: SupervisorCommand.Streams
  ) throws(LinuxError) -> ChildProcess {
    if let path = streams.terminal {
      let terminal = try PseudoTerminal.openProgramEnd(path)
      return try startProgram(
        execute, [terminal.number, terminal.number, terminal.number], group: .ownSession)
    }
    let input: FileDescriptor
    if let path = streams.input {
      input = try NamedPipe.openWaitingReader(path)
    } else {
      input = try Files.open("/dev/null", .read)
    }
    let output: FileDescriptor
    if let path = streams.output {
      output = try NamedPipe.openWaitingWriter(path)
    } else {
      output = try Files.open("/dev/null", .append)
    }
    let error: FileDescriptor
    if let path = streams.error {
      error = try NamedPipe.openWaitingWriter(path)
    } else {
      error = try Files.open("/dev/null", .append)
    }
    return try startProgram(execute, [input.number, output.number, error.number], group: .own)
  }

  private func cancel(_ identifier: String) {
    guard let execution = executions.first(where: { $0.identifier == identifier }) else { return }
    Signal.kill.send(toGroup: execution.process.identifier)
    Signal.kill.send(to: execution.process.identifier)
  }

  // MARK: output of children

  private func outputDescriptors() -> [Int32] {
    var open = executions.compactMap(\.output)
    for container in containers.values {
      open += container.outputs
      if let readiness = container.readiness { open.append(readiness) }
    }
    return open.filter(\.isOpen).map { $0.descriptor.number }
  }

  private func readOutputs(_ ready: Set<Int32>) {
    for container in containers.values {
      for output in container.outputs where ready.contains(output.descriptor.number) {
        copy(output, to: container.log, onlyOnce: true)
      }
      if let readiness = container.readiness, ready.contains(readiness.descriptor.number) {
        // The end without a byte means that the program closed it unused: a probe has to tell then.
        if let count = try? readiness.descriptor.read(into: buffer), count > 0 {
          report(.ready(name: container.name))
        }
        container.readiness = nil
      }
    }
    for execution in executions {
      if let output = execution.output, ready.contains(output.descriptor.number) { copy(execution) }
    }
  }

  /// Reads until the pipe is empty, or just once so that a chatty child cannot keep others waiting.
  private func copy(_ output: ChildOutput, to log: ContainerLogWriter, onlyOnce: Bool) {
    var rounds = 0
    while output.isOpen && (rounds == 0 || !onlyOnce) && rounds < 1024 {
      rounds += 1
      guard let view = read(output) else { return }
      // Lines point into the buffer of `output.lines`; they are copied out before the log file is touched.
      var lines: [LineBuffer.Line] = []
      output.lines.append(view) { lines.append($0) }
      log.write(lines, stream: output.stream)
    }
  }

  private func copy(_ execution: SupervisedExecution) {
    guard let output = execution.output else { return }
    while let view = read(output) {
      let room = SupervisedExecution.outputLimit - execution.text.count
      execution.text.append(contentsOf: view.prefix(max(0, room)))
    }
  }

  /// Nil where nothing waits or the stream has ended.
  private func read(_ output: ChildOutput) -> UnsafeRawBufferPointer? {
    guard output.isOpen else { return nil }
    do {
      let count = try output.descriptor.read(into: buffer)
      if count == 0 { output.isOpen = false }
      return count == 0 ? nil : UnsafeRawBufferPointer(rebasing: buffer[..<count])
    } catch {
      if !error.isWouldBlock { output.isOpen = false }
      return nil
    }
  }

  // MARK: ends

  private func reapChildren() {
    while let (process, exit) = ChildProcess.reapAny() {
      if let container = containers.values.first(where: { $0.process == process }) {
        finish(container, exit)
      } else if let index = executions.firstIndex(where: { $0.process == process }) {
        finish(executions.remove(at: index), exit)
      }
    }
  }

  private func finish(_ container: SupervisedContainer, _ exit: ChildProcess.Exit) {
    containers[container.name] = nil
    // As in a container, nothing outlives the main process.
    Signal.kill.send(toGroup: container.process.identifier)
    killOrphans(of: container.name)
    for output in container.outputs {
      copy(output, to: container.log, onlyOnce: false)
      if let rest = output.lines.takeRest() { container.log.write([rest], stream: output.stream) }
    }
    report(.exited(name: container.name, code: exit.code, signal: exit.signal, at: clock.now()))
  }

  private func finish(_ execution: SupervisedExecution, _ exit: ChildProcess.Exit) {
    Signal.kill.send(toGroup: execution.process.identifier)
    copy(execution)
    let outcome = SupervisorEvent.Outcome(
      code: exit.code, timedOut: execution.timedOut, output: String(decoding: execution.text, as: UTF8.self))
    report(.executed(identifier: execution.identifier, outcome))
  }

  /// Processes that left their group and lost their parent are children of this process now; the variable
  /// that every container gets tells whose they were.
  private func killOrphans(of name: String) {
    let known = Set(containers.values.map(\.process.identifier) + executions.map(\.process.identifier))
    let mark = "\(ContainerEnvironment.containerVariable)=\(name)"
    for child in ProcessTable.children(of: ProcessEnvironment.processIdentifier) where !known.contains(child)
    {
      guard ProcessTable.environment(of: child).contains(mark) else { continue }
      for process in [child] + ProcessTable.descendants(of: child) { Signal.kill.send(to: process) }
    }
  }

  private func killEverything() {
    for container in containers.values { Signal.kill.send(toGroup: container.process.identifier) }
    let ownIdentifier = ProcessEnvironment.processIdentifier
    let giveUpAt = clock.monotonicNow() + .seconds(10)
    var pause = PollSet()
    // A killed parent's children come to this process, so that each round sees what the last one uncovered.
    while clock.monotonicNow() < giveUpAt {
      while ChildProcess.reapAny() != nil {}
      let left = ProcessTable.descendants(of: ownIdentifier)
      if left.isEmpty { return }
      for process in left { Signal.kill.send(to: process) }
      _ = try? pause.wait(timeout: .milliseconds(2))
    }
  }

  // MARK: time

  private func untilNextDeadline() -> Duration? {
    let deadlines =
      containers.values.compactMap(\.killAt) + executions.filter { !$0.timedOut }.map(\.deadline)
    return deadlines.min().map { max(.zero, $0 - clock.monotonicNow()) }
  }

  private func enforceDeadlines() {
    let now = clock.monotonicNow()
    for container in containers.values {
      guard let killAt = container.killAt, killAt <= now else { continue }
      Signal.kill.send(toGroup: container.process.identifier)
      Signal.kill.send(to: container.process.identifier)
      // Only once: an unkillable process (waiting for a disk) must not make this loop spin.
      container.killAt = nil
    }
    for execution in executions where execution.deadline <= now && !execution.timedOut {
      execution.timedOut = true
      Signal.kill.send(toGroup: execution.process.identifier)
    }
  }

  private func report(_ event: SupervisorEvent) {
    // A reader that has gone is noticed on the input, which ends with it.
    try? output.writeAll(event.line)
  }
}
