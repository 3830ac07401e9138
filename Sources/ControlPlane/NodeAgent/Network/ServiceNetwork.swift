internal import Basics
internal import KubeClient
internal import KubeProtocol
internal import Linux
internal import Synchronization
internal import Telemetry

/// Keeps the forwarder and the names file at what Services and EndpointSlices say.
final class ServiceNetwork: Sendable {
  private let services: Informer
  private let slices: Informer
  private let forwarder: ServiceForwarder
  private let gateway: ForwardedPort.Backend?
  private let namesFile: String
  private let workers: BlockingWorkers
  private let clock: any SleepingClock
  private let log: Logger
  private let dirty = DirtyServices()

  private static let sliceIndex = "node-service"

  init(
    informers: SharedInformers, forwarder: ServiceForwarder, gateway: ForwardedPort.Backend?,
    namesFile: String, workers: BlockingWorkers, clock: any SleepingClock, log: Logger
  ) {
    services = informers.informer(.services)
    slices = informers.informer(.endpointSlices)
    self.forwarder = forwarder
    self.gateway = gateway
    self.namesFile = namesFile
    self.workers = workers
    self.clock = clock
    self.log = log
  }

  /// Works until the task is cancelled.
  func run() async {
    do {
      try await services.waitUntilSynced()
      try await slices.waitUntilSynced()
    } catch {
      return
    }
    follow()
    var table = ServiceTable()
    // Also where there is no Service.
    var isWritten = false
    while !Task.isCancelled {
      if update(&table) { isWritten = false }
      if isWritten {
        await dirty.wait()
        continue
      }
      let text = table.namesFile(standIns: forwarder.standIns)
      do {
        let path = namesFile
        try await workers.run { try Files.writeAtomically(text, to: path, isDurable: false) }
        isWritten = true
      } catch {
        if Task.isCancelled { return }
        log.error("the names file cannot be written", ["path": namesFile, "cause": "\(error)"])
        try? await clock.sleep(for: .seconds(1))
      }
    }
  }

  private func follow() {
    slices.addIndex(Self.sliceIndex) { ["\(Self.service(of: $0))"] }
    services.onChange { [dirty] change in dirty.note([change.object.key]) }
    slices.onChange { [dirty] change in
      dirty.note([change.object, change.old].compactMap { $0 }.map(Self.service))
    }
  }

  private static func service(of slice: KubeObject) -> ObjectKey {
    ObjectKey(namespace: slice.namespace, name: slice.labels["kubernetes.io/service-name"] ?? "")
  }

  /// Looks at the Services that have changed.
  /// - Returns: whether the names file has to change.
  private func update(_ table: inout ServiceTable) -> Bool {
    var namesDiffer = false
    for key in dirty.take() {
      let service = services.get(key).flatMap { $0.isBeingDeleted ? nil : $0 }
      let entry = service.map {
        ServiceEntry(service: $0, slices: slices.byIndex(Self.sliceIndex, "\(key)"), gateway: gateway)
      }
      let difference = table.set(key, entry)
      if difference.namesDiffer { namesDiffer = true }
      if let ports = difference.ports, forwarder.update(from: ports.old, to: ports.new) {
        namesDiffer = true
      }
    }
    return namesDiffer
  }
}

/// Services that have changed since they were last looked at.
private final class DirtyServices: Sendable {
  private let keys = Mutex<Set<ObjectKey>>([])
  private let changed = WakeSignal()

  func note(_ keys: [ObjectKey]) {
    self.keys.withLock { $0.formUnion(keys) }
    changed.signal()
  }

  func take() -> Set<ObjectKey> {
    keys.withLock { keys in
      defer { keys = [] }
      return keys
    }
  }

  func wait() async { await changed.wait() }
}
