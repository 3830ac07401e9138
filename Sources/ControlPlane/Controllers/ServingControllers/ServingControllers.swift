public import Basics
internal import ControllerKit
internal import Formats
public import KubeClient
internal import KubeProtocol
internal import ServingAPI
internal import Telemetry

/// The controllers of the serving kinds, wired.
public struct ServingControllers: Sendable {
  private let controller: Controller
  private let trainedModels: TrainedModelController
  private let certificates: CertificateBundleController
  private let events: EventRecorder
  private let caches: ServiceCaches
  private let clock: any SleepingClock
  private let kindsChanged = WakeSignal()

  /// Asks `informers` for what it needs; somebody else runs them.
  /// - Parameters:
  ///   - configuration: kept up to date from the ConfigMap by these controllers.
  ///   - credentials: what programs that fetch models are given; nil: what Secrets and ServiceAccounts hold.
  public init(
    client: KubeClient, informers: SharedInformers, configuration: ServingConfiguration,
    credentials: (any CredentialInjector)? = nil, clock: any SleepingClock
  ) {
    caches = ServiceCaches(informers)
    let credentials = credentials ?? StorageCredentials(caches, configuration)
    self.clock = clock
    events = EventRecorder(client: client, component: "v1beta1Controllers", clock: clock)
    let reconciler = InferenceServiceReconciler(
      client: client, caches: caches, configuration: configuration, credentials: credentials, events: events,
      clock: clock, writer: ObjectWriter(client))
    controller = Controller(name: "inferenceservice", reconciler: reconciler, clock: clock)
    trainedModels = TrainedModelController(
      client: client, informers: informers, events: events, clock: clock)
    certificates = CertificateBundleController(
      client: client, informers: informers, configuration: configuration, events: events, clock: clock)
    watch(caches, configuration)
  }

  /// Works until the task is cancelled.
  public func run() async {
    guard await findOptionalKinds() else { return }
    await withDiscardingTaskGroup { group in
      group.addTask { await events.run() }
      group.addTask { await controller.run() }
      group.addTask { await trainedModels.run() }
      group.addTask { await certificates.run() }
      group.addTask {
        while !Task.isCancelled {
          await kindsChanged.wait()
          if Task.isCancelled { return }
          _ = await findOptionalKinds()
        }
      }
    }
  }

  /// Tries until the API has told which kinds it serves.
  /// - Returns: false where the task was cancelled.
  private func findOptionalKinds() async -> Bool {
    var backoff = Backoff(initial: .milliseconds(100), maximum: .seconds(10))
    while !Task.isCancelled {
      do {
        let isNew = try await caches.optional.refresh { informer in
          controller.watchOwned(informer, by: .inferenceServices)
        }
        if isNew { for key in caches.everyService() { controller.enqueue(key) } }
        return true
      } catch is CancellationError {
        return false
      } catch {
        Logger("inferenceservice").warning("cannot ask which kinds there are", ["cause": "\(error)"])
        do { try await clock.sleep(for: backoff.next()) } catch { return false }
      }
    }
    return false
  }

  /// As `init` and `run`.
  public static func run(
    client: KubeClient, informers: SharedInformers, configuration: ServingConfiguration,
    credentials: (any CredentialInjector)? = nil, clock: any SleepingClock
  ) async {
    await ServingControllers(
      client: client, informers: informers, configuration: configuration, credentials: credentials,
      clock: clock
    ).run()
  }

  private func watch(_ caches: ServiceCaches, _ configuration: ServingConfiguration) {
    let log = Logger("inferenceservice")
    let events = events
    let certificates = certificates
    controller.watch(caches.services)
    controller.watchOwned(caches.deployments, by: .inferenceServices)
    controller.watchOwned(caches.kubeServices, by: .inferenceServices)
    controller.watchOwned(caches.routes, by: .inferenceServices)
    controller.watchOwned(caches.revisions, by: .inferenceServices)
    controller.watch(caches.pods, mapping: ServiceCaches.keysOfPod)
    controller.watch(caches.podEvents) { caches.keysOfPodEvent($0) }
    controller.watch(caches.endpointSlices) { caches.keysOfSlice($0) }
    controller.watch(caches.customResourceDefinitions) { [kindsChanged] _ in
      kindsChanged.signal()
      return []
    }
    controller.watch(caches.configMaps) {
      KnativeSettings.isSource($0.object) && caches.optional.kinds.knativeServices != nil
        ? caches.everyService() : []
    }
    // Any runtime may be the one that a service waits for, or the better choice for another.
    controller.watch(caches.namespaceRuntimes) { caches.everyService(in: $0.object.namespace) }
    controller.watch(caches.clusterRuntimes) { _ in caches.everyService() }
    controller.watch(caches.storageContainers) { _ in caches.everyService() }
    // A secret that comes late, or a ServiceAccount that is given one.
    controller.watch(caches.secrets) { caches.everyService(in: $0.object.namespace) }
    controller.watch(caches.serviceAccounts) { caches.everyService(in: $0.object.namespace) }
    controller.watch(caches.configMap) { change in
      let configMap = change.isDeletion ? nil : change.object
      if let problem = configuration.update(from: configMap) {
        log.warning("configuration refused", ["cause": problem.description])
        events.record(
          change.object, .warning, reason: "InvalidConfiguration",
          message: ConfigurationCause.make(problem).sentence)
      }
      certificates.enqueueAll()
      return caches.everyService()
    }
  }
}
