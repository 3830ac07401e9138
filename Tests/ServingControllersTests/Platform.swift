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

/// An API server in process with the serving kinds, the default objects and a running service controller.
struct Platform: Sendable {
  let server: APIServer
  let client: KubeClient
  let configuration: ServingConfiguration
  let informers: SharedInformers

  func service(_ spec: String) throws -> KubeObject {
    var object = KubeObject(.inferenceServices, namespace: "team", name: "iris")
    object.spec = try JSONValue(parsing: spec)
    return object
  }

  func iris() throws -> KubeObject {
    try service(#"{"predictor":{"sklearn":{"storageUri":"pvc://samples/models/sklearn/iris"}}}"#)
  }

  // MARK: waiting

  /// The object as soon as it is there and fits; follows the server's own watch.
  func waitFor(
    _ resource: KubeResource, _ name: String, namespace: String = "team",
    _ fits: @Sendable (KubeObject) -> Bool
  ) async throws -> KubeObject {
    let list = try await client.list(
      resource, namespace: namespace, fieldSelector: "metadata.name=\(name)")
    if let found = list.items.first(where: fits) { return found }
    let events = try await client.watch(
      resource, namespace: namespace, fieldSelector: "metadata.name=\(name)",
      resourceVersion: list.resourceVersion)
    for try await event in events where event.kind == .added || event.kind == .modified {
      if fits(event.object) { return event.object }
    }
    throw KubeError(.timeout, "the watch of \(resource) \(name) ended")
  }

  func waitUntilReady(_ status: String) async throws -> KubeObject {
    try await waitFor(.inferenceServices, "iris") { object in
      (object.status?["conditions"]?.array ?? []).contains {
        $0["type"]?.string == "Ready" && $0["status"]?.string == status
      }
    }
  }

  func waitUntilGone(_ resource: KubeResource, _ name: String) async throws {
    let list = try await client.list(resource, namespace: "team", fieldSelector: "metadata.name=\(name)")
    if list.items.isEmpty { return }
    let events = try await client.watch(
      resource, namespace: "team", fieldSelector: "metadata.name=\(name)",
      resourceVersion: list.resourceVersion)
    for try await event in events where event.kind == .deleted { return }
  }

  func waitForEvent(_ reason: String, namespace: String = "team") async throws -> KubeObject {
    let list = try await client.list(.events, namespace: namespace)
    if let found = list.items.first(where: { $0["reason"]?.string == reason }) { return found }
    let events = try await client.watch(.events, namespace: namespace, resourceVersion: list.resourceVersion)
    for try await event in events where event.object["reason"]?.string == reason { return event.object }
    throw KubeError(.timeout, "the watch of events ended")
  }

  /// Resource versions of the service, its Deployment, its Service and its route.
  func revisions() async throws -> [String] {
    var found: [String] = []
    for (resource, name) in [
      (KubeResource.inferenceServices, "iris"), (.deployments, "iris-predictor"),
      (.services, "iris-predictor"),
      (.httpRoutes, "iris"),
    ] {
      found.append(try await client.get(resource, namespace: "team", name: name).resourceVersion)
    }
    return found
  }

  /// A reconciler of its own beside the running one, and the revisions that stand once neither writes any
  /// more.
  func settle() async throws -> (reconciler: InferenceServiceReconciler, revisions: [String]) {
    while true {
      let before = try await revisions()
      let reconciler = await makeReconciler(showing: before)
      do {
        _ = try await reconciler.reconcile(ObjectKey(namespace: "team", name: "iris"))
      } catch let error as KubeError where error.reason == .conflict {
        continue
      }
      if try await revisions() == before { return (reconciler, before) }
    }
  }

  /// A reconciler of its own beside the running one, once its caches show these revisions.
  func makeReconciler(showing revisions: [String]) async -> InferenceServiceReconciler {
    let caches = ServiceCaches(informers)
    let shown = [caches.services, caches.deployments, caches.kubeServices, caches.routes]
    for (informer, revision) in zip(shown, revisions) {
      while !informer.hasObserved(revision) { await Task.yield() }
    }
    return InferenceServiceReconciler(
      client: client, caches: caches, configuration: configuration, credentials: NoCredentials(),
      events: EventRecorder(client: client, component: "test"), clock: SystemClock(),
      writer: ObjectWriter(client))
  }

  // MARK: playing the others

  func makeReady() async throws {
    try await client.create(.inferenceServices, iris())
    _ = try await waitFor(.deployments, "iris-predictor") { _ in true }
    _ = try await waitFor(.httpRoutes, "iris") { _ in true }
    try await playPod("iris-predictor-1", ready: true)
    try await playAvailable(true)
    try await playEndpoints()
    try await playAcceptedRoutes()
    _ = try await waitUntilReady("True")
  }

  func playPod(_ name: String, ready: Bool, of deployment: String = "iris-predictor") async throws {
    var pod = KubeObject(.pods, namespace: "team", name: name)
    pod.labels = ["app": "isvc.\(deployment)", "serving.kserve.io/inferenceservice": "iris"]
    pod.spec = ["containers": [["name": "kserve-container", "image": "i"]]]
    var created = try await client.create(.pods, pod)
    created.status = [
      "phase": "Running", "conditions": [["type": "Ready", "status": .string(ready ? "True" : "False")]],
    ]
    try await client.updateStatus(.pods, created)
  }

  func playAvailable(_ isAvailable: Bool) async throws {
    var deployment = try await client.get(.deployments, namespace: "team", name: "iris-predictor")
    deployment.status = [
      "observedGeneration": .int(deployment.generation), "replicas": 1, "updatedReplicas": 1,
      "availableReplicas": isAvailable ? 1 : 0,
      "conditions": [["type": "Available", "status": .string(isAvailable ? "True" : "False")]],
    ]
    try await client.updateStatus(.deployments, deployment)
  }

  func playEndpoints() async throws {
    var slice = KubeObject(.endpointSlices, namespace: "team", name: "iris-predictor-abc")
    slice.labels = ["kubernetes.io/service-name": "iris-predictor"]
    slice["addressType"] = "IPv4"
    slice["endpoints"] = [["addresses": ["127.9.0.1"], "conditions": ["ready": true]]]
    slice["ports"] = [["name": "iris-predictor", "port": 8080]]
    try await client.create(.endpointSlices, slice)
  }

  func playAcceptedRoutes() async throws {
    for name in ["iris-predictor", "iris"] {
      var route = try await client.get(.httpRoutes, namespace: "team", name: name)
      let conditions: JSONValue = .array(
        ["Accepted", "ResolvedRefs"].map {
          [
            "type": .string($0), "status": "True", "observedGeneration": .int(route.generation),
            "reason": .string($0), "message": "", "lastTransitionTime": "2026-11-21T01:00:00Z",
          ]
        })
      route.status = [
        "parents": [
          [
            "parentRef": ["name": "kserve-ingress-gateway", "namespace": "kserve"],
            "controllerName": .string(ServingPlatform.gatewayController), "conditions": conditions,
          ]
        ]
      ]
      try await client.updateStatus(.httpRoutes, route)
    }
  }

  func configure(_ key: String, _ text: String) async throws {
    try await client.patch(
      .configMaps, namespace: "kserve", name: "inferenceservice-config", ["data": [key: .string(text)]])
  }
}

/// What admission looks at, once there is something to look at.
private final class PeerInformers: Sendable {
  private let informers = Mutex<[Informer]>([])

  func add(_ informer: Informer) { informers.withLock { $0.append(informer) } }

  func list(_ resource: KubeResource) -> [KubeObject] {
    informers.withLock { $0 }.first { $0.resource == resource }?.list() ?? []
  }
}

/// Runs `body` with a platform of its own, and ends everything afterwards.
/// - Parameter wrap: puts something between the controllers and the server.
func withPlatform(
  through wrap: (any KubeTransport) -> any KubeTransport = { $0 },
  _ body: @escaping @Sendable (Platform) async throws -> Void
) async throws {
  let settings = InferenceServiceConfig.Platform(ingressDomain: "localhost", gatewayPort: 8081)
  let configuration = ServingConfiguration(platform: settings)
  let store = MemoryStore()
  let peers = PeerInformers()
  let admission = ServingAdmission(configuration: configuration) { peers.list($0) }
  let hooks = ServingAdmission.resources.map { resource in
    AdmissionHook(
      resource: resource,
      mutate: { object, context throws(KubeError) in
        if context.subresource == nil { admission.mutate(&object) }
      },
      validate: { object, context throws(KubeError) in
        if context.subresource == nil { try admission.validate(object, old: context.old) }
      },
      validateDeletion: { (object, _) throws(KubeError) in try admission.validateDeletion(object) },
      warn: { object, context in
        if context.operation == .delete { return admission.deletionWarnings(object) }
        return context.subresource == nil ? admission.warnings(object) : []
      })
  }
  let server = APIServer(
    store: store, preinstalledCRDs: ServingCRDs.all,
    conversions: LLMServiceConversion.resources.map {
      ResourceConversion($0, convert: LLMServiceConversion.convert)
    }, admission: hooks)
  try await server.start()
  let client = server.client
  try await ServingDefaults.install(client: client, platform: settings)
  try await client.create(.namespaces, KubeObject(.namespaces, name: "team"))
  let wrapped = KubeClient(wrap(server))
  let informers = SharedInformers(client: wrapped)
  for resource in ServingAdmission.peerResources { peers.add(informers.informer(resource)) }
  let controllers = ServingControllers(
    client: wrapped, informers: informers, configuration: configuration, clock: SystemClock())
  let platform = Platform(
    server: server, client: client, configuration: configuration, informers: informers)
  try await withRunning(informers, of: server, over: store, beside: [{ await controllers.run() }]) {
    try await body(platform)
  }
}
