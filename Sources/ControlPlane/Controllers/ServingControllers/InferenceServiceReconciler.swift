internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import ServingAPI
internal import Telemetry

/// Turns an InferenceService into what its components need, and the state of that into a status.
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
  let routeMoves = RouteMoves()

  func reconcile(_ key: ObjectKey) async throws -> ReconcileResult {
    guard let stored = caches.services.get(key) else {
      tracker.forget(key)
      routeMoves.forget(key)
      return .done
    }
    // Children go by their owner references. A copy that lacks our own last status would tell every event
    // twice; its change queues the key again.
    guard !stored.isBeingDeleted, tracker.isSettled(key) else { return .done }
    let problem = configuration.problem
    let configuration = configuration.current
    let service = InferenceService(InferenceServiceDefaults.apply(to: stored, configuration: configuration))
    var observed = ServiceObservation(
      service: service, configuration: configuration,
      mode: service.deploymentMode(default: configuration.defaultDeploymentMode),
      hasModelMesh: caches.optional.kinds.modelMeshPredictors != nil)
    observed.configurationProblem = problem
    if observed.isBesideModelMesh && service.transformer == nil {
      try await leave(stored, observed)
      return .done
    }
    var failed: (any Error)?
    if service.isStopped {
      for informer in caches.children where informer.resource != .controllerRevisions {
        try await writer.prune(informer, ownedBy: stored, keep: [])
      }
    } else {
      failed = try await bring(stored, &observed)
    }
    let remaining = routeMoves.remaining(key, isMoving: observed.areRoutesMoving, now: clock.now())
    observed.areRoutesOverdue = remaining == .zero
    try await writeStatus(observed, stored)
    if let failed { throw failed }
    return remaining.map { $0 > .zero ? .requeue(after: $0) : .done } ?? .done
  }

  /// - Returns: a failure that is to be tried again, once it has been told.
  private func bring(_ stored: KubeObject, _ observed: inout ServiceObservation) async throws -> (any Error)?
  {
    let live = caches.live(stored)
    let plan = ServicePlanner(
      service: observed.service, mode: observed.mode, configuration: observed.configuration,
      runtimes: caches.runtimes(in: stored.namespace), credentials: credentials, live: live,
      isFrozen: Self.isFrozen(observed.service), kinds: caches.optional.kinds,
      knative: caches.knativeSettings,
      storageContainers: caches.orderedStorageContainers()
    ).plan()
    observed.hosts = plan.hosts
    observed.isWaitingFor = plan.isWaitingFor
    observed.runtime = plan.runtime
    observed.warnings = plan.warnings
    for index in observed.components.indices {
      let kind = observed.components[index].kind
      observed.components[index].plan = plan.components[kind]
      observed.components[index].failure = plan.failures[kind]
    }
    let failed = plan.isWaitingFor == nil ? try await write(plan, for: stored, &observed) : nil
    observe(plan, &observed)
    return failed
  }

  /// `disable-auto-update` on a service that is ready: a change of its runtime does not reach it.
  static func isFrozen(_ service: InferenceService) -> Bool {
    service.isAutoUpdateDisabled && Conditions.isTrue(service.object.status?["conditions"], "Ready")
      && service.object.status?["observedGeneration"]?.int == service.object.generation
  }

  // MARK: write

  private func write(
    _ plan: ServicePlan, for owner: KubeObject, _ observed: inout ServiceObservation
  ) async throws -> (any Error)? {
    var failed: (any Error)?
    for child in plan.children {
      guard let informer = caches.informer(of: child.resource) else { continue }
      do {
        let written = try await writer.apply(
          child.resource, desired: child.object, existing: informer.get(child.object.key))
        if child.resource == .httpRoutes { observed.routes.append(written.object) }
      } catch let error as TerminalError {
        observed.note(error.message, child.component)
      } catch let error as KubeError where error.reason == .invalid || error.reason == .forbidden {
        observed.note(error.message, child.component)
        events.record(owner, .warning, reason: "InternalError", message: error.message)
        // A quota or a right may change by itself; what is invalid only by a change of what it is made of.
        if error.reason == .forbidden { failed = error }
      } catch let error as KubeError where error.reason == .conflict {
        throw error
      } catch let error as KubeError {
        observed.note(error.message, child.component)
        failed = error
      }
    }
    if failed == nil { try await removeLeftovers(plan, of: owner) }
    return failed
  }

  /// Deletes what an earlier form of the service left behind, once no route leads there any more.
  private func removeLeftovers(_ plan: ServicePlan, of owner: KubeObject) async throws {
    let isComplete = plan.failures.isEmpty
    var wanted: [KubeResource: Set<ObjectKey>] = [:]
    for child in plan.children { wanted[child.resource, default: []].insert(child.object.key) }
    let routes = caches.routes.owned(by: owner.uid).filter { !$0.isBeingDeleted }
    var routed = routes.reduce(into: Set<String>()) { $0.formUnion(ServingRoutes.services(of: $1)) }
    if !routes.allSatisfy(ServingRoutes.isSettled) {
      // The gateway may still be at an earlier form of the routes.
      routed.formUnion(caches.kubeServices.owned(by: owner.uid).map(\.name))
    }
    for part in plan.components.values { routed.formUnion(part.revisions.kept) }
    if let hosts = plan.hosts, !hosts.isExposed || !hosts.configuration.ingress.isGatewayAPIEnabled {
      routed = plan.components.values.reduce(into: []) { $0.formUnion($1.revisions.kept) }
    }
    for informer in caches.children {
      let isRoute =
        informer.resource == .httpRoutes || ["Ingress", "VirtualService"].contains(informer.resource.kind)
      if isRoute && (!isComplete || plan.knativeRouting?.isPending == true) { continue }
      for child in informer.owned(by: owner.uid) {
        if child.isBeingDeleted || wanted[informer.resource]?.contains(child.key) == true { continue }
        if !isRoute {
          let kind = ServiceCaches.component(of: child)
          // Of what could not be planned nothing is known to be too much.
          if plan.failures[.predictor] != nil || kind.map({ plan.failures[$0] != nil }) == true { continue }
          if informer.resource == .controllerRevisions {
            if let part = kind.flatMap({ plan.components[$0] }), isRemembered(child, part) { continue }
          } else if routed.contains(child.name), wanted[.deployments]?.contains(child.key) != true {
            continue
          }
        }
        try await writer.delete(informer.resource, child)
      }
    }
  }

  /// The revisions that the status names, and the last ones.
  private func isRemembered(_ child: KubeObject, _ part: ComponentPlan) -> Bool {
    if part.revisions.state.names.contains(child.name) { return true }
    let number = child["revision"]?.int ?? 0
    return number > part.revisions.current.number &- Self.historyLimit
  }

  private static let historyLimit: Int64 = 10

  // MARK: status

  /// What is there, after the writes.
  private func observe(_ plan: ServicePlan, _ observed: inout ServiceObservation) {
    let namespace = observed.service.namespace
    observed.usesKnative = plan.usesKnative
    observed.hasIngress = plan.children.contains { $0.resource.kind == "Ingress" }
    if plan.usesKnative { return observeKnative(plan, &observed) }
    for index in observed.components.indices {
      let component = observed.components[index].component
      let part = plan.components[component.kind]
      observed.components[index].deployment = caches.deployments.get(
        namespace: namespace, name: component.name)
      let routed: Set<String> = Set((part?.targets ?? []).filter { $0.percent > 0 }.map(\.service))
      let serving = routed.union([component.name])
      let all = serving.union((part?.workloads ?? []).map(\.name))
      func pods(_ names: Set<String>) -> [KubeObject] {
        names.sorted().flatMap { caches.pods(ofDeployment: $0, namespace: namespace) }
      }
      observed.components[index].pods = pods(serving)
      observed.components[index].allPods = pods(all)
      if let worker = part?.workloads.first(where: { $0.role == .worker }) {
        observed.components[index].workers = caches.deployments.get(namespace: namespace, name: worker.name)
          .map { LivePair(deployment: $0, pods: pods([worker.name])) }
      }
      observed.components[index].podEvents = caches.warnings(about: observed.components[index].allPods)
      observed.components[index].hasEndpoint = routed.allSatisfy { name in
        let deployment = caches.deployments.get(namespace: namespace, name: name)
        return deployment?.spec?["replicas"]?.int == 0
          || caches.hasReadyEndpoint(service: name, namespace: namespace)
      }
    }
  }

  /// A service that ModelMesh serves alone: its status is begun, the rest is ModelMesh's.
  private func leave(_ stored: KubeObject, _ observed: ServiceObservation) async throws {
    for informer in caches.children where !informer.owned(by: stored.uid).isEmpty {
      try await writer.prune(informer, ownedBy: stored, keep: [])
    }
    guard stored.status?["conditions"]?.array?.isEmpty ?? true else { return }
    try await write(ServiceStatus.makeInitial(observed, now: clock.now()), observed, stored)
  }

  private func writeStatus(_ observed: ServiceObservation, _ stored: KubeObject) async throws {
    try await write(ServiceStatus.make(observed, now: clock.now()), observed, stored)
  }

  private func write(
    _ status: JSONValue, _ observed: ServiceObservation, _ stored: KubeObject
  ) async throws {
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
    let isNewSpec =
      stored.status?["observedGeneration"]?.int != stored.generation
      && status["observedGeneration"]?.int ?? stored.generation == stored.generation
    if isNewSpec, !observed.service.isStopped, let message = UnusedFields.message(observed.service) {
      events.record(stored, .warning, reason: "FieldsNotUsed", message: message)
    }
    if isNewSpec {
      for warning in observed.warnings {
        events.record(stored, .warning, reason: warning.reason, message: warning.message)
      }
    }
    ReadinessEvents.record(stored, status, events, failureReason: observed.eventReason)
  }
}

extension ServiceObservation {
  /// A child that could not be written; what belongs to no component is told by the predictor.
  fileprivate mutating func note(_ message: String, _ kind: ComponentKind?) {
    let kind = kind ?? .predictor
    for index in components.indices
    where components[index].kind == kind && components[index].writeFailure == nil {
      components[index].writeFailure = message
    }
  }
}
