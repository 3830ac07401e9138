import APIServer
import Basics
import ControllerKit
import Formats
import KubeClient
import KubeProtocol
import KubeStore
import Linux
import ServingAPI
import Synchronization
import Testing

@testable import ServingControllers

/// Passes requests on, counts the writes, and lets chosen ones fail.
final class FaultyTransport: KubeTransport {
  enum Fault: Sendable, CaseIterable {
    case conflict, notFound, serverError, forbidden
  }

  private struct State {
    var writes = 0
    var dryRuns = 0
    var faults: [Int: Fault] = [:]
    var failed = 0
    var refused: [String: String] = [:]
  }

  private let inner: any KubeTransport
  private let state = Mutex(State())

  init(_ inner: any KubeTransport) { self.inner = inner }

  var writes: Int { state.withLock { $0.writes } }
  /// Writes that only ask.
  var dryRuns: Int { state.withLock { $0.dryRuns } }
  var failed: Int { state.withLock { $0.failed } }

  /// Every write to this collection fails with 403 and this message, until `clear`.
  func refuse(_ plural: String, _ message: String) { state.withLock { $0.refused[plural] = message } }

  /// The `number`th write from now on fails.
  func plant(_ fault: Fault, at number: Int) {
    state.withLock { $0.faults[$0.writes + number] = fault }
  }

  func clear() {
    state.withLock {
      $0.faults = [:]
      $0.refused = [:]
    }
  }

  func send(_ request: KubeRequest) async throws -> KubeResponse {
    guard request.method != "GET" else { return try await inner.send(request) }
    let refused = state.withLock { $0.refused.first { request.path.contains("/\($0.key)") }?.value }
    if let refused { return Self.answer(403, "Forbidden", refused) }
    if request.queryValue("dryRun") != nil {
      state.withLock { $0.dryRuns += 1 }
      return try await inner.send(request)
    }
    let fault = state.withLock { state -> Fault? in
      state.writes += 1
      guard let fault = state.faults[state.writes], Self.applies(fault, request) else { return nil }
      state.failed += 1
      return fault
    }
    guard let fault else { return try await inner.send(request) }
    let (code, reason) =
      switch fault {
      case .conflict: (409, "Conflict")
      case .notFound: (404, "NotFound")
      case .serverError: (500, "InternalError")
      case .forbidden: (403, "Forbidden")
      }
    return Self.answer(code, reason, "planted")
  }

  private static func answer(_ code: Int, _ reason: String, _ message: String) -> KubeResponse {
    KubeResponse(
      status: code,
      body: .json([
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": .string(reason),
        "message": .string(message), "code": .int(code),
      ]))
  }

  /// Only what a server could answer to this request.
  private static func applies(_ fault: Fault, _ request: KubeRequest) -> Bool {
    switch fault {
    case .conflict: request.method == "PUT" || request.method == "PATCH"
    case .notFound: request.method != "POST"
    case .serverError, .forbidden: true
    }
  }
}

/// Ends watches after their first event, up to a number of them.
final class CuttingTransport: KubeTransport {
  private let inner: any KubeTransport
  private let left: Mutex<Int>

  init(_ inner: any KubeTransport, cuts: Int) {
    self.inner = inner
    left = Mutex(cuts)
  }

  func send(_ request: KubeRequest) async throws -> KubeResponse {
    let response = try await inner.send(request)
    guard case .watch(let events) = response.body,
      left.withLock({
        $0 -= 1
        return $0 >= 0
      })
    else { return response }
    let source = Source(events)
    let passed = Mutex(false)
    let stream = AsyncThrowingStream<WatchEvent, any Error> {
      let isSecond = passed.withLock { passed in
        defer { passed = true }
        return passed
      }
      return isSecond ? nil : try await source.next()
    }
    return KubeResponse(status: 200, body: .watch(stream))
  }

  /// `@unchecked Sendable`: one consumer asks, one call after the other.
  private final class Source: @unchecked Sendable {
    private var iterator: AsyncThrowingStream<WatchEvent, any Error>.Iterator
    init(_ events: AsyncThrowingStream<WatchEvent, any Error>) { iterator = events.makeAsyncIterator() }
    func next() async throws -> WatchEvent? { try await iterator.next() }
  }
}

/// One reconciler that is called by hand, with everything else played: each Deployment works at once, each
/// route is taken at once.
struct Simulation: Sendable {
  let client: KubeClient
  let transport: FaultyTransport
  let caches: ServiceCaches
  let reconciler: InferenceServiceReconciler
  /// Further players: whether they changed anything.
  var others: (@Sendable (Simulation) async throws -> Bool)?

  static let key = ObjectKey(namespace: "team", name: "iris")

  /// - Parameters:
  ///   - kinds: of other systems, which the cluster has.
  ///   - admission: what their webhooks do.
  ///   - configured: entries of the configuration, as JSON texts.
  ///   - cuts: how many watches end after their first event.
  static func run(
    kinds: [KubeResource] = [], admission: [AdmissionHook] = [], configured: [String: String] = [:],
    cuts: Int = 0, others: (@Sendable (Simulation) async throws -> Bool)? = nil,
    _ body: @escaping @Sendable (Simulation) async throws -> Void
  ) async throws {
    let settings = InferenceServiceConfig.Platform(ingressDomain: "localhost", gatewayPort: 8081)
    let configuration = ServingConfiguration(platform: settings)
    if !configured.isEmpty {
      var object = KubeObject(.configMaps, namespace: "kserve", name: "inferenceservice-config")
      object["data"] = KubeObject.stringMapJSON(configured)
      _ = configuration.update(from: object)
    }
    let store = MemoryStore()
    let server = APIServer(store: store, preinstalledCRDs: ServingCRDs.all, admission: admission)
    try await server.start()
    for kind in kinds {
      try await server.client.create(.customResourceDefinitions, ForeignKinds.definition(of: kind))
    }
    try await ServingDefaults.install(client: server.client, platform: settings)
    try await server.client.create(.namespaces, KubeObject(.namespaces, name: "team"))
    let informers = SharedInformers(client: KubeClient(CuttingTransport(server, cuts: cuts)))
    let transport = FaultyTransport(server.client.transport)
    let client = KubeClient(transport)
    let caches = ServiceCaches(informers)
    let simulation = Simulation(
      client: server.client, transport: transport, caches: caches,
      reconciler: InferenceServiceReconciler(
        client: client, caches: caches, configuration: configuration, credentials: NoCredentials(),
        events: EventRecorder(client: client, component: "test"), clock: SystemClock(),
        writer: ObjectWriter(client)), others: others)
    try await withRunning(informers, of: server, over: store) {
      try await informers.waitUntilSynced()
      _ = try await caches.optional.refresh { _ in }
      try await body(simulation)
    }
  }

  private var followed: [Informer] {
    caches.children + [caches.services, caches.pods, caches.endpointSlices]
  }

  /// Returns once the caches show what the API has.
  func catchUp() async throws {
    for informer in followed {
      let list = try await client.list(informer.resource, namespace: "team").items
      let wanted = Set(list.map { "\($0.key) \($0.resourceVersion)" })
      while Set(informer.list(namespace: "team").map { "\($0.key) \($0.resourceVersion)" }) != wanted {
        await Task.yield()
      }
    }
  }

  /// Reconciles and plays until nothing is written any more.
  /// - Returns: the number of rounds.
  @discardableResult
  func settle() async throws -> Int {
    for round in 1...60 {
      try await catchUp()
      let before = transport.writes
      do { _ = try await reconciler.reconcile(Self.key) } catch is KubeError { continue }
      let isQuiet = transport.writes == before
      try await catchUp()
      if try await !play(), isQuiet { return round }
    }
    throw KubeError(.timeout, "the service does not come to rest")
  }

  // MARK: the others

  /// - Returns: whether anything changed.
  func play() async throws -> Bool {
    var changed = false
    let deployments = caches.deployments.list(namespace: "team").filter { !$0.isBeingDeleted }
    let names = Set(deployments.map { "\($0.name)-pod" })
    for pod in caches.pods.list(namespace: "team") where !names.contains(pod.name) {
      try await client.delete(.pods, namespace: "team", name: pod.name, gracePeriodSeconds: 0)
      changed = true
    }
    for deployment in deployments { changed = try await playDeployment(deployment) || changed }
    for route in caches.routes.list(namespace: "team") where !route.isBeingDeleted {
      changed = try await accept(route) || changed
    }
    if let others { changed = try await others(self) || changed }
    return changed
  }

  private func playDeployment(_ deployment: KubeObject) async throws -> Bool {
    if deployment.status?["observedGeneration"]?.int == deployment.generation { return false }
    let name = "\(deployment.name)-pod"
    if let old = caches.pods.get(namespace: "team", name: name) {
      try await client.delete(.pods, namespace: "team", name: old.name, gracePeriodSeconds: 0)
    }
    var pod = KubeObject(.pods, namespace: "team", name: name)
    pod.labels = KubeObject.stringMap(deployment.json.at("spec", "template", "metadata", "labels"))
    pod.spec = ["containers": [["name": "c", "image": "i"]]]
    var created = try await client.create(.pods, pod)
    created.status = ["phase": "Running", "conditions": [["type": "Ready", "status": "True"]]]
    try await client.updateStatus(.pods, created)
    let count = deployment.spec?["replicas"]?.int ?? 1
    var updated = deployment
    updated.status = [
      "observedGeneration": .int(deployment.generation), "replicas": .int(count),
      "updatedReplicas": .int(count), "availableReplicas": .int(count),
      "conditions": [["type": "Available", "status": "True"]],
    ]
    try await client.updateStatus(.deployments, updated)
    if caches.endpointSlices.get(namespace: "team", name: deployment.name) == nil {
      var slice = KubeObject(.endpointSlices, namespace: "team", name: deployment.name)
      slice.labels = ["kubernetes.io/service-name": deployment.name]
      slice["addressType"] = "IPv4"
      slice["endpoints"] = [["addresses": ["127.9.0.1"], "conditions": ["ready": true]]]
      try await client.create(.endpointSlices, slice)
    }
    return true
  }

  private func accept(_ route: KubeObject) async throws -> Bool {
    let seen = route.status?["parents"]?[0]?["conditions"]?[0]?["observedGeneration"]?.int
    if seen == route.generation { return false }
    var updated = route
    updated.status = [
      "parents": [
        [
          "parentRef": ["name": "kserve-ingress-gateway", "namespace": "kserve"],
          "controllerName": .string(ServingPlatform.gatewayController),
          "conditions": [
            [
              "type": "Accepted", "status": "True", "observedGeneration": .int(route.generation),
              "reason": "Accepted", "message": "", "lastTransitionTime": "2026-11-21T01:00:00Z",
            ]
          ],
        ]
      ]
    ]
    try await client.updateStatus(.httpRoutes, updated)
    return true
  }

  // MARK: what is compared

  /// Every child with what matters of it, and the status without its history.
  func snapshot() async throws -> [String: JSONValue] {
    var found: [String: JSONValue] = [:]
    for informer in caches.children where informer.resource != .controllerRevisions {
      for child in informer.list(namespace: "team") {
        var spec = child.spec ?? [:]
        for given in ["clusterIP", "clusterIPs"] { spec[given] = nil }
        var annotations = child.annotations
        for given in [
          ObjectWriter.desiredHashAnnotation, ObjectWriter.desiredKeysAnnotation,
          "deployment.kubernetes.io/revision",
        ] {
          annotations[given] = nil
        }
        found["\(child.kind) \(child.name)"] = StableHash.canonical([
          "spec": spec, "labels": KubeObject.stringMapJSON(child.labels) ?? [:],
          "annotations": KubeObject.stringMapJSON(annotations) ?? [:],
        ])
      }
    }
    let service = try await client.get(.inferenceServices, namespace: "team", name: "iris")
    var status = service.status ?? [:]
    status["observedGeneration"] = nil
    status["conditions"] = .array(
      (status["conditions"]?.array ?? []).map { condition in
        var condition = condition
        condition["lastTransitionTime"] = nil
        return condition
      })
    for kind in ComponentKind.allCases {
      if status.at("components", kind.rawValue) == nil { continue }
      status.set(nil, at: "components", kind.rawValue, "previousRolledoutRevision")
    }
    found["status"] = StableHash.canonical(status)
    return found
  }

  /// Deletes the service and waits until nothing of it is left.
  func remove() async throws {
    try await client.delete(.inferenceServices, namespace: "team", name: "iris")
    for informer in caches.children + [caches.services] {
      while try await !client.list(informer.resource, namespace: "team").items.isEmpty {
        await Task.yield()
      }
    }
    try await catchUp()
    _ = try await play()
    try await catchUp()
  }
}
