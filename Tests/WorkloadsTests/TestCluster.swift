import APIServer
import Basics
import ControllerKit
import Formats
import KubeClient
import KubeProtocol
import KubeStore
import KubeTestSupport
import Linux
import Synchronization

@testable import Workloads

/// The API server in memory with the workload controllers and a node whose pods run at once.
final class TestCluster: Sendable {
  let server: APIServer
  /// The test's own client, without faults.
  let client: KubeClient
  /// Between the controllers and the server.
  let faults: FaultyTransport
  let informers: SharedInformers
  /// Sees what happens, without faults.
  let view: SharedInformers
  let changed = WakeSignal()
  let clock = SystemClock()

  init() {
    server = APIServer(store: MemoryStore())
    client = server.client
    faults = FaultyTransport(server)
    informers = SharedInformers(client: KubeClient(faults))
    view = SharedInformers(client: client)
  }

  /// Runs everything while `body` does.
  /// - Parameter isReady: whether a pod becomes ready once it runs.
  static func run(
    faults plan: FaultyTransport.Plan? = nil,
    isReady: @escaping @Sendable (KubeObject) -> Bool = { _ in true },
    _ body: @Sendable @escaping (TestCluster) async throws -> Void
  ) async throws {
    let cluster = TestCluster()
    try await cluster.server.start()
    try await cluster.addNode("node")
    for resource in [
      KubeResource.deployments, .replicaSets, .pods, .services, .endpoints, .endpointSlices, .nodes, .jobs,
      .statefulSets, .persistentVolumeClaims, .persistentVolumes, .controllerRevisions,
    ] {
      cluster.view.informer(resource).onChange { _ in cluster.changed.signal() }
    }
    cluster.faults.setPlan(plan)
    let kubelet = cluster.makeKubelet(isReady: isReady)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await cluster.view.run() }
      group.addTask { await cluster.informers.run() }
      group.addTask { await kubelet.run() }
      group.addTask {
        await WorkloadControllers.run(
          client: KubeClient(cluster.faults), informers: cluster.informers, clock: cluster.clock)
      }
      group.addTask {
        await StatefulControllers.run(
          client: KubeClient(cluster.faults), informers: cluster.informers, volumesDirectory: "/volumes",
          clock: cluster.clock)
      }
      try await cluster.view.waitUntilSynced()
      defer { group.cancelAll() }
      try await body(cluster)
    }
    await cluster.server.stop()
  }

  func addNode(_ name: String, labels: [String: String] = [:]) async throws {
    var node = KubeObject(.nodes, name: name)
    node.labels = labels
    let created = try await client.create(.nodes, node)
    var ready = created
    ready.setCondition(Condition("Ready", .yes, reason: "KubeletReady"), now: clock.now())
    try await client.updateStatus(.nodes, ready)
  }

  /// What there was when the time was up.
  struct Stuck: Error, CustomStringConvertible {
    let description: String
  }

  /// Returns once the predicate holds; looks again at each change.
  func until(_ isMet: () -> Bool) async throws {
    while !isMet() {
      if Task.isCancelled { throw Stuck(description: picture) }
      await changed.wait()
    }
  }

  /// Returns once the view shows what the server answered.
  private func untilSeen(_ resource: KubeResource, _ object: KubeObject) async throws {
    let informer = view.informer(resource)
    try await until { informer.hasObserved(object.resourceVersion) }
  }

  private var picture: String {
    var lines: [String] = []
    for resource in [
      KubeResource.deployments, .replicaSets, .pods, .endpointSlices, .jobs, .statefulSets,
      .persistentVolumeClaims,
    ] {
      lines += view.informer(resource).list(namespace: "default").map { object in
        "\(resource.kind) \(object.name) rv=\(object.resourceVersion) generation=\(object.generation) "
          + "deleting=\(object.isBeingDeleted) replicas=\(object.spec?["replicas"]?.int ?? -1) "
          + "status=\((object.status ?? [:]).encodedText) "
          + "endpoints=\((object["endpoints"] ?? []).encodedText)"
      }
      let seen = informers.informer(resource).resourceVersion
      lines.append(
        "\(resource.plural): controllers at \(seen), view at \(view.informer(resource).resourceVersion)")
    }
    return lines.joined(separator: "\n")
  }

  // MARK: views

  func get(_ resource: KubeResource, _ name: String) -> KubeObject? {
    view.informer(resource).get(namespace: "default", name: name)
  }

  var pods: [KubeObject] { view.informer(.pods).list(namespace: "default") }
  var livePods: [KubeObject] { pods.filter { PodState($0).isActive } }
  var replicaSets: [KubeObject] { view.informer(.replicaSets).list(namespace: "default") }

  func images() -> [String] {
    livePods.filter { PodState($0).isReady }
      .map { $0.spec?["containers"]?[0]?["image"]?.string ?? "" }
  }

  func isComplete(_ name: String, replicas: Int) -> Bool {
    guard let deployment = get(.deployments, name) else { return false }
    return deployment.status?["observedGeneration"]?.int == deployment.generation
      && DeploymentStatus(json: deployment.status).isComplete(wanted: replicas)
      && deployment.condition("Progressing")?.reason == "NewReplicaSetAvailable"
  }

  // MARK: objects

  static func deployment(
    _ name: String, replicas: Int, image: String = "v1", strategy: JSONValue = ["type": "RollingUpdate"]
  ) -> KubeObject {
    var object = KubeObject(.deployments, namespace: "default", name: name)
    object.spec = [
      "replicas": .int(replicas), "selector": ["matchLabels": ["app": .string(name)]], "strategy": strategy,
      "template": [
        "metadata": ["labels": ["app": .string(name)]],
        "spec": [
          "containers": [
            ["name": "c", "image": .string(image), "ports": [["name": "http", "containerPort": 8080]]]
          ]
        ],
      ],
    ]
    return object
  }

  func setImage(_ name: String, _ image: String) async throws {
    let patched = try await client.patch(
      .deployments, namespace: "default", name: name, type: .strategicMerge,
      ["spec": ["template": ["spec": ["containers": [["name": "c", "image": .string(image)]]]]]])
    try await untilSeen(.deployments, patched)
  }

  func scale(_ name: String, to replicas: Int) async throws {
    let patched = try await client.patch(
      .deployments, namespace: "default", name: name, ["spec": ["replicas": .int(replicas)]])
    try await untilSeen(.deployments, patched)
  }

  // MARK: the node

  /// Runs each pod of the node as soon as it has one, and removes what is deleted.
  private func makeKubelet(isReady: @escaping @Sendable (KubeObject) -> Bool) -> Controller {
    let pods = view.informer(.pods)
    let controller = Controller(
      name: "kubelet", reconciler: Kubelet(client: client, pods: pods, isReady: isReady, clock: clock))
    controller.watch(pods)
    return controller
  }

  private struct Kubelet: Reconciler {
    let client: KubeClient
    let pods: Informer
    let isReady: @Sendable (KubeObject) -> Bool
    let clock: SystemClock

    func reconcile(_ key: ObjectKey) async throws -> ReconcileResult {
      guard let pod = pods.get(key), !PodState(pod).nodeName.isEmpty else { return .done }
      do {
        if pod.isBeingDeleted {
          try await client.delete(
            .pods, namespace: key.namespace, name: key.name, uid: pod.uid, gracePeriodSeconds: 0)
        } else if PodState(pod).isTerminal {
          return .done
        } else if PodState(pod).phase != "Running" || PodState(pod).isReady != isReady(pod) {
          try await client.patch(
            .pods, namespace: key.namespace, name: key.name, subresource: "status", type: .strategicMerge,
            makeStatus(pod))
        }
      } catch let error as KubeError where error.reason == .notFound || error.reason == .conflict {
        return .done
      }
      return .done
    }

    private func makeStatus(_ pod: KubeObject) -> JSONValue {
      let address = "127.9.\(StableHash.of(.string(pod.uid)) % 250).\(StableHash.of(.string(pod.name)) % 250)"
      let ready: JSONValue = [
        "type": "Ready", "status": isReady(pod) ? "True" : "False",
        "lastTransitionTime": .string(clock.now().rfc3339),
      ]
      return [
        // Of this very form: a pod that has ended meanwhile must not run again.
        "metadata": ["uid": .string(pod.uid), "resourceVersion": .string(pod.resourceVersion)],
        "status": ["phase": "Running", "podIP": .string(address), "conditions": [ready]],
      ]
    }
  }
}
