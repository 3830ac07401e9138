import APIServer
import ControllerKit
import Formats
import KubeClient
import KubeProtocol
import KubeStore
import Linux
import Testing

@testable import Workloads

/// What one change costs among many objects that have nothing to do with it, counted.
@Suite struct ScaleTests {
  private static let count = 300

  private struct Copies {
    let client: KubeClient
    let pods, services, nodes, endpoints, slices: Informer

    init(_ informers: SharedInformers) {
      client = informers.client
      pods = informers.informer(.pods)
      services = informers.informer(.services)
      nodes = informers.informer(.nodes)
      endpoints = informers.informer(.endpoints)
      slices = informers.informer(.endpointSlices)
      EndpointsReconciler.addIndices(pods: pods, services: services, slices: slices)
      SchedulerReconciler.addIndices(to: pods)
    }

    var objectsRead: Int {
      [pods, services, nodes, endpoints, slices].reduce(0) { $0 + $1.objectsRead }
    }
  }

  private static func pod(_ number: Int, node: String = "node") -> KubeObject {
    var pod = KubeObject(.pods, namespace: "default", name: "p\(number)")
    pod.labels = ["app": "service-\(number)", "component": "predictor"]
    pod.spec = ["nodeName": .string(node), "containers": [["name": "c", "image": "x"]]]
    return pod
  }

  private static func service(_ number: Int) -> KubeObject {
    var service = KubeObject(.services, namespace: "default", name: "s\(number)")
    service.spec = [
      "selector": ["app": .string("service-\(number)"), "component": "predictor"],
      "ports": [["name": "http", "port": 80]],
    ]
    return service
  }

  /// Copies of so many Services with a pod each, on one node.
  private func withCopies(_ body: (Copies) async throws -> Void) async throws {
    let server = APIServer(store: MemoryStore())
    try await server.start()
    let client = server.client
    var node = try await client.create(.nodes, KubeObject(.nodes, name: "node"))
    node.setCondition(Condition("Ready", .yes, reason: "KubeletReady"), now: SystemClock().now())
    try await client.updateStatus(.nodes, node)
    for number in 0..<Self.count {
      try await client.create(.pods, Self.pod(number))
      try await client.create(.services, Self.service(number))
    }
    let informers = SharedInformers(client: client)
    let copies = Copies(informers)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await informers.run() }
      defer { group.cancelAll() }
      try await informers.waitUntilSynced()
      try await body(copies)
    }
    await server.stop()
  }

  @Test func aPodAmongManyConcernsItsServiceAlone() async throws {
    try await withCopies { copies in
      let pod = try #require(copies.pods.get(namespace: "default", name: "p7"))
      let before = copies.objectsRead
      #expect(
        EndpointsReconciler.serviceKeys(.added(pod), services: copies.services).map(\.name) == ["s7"])
      #expect(copies.objectsRead - before == 1)
    }
  }

  @Test func theEndpointsOfOneServiceReadItsOwnPods() async throws {
    try await withCopies { copies in
      let reconciler = EndpointsReconciler(
        client: copies.client, services: copies.services, pods: copies.pods, endpoints: copies.endpoints,
        slices: copies.slices)
      let before = copies.objectsRead
      _ = try await reconciler.reconcile(ObjectKey(namespace: "default", name: "s7"))
      // The Service, its pod, its slice twice, its Endpoints.
      #expect(copies.objectsRead - before <= 5)
      #expect(try await copies.client.list(.endpointSlices, namespace: "default").items.count == 1)
    }
  }

  @Test func aNewPodIsPlacedWithoutALookAtTheOthers() async throws {
    try await withCopies { copies in
      let waiting = try await copies.client.create(.pods, Self.pod(Self.count, node: ""))
      while copies.pods.get(waiting.key) == nil { await Task.yield() }
      let reconciler = SchedulerReconciler(
        client: copies.client, pods: copies.pods, nodes: copies.nodes,
        events: EventRecorder(client: copies.client, component: "test"), clock: SystemClock())
      let before = copies.objectsRead
      _ = try await reconciler.reconcile(waiting.key)
      #expect(copies.objectsRead - before <= 4)
      let placed = try await copies.client.get(.pods, namespace: "default", name: waiting.name)
      #expect(placed.spec?["nodeName"] == "node")
    }
  }
}
