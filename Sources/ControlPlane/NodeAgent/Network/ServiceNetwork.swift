internal import Basics
internal import KubeClient
internal import KubeProtocol
internal import Linux
internal import Telemetry

/// Keeps the forwarder and the names file at what Services and EndpointSlices say.
final class ServiceNetwork: Sendable {
  private let services: Informer
  private let slices: Informer
  private let forwarder: ServiceForwarder
  private let namesFile: String
  private let workers: BlockingWorkers
  private let clock: any SleepingClock
  private let log: Logger
  private let changed = WakeSignal()

  init(
    informers: SharedInformers, forwarder: ServiceForwarder, namesFile: String, workers: BlockingWorkers,
    clock: any SleepingClock, log: Logger
  ) {
    services = informers.informer(.services)
    slices = informers.informer(.endpointSlices)
    self.forwarder = forwarder
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
    for informer in [services, slices] { informer.onChange { [changed] _ in changed.signal() } }
    changed.signal()
    var written: Bytes?
    while !Task.isCancelled {
      await changed.wait()
      let table = ServiceTable(services: services.list(), slices: slices.list())
      let text = table.namesFile(standIns: forwarder.update(table.ports))
      guard text != written else { continue }
      do {
        let path = namesFile
        try await workers.run { try Files.writeAtomically(text, to: path) }
        written = text
      } catch {
        if Task.isCancelled { return }
        log.error("the names file cannot be written", ["path": namesFile, "cause": "\(error)"])
        try? await clock.sleep(for: .seconds(1))
        changed.signal()
      }
    }
  }
}
