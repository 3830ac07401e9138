public import Basics
internal import CPreloadBlob
internal import ControllerKit
internal import Formats
public import HTTPTransport
public import KubeClient
internal import KubeProtocol
public import Linux
internal import Synchronization
internal import Telemetry

/// What a node needs to know at its start.
public struct NodeAgentConfiguration: Sendable {
  /// Absolute; exists and is writable.
  public var dataDirectory: String
  public var addresses: LoopbackAddressPool
  /// For HTTP probes.
  public var loops: EventLoopGroup
  public var images = ImageTable()
  public var claims: ClaimResolver = { _, _ in nil }
  /// Port of 127.0.0.1 where the gateway listens; nil where there is none to split requests inside.
  public var gatewayPort: Int?
  /// Nil for the name of the last start, else the machine's.
  public var nodeName: String?
  /// What containers of built-in images execute; nil for this program.
  public var ownExecutable: String?
  /// File and arguments of a supervisor; nil for this program's subcommand `pod`.
  public var supervisorCommand: [String]?

  public init(dataDirectory: String, addresses: LoopbackAddressPool, loops: EventLoopGroup) {
    self.dataDirectory = dataDirectory
    self.addresses = addresses
    self.loops = loops
  }
}

/// The embedded node: runs the pods of the API as processes of this machine, and makes Services reachable.
public final class NodeAgent: Sendable {
  let settings: NodeSettings
  let clock: any SleepingClock
  let workers: BlockingWorkers
  let loops: EventLoopGroup
  private let client: KubeClient
  private let informers: SharedInformers
  private let context: NodeContext
  private let forwarder: ServiceForwarder
  private let gateway: ForwardedPort.Backend?
  private let hub: SupervisorHub
  private let log: Logger
  private let state = Mutex(State())
  private let emptied = WakeSignal()

  private struct State {
    var workers: [String: PodWorker] = [:]
    var isShuttingDown = false
  }

  /// Makes the node's folders and files, and kills what a crash may have left. Blocks.
  public init(
    configuration: NodeAgentConfiguration, client: KubeClient, informers: SharedInformers,
    clock: any SleepingClock = SystemClock()
  ) throws {
    self.client = client
    self.informers = informers
    self.clock = clock
    log = Logger("node")
    settings = try NodeFiles.prepare(configuration)
    loops = configuration.loops
    workers = BlockingWorkers(name: "node", threads: 4, capacity: 8192)
    hub = try SupervisorHub()
    forwarder = try ServiceForwarder(log: log)
    gateway = configuration.gatewayPort.map { ForwardedPort.Backend(address: "127.0.0.1", port: $0) }
    let probers = BlockingWorkers(name: "probes", threads: 4, capacity: 8192)
    context = NodeContext(
      settings: settings, client: client,
      recorder: EventRecorder(client: client, component: "kubelet", host: settings.name, clock: clock),
      clock: clock,
      workers: workers, memory: MemoryWatcher(clock: clock, workers: workers, log: log), hub: hub,
      addresses: configuration.addresses,
      prober: SocketProber(client: HTTPClient(group: configuration.loops), workers: probers),
      probeTimers: ProbeTimers(clock: clock), log: log)
  }

  public var nodeName: String { settings.name }

  /// Works until the task is cancelled; the informers must run meanwhile. Cancelling it ends all pods at
  /// once: call `shutDown` before.
  public func run() async throws {
    let network = ServiceNetwork(
      informers: informers, forwarder: forwarder, gateway: gateway, namesFile: settings.namesFile,
      workers: workers,
      clock: clock,
      log: log)
    let volumes = VolumeRefresher(context: context, informers: informers)
    let pods = informers.informer(.pods)
    defer {
      forwarder.close()
      hub.close()
    }
    try await withThrowingDiscardingTaskGroup { group in
      group.addTask { [context] in await context.recorder.run() }
      group.addTask { [context] in await context.memory.run() }
      group.addTask { [context] in await context.probeTimers.run() }
      group.addTask { await network.run() }
      group.addTask { await volumes.run() }
      let registration = NodeRegistration(context: context, informer: informers.informer(.nodes))
      group.addTask { await registration.run() }
      try await pods.waitUntilSynced()
      try await removeLeftovers(pods)
      let (changes, continuation) = AsyncStream.makeStream(of: InformerChange.self)
      pods.onChange { continuation.yield($0) }
      for await change in changes { take(change) }
      for worker in state.withLock({ $0.workers.values.map { $0 } }) { await worker.abandon() }
      group.cancelAll()
    }
  }

  /// Stops every pod in order and returns once they have ended. Their objects stay: the next start brings
  /// them back.
  /// - Parameter grace: how long they have, at most.
  public func shutDown(grace: Duration) async {
    let running = state.withLock { state in
      state.isShuttingDown = true
      return state.workers.values.map { $0 }
    }
    for worker in running { worker.shutDown(grace: grace) }
    while !Task.isCancelled && state.withLock({ !$0.workers.isEmpty }) { await emptied.wait() }
  }

  /// The restart number of a container's run that is alive.
  func liveRestart(pod uid: String, _ container: String) -> Int64? {
    state.withLock { $0.workers[uid] }?.liveRestart(container)
  }

  /// The worker of a pod that lives here.
  func worker(pod uid: String) -> PodWorker? { state.withLock { $0.workers[uid] } }

  // MARK: pods

  private func take(_ change: InformerChange) {
    let object = change.object
    if change.isDeletion {
      state.withLock { $0.workers[object.uid] }?.send(.removed)
      return
    }
    // Pods without a node are the scheduler's.
    if PodSpec(object).nodeName == settings.name { accept(object) }
  }

  private func accept(_ object: KubeObject) {
    let (worker, isNew) = state.withLock { state -> (PodWorker?, Bool) in
      if let worker = state.workers[object.uid] { return (worker, false) }
      if state.isShuttingDown { return (nil, false) }
      let worker = PodWorker(object, context: context)
      state.workers[object.uid] = worker
      return (worker, true)
    }
    guard let worker else { return }
    guard isNew else { return worker.send(.updated(object)) }
    worker.start(object) { [self] in
      let isEmpty = state.withLock { state in
        state.workers[object.uid] = nil
        return state.workers.isEmpty
      }
      if isEmpty { emptied.signal() }
    }
  }

  /// Folders of pods that went while the node did not run.
  private func removeLeftovers(_ pods: Informer) async throws {
    let known = Set(pods.list().map(\.uid))
    let parent = PodDirectory.parent(settings.dataDirectory)
    let log = self.log
    try await workers.run {
      for uid in try Files.list(parent) where !known.contains(uid) {
        do {
          try Files.removeTree("\(parent)/\(uid)")
        } catch {
          log.warning("a pod's folder stays behind", ["path": "\(parent)/\(uid)", "cause": "\(error)"])
        }
      }
    }
  }
}
