internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import Linux

/// The state of a worker's task.
///
/// `@unchecked Sendable`: only the worker's task touches it, and there is one at a time.
final class PodLife: @unchecked Sendable {
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
  var probes: [String: [ContainerProbe]] = [:]
  /// Containers whose hooks before the stop have been begun.
  var stopping: Set<String> = []
  var processes: [String: Int32] = [:]
  var memoryWatches: [String: MemoryWatcher.Identifier] = [:]

  enum TaskName: Hashable {
    case timer(PodTimer)
    case stop(String)
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

  var executionPlace: ExecutionPlace? {
    guard let plan, let link else { return nil }
    return ExecutionPlace(
      launcher: ContainerLauncher(
        node: context.settings, pod: machine.pod, podAddress: machine.podAddress, references: references,
        plan: plan), link: link, directory: directory)
  }

  func take(_ message: PodWorker.Message) async {
    switch message {
    case .begin: await perform(machine.begin())
    case .input(let input): await handle(input)
    case .supervisor(let event): await handle(event)
    case .supervisorEnded: await supervisorEnded()
    case .abandon: isOver = true
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
    status.stop()
    for name in probes.keys { stopProbes(name) }
    for name in memoryWatches.keys { stopWatchingMemory(name) }
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
    case .probeNow(let name): for probe in probes[name] ?? [] { probe.hurry() }
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
      let (directory, settings, worker) = (self.directory, context.settings, self.worker)
      let needsSupervisor = link == nil
      let started = try await context.workers.run { () -> SupervisorLink? in
        try directory.prepare(plan)
        guard needsSupervisor else { return nil }
        return try Self.startSupervisor(settings, worker)
      }
      self.plan = plan
      if let started { try adopt(started) }
      await handle(.prepared)
    } catch {
      await handle(.preparationFailed(message: "\(error)"))
    }
  }

  /// Blocks until the supervisor is executed.
  static func startSupervisor(_ settings: NodeSettings, _ worker: PodWorker) throws -> SupervisorLink {
    try SupervisorLink(
      command: settings.supervisorCommand + [worker.key.description], environment: []
    ) { [weak worker] event in
      worker?.post(event.map { .supervisor($0) } ?? .supervisorEnded)
    }
  }

  func adopt(_ started: SupervisorLink) throws {
    link = started
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
}
