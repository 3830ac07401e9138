internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import ServingAPI
internal import Telemetry

/// Turns an InferenceService into a Deployment, a Service and HTTPRoutes, and its state into a status.
struct InferenceServiceReconciler: Reconciler {
  let client: KubeClient
  let caches: ServiceCaches
  let configuration: ServingConfiguration
  let credentials: any CredentialInjector
  let events: EventRecorder
  let clock: any WallClock
  let writer: ObjectWriter
  /// Status writes that the cache does not show yet.
  let tracker = WriteTracker()

  func reconcile(_ key: ObjectKey) async throws -> ReconcileResult {
    guard let stored = caches.services.get(key) else {
      tracker.forget(key)
      return .done
    }
    // Children go by their owner references. A copy that lacks our own last status would tell every event
    // twice; its change queues the key again.
    guard !stored.isBeingDeleted, tracker.isSettled(key) else { return .done }
    let configuration = configuration.current
    let service = InferenceService(InferenceServiceDefaults.apply(to: stored, configuration: configuration))
    var observed = ServiceObservation(
      service: service, configuration: configuration,
      mode: service.deploymentMode(default: configuration.defaultDeploymentMode))
    if service.isStopped {
      try await removeChildren(of: stored, keepDeployment: nil, keepRoutes: [])
    } else {
      let children = plan(&observed)
      if let children { try await write(children, for: stored, &observed) }
      observe(&observed)
    }
    try await writeStatus(observed, stored)
    return .done
  }

  // MARK: make

  /// What is wanted for a service, or (in `observed.failure`) why it cannot be had.
  private func plan(_ observed: inout ServiceObservation) -> DesiredChildren? {
    let service = observed.service
    do throws(ServingFailure) {
      let routes = try Self.makeRoutes(service, observed.configuration)
      observed.addresses = routes.addresses
      if observed.mode != .standard { throw Self.unsupported(observed.mode) }
      let causes = InferenceServiceValidation.causes(service.object)
      if let cause = causes.first {
        throw ServingFailure(AdmissionCause.make(cause, service.name), reason: .invalidPredictorSpec)
      }
      try PredictorPod.checkSupported(service.predictor)
      let choice = try chooseRuntime(service)
      observed.runtime = choice?.runtime
      let pod = try PredictorPod.make(
        service: service, choice: choice, configuration: observed.configuration, credentials: credentials)
      let children = PredictorChildren(service: service, configuration: observed.configuration, pod: pod)
      observed.servingPort = pod.servingContainer.firstPort
      return DesiredChildren(
        deployment: children.makeDeployment(), service: children.makeService(),
        routes: observed.configuration.ingress.isGatewayAPIEnabled ? routes.routes : [])
    } catch {
      observed.failure = error
      return nil
    }
  }

  private func chooseRuntime(_ service: InferenceService) throws(ServingFailure) -> RuntimeSelection.Choice? {
    guard let model = service.predictor.model else { return nil }
    let runtimes = caches.runtimes(in: service.namespace)
    return try RuntimeSelection(
      model: model, hasWorkers: service.predictor.workerSpec != nil, namespaceRuntimes: runtimes.namespace,
      clusterRuntimes: runtimes.cluster
    ).choose()
  }

  private static func makeRoutes(
    _ service: InferenceService, _ configuration: InferenceServiceConfig
  ) throws(ServingFailure) -> (addresses: ServingRoutes, routes: [KubeObject]) {
    do throws(PlaceholderTemplate.Failure) {
      let addresses = try ServingRoutes(service: service, configuration: configuration)
      return (addresses, try addresses.makeRoutes())
    } catch {
      throw .invalid(error.description)
    }
  }

  private static func unsupported(_ mode: DeploymentMode) -> ServingFailure {
    var failure = ServingFailure.invalid(
      .unsupportedMode, value: mode.rawValue,
      "the deployment mode \(mode.rawValue) needs another system, which is not there",
      fix: "remove the annotation \(ServingAnnotation.deploymentMode) (or set it to Standard) and create the "
        + "service anew")
    if mode == .knative { failure.eventReason = "ServerlessModeRejected" }
    return failure
  }

  // MARK: write

  private func write(
    _ children: DesiredChildren, for owner: KubeObject, _ observed: inout ServiceObservation
  ) async throws {
    if Self.isFrozen(observed.service) {
      observed.deployment = caches.deployments.get(children.deployment.key)
      observed.routes = children.routes.compactMap { caches.routes.get($0.key) }
      return
    }
    do {
      observed.deployment = try await apply(.deployments, children.deployment, caches.deployments)
      _ = try await apply(.services, children.service, caches.kubeServices)
      for route in children.routes {
        observed.routes.append(try await apply(.httpRoutes, route, caches.routes))
      }
      try await removeChildren(
        of: owner, keepDeployment: children.deployment.key, keepRoutes: Set(children.routes.map(\.key)))
    } catch let error as TerminalError {
      observed.writeFailure = error.message
    } catch let error as KubeError where error.reason == .invalid || error.reason == .forbidden {
      // Only a change of the service or of its runtime mends this; it is told, not retried.
      observed.writeFailure = error.message
      events.record(owner, .warning, reason: "InternalError", message: error.message)
    }
  }

  /// `disable-auto-update` on a service that is ready: a change of its runtime does not reach it.
  static func isFrozen(_ service: InferenceService) -> Bool {
    service.annotations[ServingAnnotation.disableAutoUpdate] == "true"
      && Conditions.isTrue(service.object.status?["conditions"], "Ready")
      && service.object.status?["observedGeneration"]?.int == service.object.generation
  }

  private func apply(
    _ resource: KubeResource, _ desired: KubeObject, _ informer: Informer
  ) async throws -> KubeObject {
    try await writer.apply(resource, desired: desired, existing: informer.get(desired.key)).object
  }

  /// Deletes what an earlier form of the service left behind.
  private func removeChildren(
    of owner: KubeObject, keepDeployment: ObjectKey?, keepRoutes: Set<ObjectKey>
  ) async throws {
    let kept = Set([keepDeployment].compactMap { $0 })
    try await writer.prune(caches.routes, ownedBy: owner, keep: keepRoutes)
    try await writer.prune(caches.kubeServices, ownedBy: owner, keep: kept)
    try await writer.prune(caches.deployments, ownedBy: owner, keep: kept)
  }

  // MARK: status

  /// What is there, after the writes.
  private func observe(_ observed: inout ServiceObservation) {
    let service = observed.service
    let name = service.predictorName
    observed.pods = caches.pods(ofDeployment: name, namespace: service.namespace)
    observed.podEvents = caches.warnings(about: observed.pods)
    observed.hasEndpoint = caches.hasReadyEndpoint(service: name, namespace: service.namespace)
    if observed.failure != nil {
      // A service that was good before keeps what it has until it is good again.
      observed.deployment = caches.deployments.get(namespace: service.namespace, name: name)
    }
  }

  private func writeStatus(_ observed: ServiceObservation, _ stored: KubeObject) async throws {
    let status = ServiceStatus.make(observed, now: clock.now())
    if let old = stored.status, StableHash.canonical(old) == StableHash.canonical(status) { return }
    var updated = stored
    updated.status = status
    do {
      let written = try await client.updateStatus(.inferenceServices, updated)
      tracker.wrote(stored.key, written, in: caches.services)
    } catch let error as KubeError where error.reason == .notFound {
      return
    } catch let error as KubeError where error.reason != .conflict {
      events.record(
        stored, .warning, reason: "UpdateFailed",
        message: "Failed to update status for InferenceService \"\(stored.name)\": \(error.message)")
      throw error
    }
    if stored.status?["observedGeneration"]?.int != stored.generation, !observed.service.isStopped,
      let message = UnusedFields.message(observed.service)
    {
      events.record(stored, .warning, reason: "FieldsNotUsed", message: message)
    }
    ReadinessEvents.record(stored, status, events, failureReason: observed.failure?.eventReason)
  }
}

/// The children of a service as they should be.
struct DesiredChildren {
  var deployment: KubeObject
  var service: KubeObject
  var routes: [KubeObject]
}
