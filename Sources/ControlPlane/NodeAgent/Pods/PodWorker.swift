internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import Linux
internal import Synchronization
internal import Telemetry

/// Carries out what one pod's machine decides. One task runs it; everything that happens to the pod comes
/// through its mailbox, in order.
final class PodWorker: Sendable {
  let context: NodeContext
  let key: ObjectKey
  let uid: String
  private let mailbox: AsyncStream<Message>
  private let sender: AsyncStream<Message>.Continuation
  /// What other threads may ask: which run of each container is alive.
  private let liveRestarts = Mutex<[String: Int64]>([:])
  private let executions = Mutex(Executions())

  private struct Executions {
    var waiting: [String: CheckedContinuation<SupervisorEvent.Outcome, Never>] = [:]
    var next = 0
  }

  enum Message: Sendable {
    case input(PodInput)
    case supervisor(SupervisorEvent)
    case supervisorEnded
    /// Stop in order and keep the pod's object: the node goes down.
    case shutDown(grace: Duration)
  }

  init(_ object: KubeObject, context: NodeContext) {
    self.context = context
    key = object.key
    uid = object.uid
    (mailbox, sender) = AsyncStream.makeStream(of: Message.self)
  }

  func send(_ input: PodInput) { sender.yield(.input(input)) }
  func shutDown(grace: Duration) { sender.yield(.shutDown(grace: grace)) }

  /// The restart number of the run that is alive; nil where none is.
  func liveRestart(_ container: String) -> Int64? { liveRestarts.withLock { $0[container] } }

  /// Lives the pod's life; returns when its object is gone or the node goes down.
  func run(_ object: KubeObject) async {
    let life = PodLife(self, object)
    await life.begin()
    for await message in mailbox {
      await life.take(message)
      liveRestarts.withLock { $0 = life.liveRestarts }
      if life.isOver { break }
    }
    life.cancelTasks()
    sender.finish()
  }

  func post(_ message: Message) { sender.yield(message) }

  // MARK: programs beside a container

  /// Runs a command with a container's variables and folders, and waits for its end.
  func execute(
    _ command: [String], _ container: ContainerSpec, _ launcher: ContainerLauncher, _ link: SupervisorLink,
    timeout: Duration
  ) async throws -> SupervisorEvent.Outcome {
    let identifier = executions.withLock { executions in
      executions.next &+= 1
      return String(executions.next)
    }
    let execution = try await context.workers.run {
      try launcher.makeExecution(command, in: container, identifier: identifier, timeout: timeout)
    }
    return await withCheckedContinuation { continuation in
      executions.withLock { $0.waiting[identifier] = continuation }
      do {
        try link.send(.execute(execution))
      } catch {
        finishExecution(identifier, SupervisorEvent.Outcome(code: 126, output: "\(error)"))
      }
    }
  }

  func finishExecution(_ identifier: String, _ outcome: SupervisorEvent.Outcome) {
    executions.withLock { $0.waiting.removeValue(forKey: identifier) }?.resume(returning: outcome)
  }

  /// Nobody will answer any more.
  func abandonExecutions() {
    let waiting = executions.withLock { executions in
      defer { executions.waiting = [:] }
      return executions.waiting.values.map { $0 }
    }
    for continuation in waiting {
      continuation.resume(returning: SupervisorEvent.Outcome(code: 137, output: "the pod has ended"))
    }
  }
}

/// The state of a worker's task; never leaves it.
final class PodLife {
  let worker: PodWorker
  let context: NodeContext
  var machine: PodMachine
  let directory: PodDirectory
  let status: PodStatusWriter
  var link: SupervisorLink?
  var references = PodReferences()
  var plan: VolumePlan?
  var isOver = false
  var isShuttingDown = false
  /// Owned here, cancelled when their purpose or the pod ends.
  var tasks: [TaskName: Task<Void, Never>] = [:]
  /// Wakes a container's probe loops at once.
  var probeSignals: [String: [WakeSignal]] = [:]
  /// Containers whose hooks before the stop have been begun.
  var stopping: Set<String> = []
  var processes: [String: Int32] = [:]

  enum TaskName: Hashable {
    case statusWriter, supervisorEvents
    case timer(PodTimer)
    case probe(String, ProbeKind)
    case stop(String)
    case memory(String)
    case postStart(String)
  }

  init(_ worker: PodWorker, _ object: KubeObject) {
    self.worker = worker
    context = worker.context
    directory = PodDirectory(dataDirectory: context.settings.dataDirectory, uid: object.uid)
    machine = PodMachine(
      object, now: context.clock.now(), hostAddress: context.settings.hostAddress,
      keepsFinishedInit: directory.exists)
    status = PodStatusWriter(object, client: context.client, clock: context.clock, log: context.log)
  }

  var liveRestarts: [String: Int64] {
    Dictionary(
      machine.containers.filter(\.isActive).map { ($0.name, $0.restartCount) }, uniquingKeysWith: { $1 })
  }

  func begin() async {
    tasks[.statusWriter] = Task { [status] in await status.run() }
    await perform(machine.begin())
  }

  func take(_ message: PodWorker.Message) async {
    switch message {
    case .input(let input): await handle(input)
    case .supervisor(let event): await handle(event)
    case .supervisorEnded: await supervisorEnded()
    case .shutDown(let grace): shutDown(grace)
    }
  }

  func handle(_ input: PodInput) async {
    if isShuttingDown { return }
    let effects = machine.handle(input, now: context.clock.now())
    await perform(effects)
  }

  func cancelTasks() {
    for task in tasks.values { task.cancel() }
    tasks = [:]
    worker.abandonExecutions()
    link?.close()
  }

  // MARK: effects

  func perform(_ effects: [PodEffect]) async {
    for effect in effects { await perform(effect) }
  }

  private func perform(_ effect: PodEffect) async {
    switch effect {
    case .prepare: await prepare()
    case .start(let name, let run, let restart): await start(name, run: run, restart: restart)
    case .stop(let name, let grace): stop(name, grace: grace)
    case .startProbes(let name, let run, let kinds): for kind in kinds { startProbe(name, run, kind) }
    case .probeNow(let name): for signal in probeSignals[name] ?? [] { signal.signal() }
    case .stopProbes(let name): stopProbes(name)
    case .wait(let timer, let delay): wait(timer, delay)
    case .event(let isWarning, let reason, let message, let container):
      record(isWarning: isWarning, reason: reason, message: message, container: container)
    case .writeStatus(let isUrgent):
      status.write(machine.makeStatus(now: context.clock.now()), isUrgent: isUrgent)
    case .finish: await finish()
    case .release: await release()
    }
  }

  func record(isWarning: Bool, reason: String, message: String, container: String = "") {
    let isInit = machine.pod.container(container)?.isInit ?? false
    let path = container.isEmpty ? "" : "spec.\(isInit ? "initContainers" : "containers"){\(container)}"
    context.recorder.record(
      machine.pod.object, isWarning ? .warning : .normal, reason: reason, message: message, fieldPath: path)
  }

  private func wait(_ timer: PodTimer, _ delay: Duration) {
    tasks[.timer(timer)]?.cancel()
    tasks[.timer(timer)] = Task { [context, worker] in
      do { try await context.clock.sleep(for: delay) } catch { return }
      worker.post(.input(.timer(timer)))
    }
  }

  private func prepare() async {
    let pod = machine.pod
    do {
      let preferred = pod.object.status?["podIP"]?.string
      machine.podAddress = try context.addresses.allocate(pod: worker.uid, preferred: preferred)
      references = try await PodReferences.read(for: pod, client: context.client)
      let plan = try VolumePlan(
        pod: pod, downward: context.settings.downward(pod, podAddress: machine.podAddress),
        references: references,
        claims: context.settings.claims)
      let (directory, settings) = (self.directory, context.settings)
      let needsSupervisor = link == nil
      let started = try await context.workers.run { () -> SupervisorLink? in
        try directory.prepare(plan)
        guard needsSupervisor else { return nil }
        let name = "\(pod.object.namespace)/\(pod.object.name)"
        return try SupervisorLink(command: settings.supervisorCommand + [name], environment: [])
      }
      self.plan = plan
      if let started { try adopt(started) }
      await handle(.prepared)
    } catch {
      await handle(.preparationFailed(message: "\(error)"))
    }
  }

  private func adopt(_ started: SupervisorLink) throws {
    link = started
    tasks[.supervisorEvents] = Task { [worker] in
      for await event in started.events { worker.post(.supervisor(event)) }
      worker.post(.supervisorEnded)
    }
    try context.hub.add(started)
  }

  private func start(_ name: String, run: Int, restart: Int64) async {
    guard let plan, let link, let container = machine.pod.container(name) else {
      return await handle(
        .startFailed(
          container: name, run: run, reason: "CreateContainerError", message: "the pod is not prepared"))
    }
    stopping.remove(name)
    do {
      // Read anew: a restart takes up what has changed since.
      references = try await PodReferences.read(for: machine.pod, client: context.client)
      let launcher = ContainerLauncher(
        node: context.settings, pod: machine.pod, podAddress: machine.podAddress, references: references,
        plan: plan)
      let start = try await context.workers.run { try launcher.makeStart(container, restart: restart) }
      try link.send(.start(start))
      let image = container.image
      record(
        isWarning: false, reason: "Pulled",
        message: "Container image \"\(image)\" already present on machine",
        container: name)
    } catch {
      let (reason, message) = Self.explain(error)
      await handle(.startFailed(container: name, run: run, reason: reason, message: message))
    }
  }

  private static func explain(_ error: any Error) -> (reason: String, message: String) {
    switch error {
    case let refusal as ProgramResolver.Refusal: (refusal.reason, refusal.description)
    case is ContainerConfigurationError: ("CreateContainerConfigError", "\(error)")
    default: ("CreateContainerError", "\(error)")
    }
  }

  // MARK: the supervisor's reports

  private func handle(_ event: SupervisorEvent) async {
    switch event {
    case .started(let name, let process, let time):
      processes[name] = process
      watchMemory(name, process)
      runPostStart(name)
      await handle(.started(container: name, run: currentRun(name), at: time))
    case .startFailed(let name, let message):
      await handle(
        .startFailed(container: name, run: currentRun(name), reason: "RunContainerError", message: message))
    case .exited(let name, let code, let signal, let time):
      processes[name] = nil
      for task in [TaskName.memory(name), .stop(name), .postStart(name)] {
        tasks.removeValue(forKey: task)?.cancel()
      }
      let message = await terminationMessage(name, code: code)
      await handle(
        .exited(container: name, exit: ContainerExit(code: code, signal: signal, at: time, message: message)))
      if isShuttingDown { finishShutDownIfQuiet() }
    case .ready(let name): await handle(.signalledReady(container: name))
    case .executed(let identifier, let outcome):
      worker.finishExecution(identifier, outcome)
    case .refused(let message): context.log.error("supervisor refused a command", ["cause": message])
    }
  }

  private func currentRun(_ name: String) -> Int {
    machine.index(name).map { machine.containers[$0].run } ?? 0
  }

  private func terminationMessage(_ name: String, code: Int32) async -> String {
    guard let index = machine.index(name) else { return "" }
    let record = machine.containers[index]
    let path = directory.terminationLog(name)
    let log = directory.log(name, restart: Int(clamping: record.restartCount))
    let usesLog = record.spec.fallsBackToLogs && code != 0
    let message = try? await context.workers.run {
      TerminationMessage.read(path: path, log: usesLog ? log : nil)
    }
    return message ?? ""
  }

  private func supervisorEnded() async {
    link = nil
    worker.abandonExecutions()
    let mark = "\(ContainerEnvironment.podVariable)=\(worker.uid)"
    // It kills everything before it goes; were it killed itself, its processes would be left.
    _ = try? await context.workers.run {
      for process in ProcessTable.processes(withEnvironment: mark) { Signal.kill.send(to: process) }
    }
    processes = [:]
    if isShuttingDown { return finishShutDownIfQuiet() }
    guard machine.stage == .running || machine.stage == .terminating else { return }
    context.log.warning("a pod's supervisor ended unexpectedly", ["pod": worker.key.description])
    do {
      let settings = context.settings
      let name = worker.key.description
      let started = try await context.workers.run {
        try SupervisorLink(command: settings.supervisorCommand + [name], environment: [])
      }
      try adopt(started)
    } catch {
      context.log.error("no supervisor for a pod", ["pod": worker.key.description, "cause": "\(error)"])
    }
    await handle(.supervisorLost)
  }

  // MARK: ends

  /// The supervisor goes, the pod's folder and status stay for whoever wants to look.
  private func release() async {
    tasks.removeValue(forKey: .supervisorEvents)?.cancel()
    link?.close()
    link = nil
    context.addresses.release(pod: worker.uid)
  }

  private func finish() async {
    await release()
    let directory = self.directory
    do {
      try await context.workers.run { try directory.remove() }
    } catch {
      context.log.warning("a pod's folder stays behind", ["path": directory.path, "cause": "\(error)"])
    }
    tasks.removeValue(forKey: .statusWriter)?.cancel()
    isOver = await deleteObject()
  }

  /// True once the object is gone; else it is tried again.
  private func deleteObject() async -> Bool {
    var backoff = Backoff(initial: .milliseconds(50), maximum: .seconds(5))
    while true {
      do {
        try await context.client.delete(
          .pods, namespace: worker.key.namespace, name: worker.key.name, uid: worker.uid,
          gracePeriodSeconds: 0)
        return true
      } catch let error as KubeError where error.reason == .notFound || error.reason == .conflict {
        return true
      } catch {
        context.log.warning(
          "pod not deleted; trying again", ["pod": worker.key.description, "cause": "\(error)"])
        do { try await context.clock.sleep(for: backoff.next()) } catch { return true }
      }
    }
  }

  private func shutDown(_ grace: Duration) {
    isShuttingDown = true
    for name in machine.containers.map(\.name) { stopProbes(name) }
    for record in machine.containers where record.isActive {
      let milliseconds = min(grace, machine.pod.terminationGrace).wholeMilliseconds
      try? link?.send(.stop(name: record.name, graceMilliseconds: milliseconds))
    }
    finishShutDownIfQuiet()
  }

  private func finishShutDownIfQuiet() {
    if processes.isEmpty || link == nil { isOver = true }
  }
}

extension Duration {
  /// Rounded down; clamped.
  var wholeMilliseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    return overflow ? (seconds < 0 ? 0 : .max) : product &+ attoseconds / 1_000_000_000_000_000
  }
}
