import APIServer
import Basics
import ControllerKit
import Formats
import KubeClient
import KubeProtocol
import KubeStore
import KubeTestSupport
import Linux
import Testing

@testable import Workloads

@Suite(.timeLimit(.minutes(1))) struct ReplicaSetReconcilerTests {
  private let server = APIServer(store: MemoryStore())
  private let key = ObjectKey(namespace: "default", name: "web")

  private func makeSet(_ replicas: Int) -> KubeObject {
    var set = KubeObject(.replicaSets, namespace: "default", name: "web")
    set.spec = [
      "replicas": .int(replicas), "selector": ["matchLabels": ["app": "web"]],
      "template": [
        "metadata": ["labels": ["app": "web"]], "spec": ["containers": [["name": "c", "image": "v1"]]],
      ],
    ]
    return set
  }

  private func reconciler(_ client: KubeClient, _ informers: SharedInformers) -> ReplicaSetReconciler {
    let pods = informers.informer(.pods)
    OwnerClaims.addIndex(to: pods)
    return ReplicaSetReconciler(
      client: client, replicaSets: informers.informer(.replicaSets), pods: pods,
      events: EventRecorder(client: client, component: "test"), clock: SystemClock())
  }

  private func podCount() async throws -> Int {
    try await server.client.list(.pods, namespace: "default").items.count
  }

  @Test func aStaleCopyMakesNoSecondPods() async throws {
    try await server.start()
    let transport = FaultyTransport(server)
    let behind = Latch()
    transport.setPlan { request in
      request.queryValue("watch") != nil && request.path.hasSuffix("/pods") ? .holdWatch(behind) : nil
    }
    let informers = SharedInformers(client: KubeClient(transport))
    let reconciler = reconciler(server.client, informers)
    try await server.client.create(.replicaSets, makeSet(3))
    let running = Task { await informers.run() }
    try await informers.waitUntilSynced()
    #expect(try await reconciler.reconcile(key) == .done)
    #expect(try await podCount() == 3)
    for _ in 0..<5 {
      #expect(try await reconciler.reconcile(key).requeueAfter != nil)
      #expect(try await podCount() == 3)
    }
    behind.open()
    let seen = WakeSignal()
    informers.informer(.pods).onChange { _ in seen.signal() }
    while informers.informer(.pods).list().count < 3 { await seen.wait() }
    _ = try await reconciler.reconcile(key)
    #expect(try await podCount() == 3)
    running.cancel()
    await running.value
    await server.stop()
  }

  @Test func aMatchingOrphanIsAdoptedAndAStrangerIsReleased() async throws {
    try await server.start()
    let informers = SharedInformers(client: server.client)
    let reconciler = reconciler(server.client, informers)
    let running = Task { await informers.run() }
    var orphan = KubeObject(.pods, namespace: "default", name: "orphan")
    orphan.labels = ["app": "web"]
    orphan.spec = ["containers": [["name": "c", "image": "v0"]]]
    try await server.client.create(.pods, orphan)
    try await server.client.create(.replicaSets, makeSet(1))
    let pods = informers.informer(.pods)
    let seen = WakeSignal()
    pods.onChange { _ in seen.signal() }
    informers.informer(.replicaSets).onChange { _ in seen.signal() }
    while pods.list().isEmpty || informers.informer(.replicaSets).list().isEmpty { await seen.wait() }
    _ = try await reconciler.reconcile(key)
    let adopted = try await server.client.get(.pods, namespace: "default", name: "orphan")
    #expect(adopted.controllerReference?.name == "web")
    #expect(try await podCount() == 1)

    try await server.client.patch(
      .pods, namespace: "default", name: "orphan", ["metadata": ["labels": ["app": "else"]]])
    while pods.get(namespace: "default", name: "orphan")?.labels["app"] != "else" { await seen.wait() }
    _ = try await reconciler.reconcile(key)
    let released = try await server.client.get(.pods, namespace: "default", name: "orphan")
    #expect(released.controllerReference == nil)
    #expect(try await podCount() == 2)
    running.cancel()
    await running.value
    await server.stop()
  }
}
