internal import Basics
internal import ControllerKit
internal import KubeClient
internal import KubeProtocol
internal import ServingAPI

/// The controller of the copies, wired.
struct CertificateBundleController: Sendable {
  private let controller: Controller
  private let services: Informer

  /// Asks `informers` for what it needs; somebody else runs them, and keeps `configuration` up to date.
  init(
    client: KubeClient, informers: SharedInformers, configuration: ServingConfiguration,
    events: EventRecorder, clock: any SleepingClock
  ) {
    let services = informers.informer(.inferenceServices)
    self.services = services
    let configMaps = informers.informer(.configMaps)
    controller = Controller(
      name: "cabundle",
      reconciler: CertificateBundleReconciler(
        services: services, configMaps: configMaps, configuration: configuration, events: events,
        writer: ObjectWriter(client)),
      clock: clock)
    controller.watch(services) { change in
      if case .updated = change { return [] }
      return [Self.key(change.object.namespace)]
    }
    controller.watch(configMaps) { change in
      if change.object.namespace == ServingPlatform.namespace {
        return Self.everyNamespace(services)
      }
      return change.object.name == CertificateBundle.copyName
        ? [Self.key(change.object.namespace)] : []
    }
  }

  private static func key(_ namespace: String) -> ObjectKey { ObjectKey(namespace: "", name: namespace) }

  private static func everyNamespace(_ services: Informer) -> [ObjectKey] {
    Set(services.list().map(\.namespace)).sorted().map(key)
  }

  /// The configuration has changed.
  func enqueueAll() {
    for key in Self.everyNamespace(services) { controller.queue.add(key) }
  }

  /// Works until the task is cancelled.
  func run() async { await controller.run() }
}
