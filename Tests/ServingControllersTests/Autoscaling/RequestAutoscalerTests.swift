import APIServer
import Basics
import Formats
import KubeClient
import KubeProtocol
import KubeStore
import ServingAPI
import Synchronization
import Testing

@testable import ServingControllers

/// The autoscaler over an API server in process, with a clock of its own.
@Suite(.timeLimit(.minutes(1)))
struct RequestAutoscalerTests {
  private struct World: Sendable {
    var client: KubeClient
    var autoscaler: RequestAutoscaler
    var clock: SimulatedClock

    /// A service whose Deployment has `replicas` pods, all ready.
    func makeService(
      _ predictor: JSONValue, replicas: Int64, scaledBy: String = "requests",
      annotations: [String: String] = [:]
    ) async throws {
      var service = KubeObject(.inferenceServices, namespace: "team", name: "iris")
      service.annotations = annotations
      var spec = predictor
      spec["model"] = ["modelFormat": ["name": "sklearn"], "storageUri": "pvc://models/iris"]
      service.spec = ["predictor": spec]
      let stored = try await client.create(.inferenceServices, service)
      try await makeDeployment("predictor", of: stored, replicas: replicas, scaledBy: scaledBy)
    }

    /// All pods are ready.
    func makeDeployment(
      _ component: String, of owner: KubeObject, replicas: Int64, scaledBy: String = "requests"
    ) async throws {
      var deployment = KubeObject(.deployments, namespace: "team", name: "iris-\(component)")
      deployment.labels = ["serving.kserve.io/inferenceservice": "iris", "component": component]
      deployment.annotations = ["apus.dev/scaled-by": scaledBy]
      deployment.ownerReferences = [OwnerReference(controller: owner)]
      deployment.spec = [
        "replicas": .int(replicas), "selector": ["matchLabels": ["app": .string(component)]],
        "template": [
          "metadata": ["labels": ["app": .string(component)]],
          "spec": ["containers": [["name": "kserve-container", "image": "i"]]],
        ],
      ]
      try await client.create(.deployments, deployment)
      try await setReady(replicas, of: component)
    }

    func setReady(_ count: Int64, of component: String = "predictor") async throws {
      // By patch: the autoscaler may write the object in between.
      try await client.patch(
        .deployments, namespace: "team", name: "iris-\(component)", subresource: "status",
        ["status": ["replicas": .int(count), "readyReplicas": .int(count)]])
    }

    func replicas(of component: String = "predictor") async throws -> Int64? {
      try await client.get(.deployments, namespace: "team", name: "iris-\(component)").spec?["replicas"]?.int
    }

    func report(concurrency: Double, waiting: Int64 = 0, of component: String = "predictor") {
      autoscaler.receive(
        LoadReport(
          gateway: "g", interval: .seconds(1),
          loads: concurrency == 0 && waiting == 0
            ? []
            : [
              .init(
                service: ObjectKey(namespace: "team", name: "iris-\(component)"), requestSeconds: concurrency,
                arrivals: 1, inFlight: Int64(concurrency), waiting: waiting)
            ]))
    }

    /// Lets seconds pass, with a report and the pods' readiness in each, until the scale fits.
    func pass(
      atMost seconds: Int, concurrency: Double, waiting: Int64 = 0, of component: String = "predictor",
      until fits: (Int64) -> Bool
    ) async throws -> Int {
      for second in 0..<seconds {
        clock.advance(by: .seconds(1))
        report(concurrency: concurrency, waiting: waiting, of: component)
        // Whatever the report asks for is written before the next one; nothing tells where it asks for
        // nothing, so that a few turns of the executor must do.
        for _ in 0..<200 { await Task.yield() }
        let current = try await replicas() ?? -1
        try await setReady(current)
        if fits(current) { return second + 1 }
      }
      return .max
    }
  }

  private func withWorld(
    through wrap: (any KubeTransport) -> any KubeTransport = { $0 },
    _ body: @escaping @Sendable (World) async throws -> Void
  ) async throws {
    let store = MemoryStore()
    let server = APIServer(store: store, preinstalledCRDs: ServingCRDs.all)
    try await server.start()
    try await server.client.create(.namespaces, KubeObject(.namespaces, name: "team"))
    let clock = SimulatedClock()
    // A clock that began just now would make every window look cut off.
    clock.advance(by: .seconds(10_000))
    let informers = SharedInformers(client: server.client)
    let configuration = ServingConfiguration(
      platform: InferenceServiceConfig.Platform(ingressDomain: "localhost", gatewayPort: 8081))
    let autoscaler = RequestAutoscaler(
      client: KubeClient(wrap(server)), informers: informers, configuration: configuration, clock: clock)
    let world = World(client: server.client, autoscaler: autoscaler, clock: clock)
    let tasks = [Task { await informers.run() }, Task { await autoscaler.run() }]
    let result: Result<Void, any Error>
    do { result = .success(try await body(world)) } catch { result = .failure(error) }
    for task in tasks { task.cancel() }
    for task in tasks { await task.value }
    await server.stop()
    await store.close()
    try result.get()
  }

  @Test func aServiceGrowsShrinksSleepsAndWakes() async throws {
    try await withWorld { world in
      try await world.makeService(["minReplicas": 0, "scaleTarget": 1], replicas: 1)
      #expect(try await world.pass(atMost: 30, concurrency: 4) { $0 == 4 } <= 30)
      #expect(try await world.pass(atMost: 200, concurrency: 0.5) { $0 == 1 } <= 200)
      let quiet = try await world.pass(atMost: 200, concurrency: 0) { $0 == 0 }
      #expect((55...200).contains(quiet))
      // A request that waits is reported at once.
      #expect(try await world.pass(atMost: 5, concurrency: 0, waiting: 1) { $0 == 1 } <= 5)
      let events = try await world.client.list(.events, namespace: "team").items
      #expect(
        events.contains {
          $0["reason"]?.string == "Scaled"
            && $0.json.at("involvedObject", "kind")?.string == "InferenceService"
        })
    }
  }

  @Test(arguments: FaultyTransport.Fault.allCases)
  func aScaleThatCouldNotBeWrittenIsWrittenAgain(_ fault: FaultyTransport.Fault) async throws {
    let faulty = Mutex<FaultyTransport?>(nil)
    try await withWorld(
      through: { inner in
        let transport = FaultyTransport(inner)
        for number in 1...3 { transport.plant(fault, at: number) }
        faulty.withLock { $0 = transport }
        return transport
      },
      { world in
        try await world.makeService(["scaleMetric": "concurrency", "scaleTarget": 1], replicas: 1)
        #expect(try await world.pass(atMost: 120, concurrency: 4) { $0 == 4 } <= 120)
      })
    #expect((faulty.withLock { $0 }?.failed ?? 0) > 0)
  }

  @Test(arguments: ["hpa", "external", "keda", "none"])
  func whatSomebodyElseScalesIsLeftAlone(scaledBy: String) async throws {
    try await withWorld { world in
      try await world.makeService(["minReplicas": 0, "scaleTarget": 1], replicas: 1, scaledBy: scaledBy)
      #expect(try await world.pass(atMost: 10, concurrency: 50) { $0 != 1 } == .max)
    }
  }

  @Test func maximumHoldsAndItsChangeIsTaken() async throws {
    try await withWorld { world in
      try await world.makeService(
        ["scaleMetric": "concurrency", "scaleTarget": 1, "maxReplicas": 2], replicas: 1)
      #expect(try await world.pass(atMost: 20, concurrency: 9) { $0 == 2 } <= 20)
      #expect(try await world.pass(atMost: 10, concurrency: 9) { $0 > 2 } == .max)
      try await world.client.patch(
        .inferenceServices, namespace: "team", name: "iris",
        ["spec": ["predictor": ["maxReplicas": 5]]])
      #expect(try await world.pass(atMost: 20, concurrency: 9) { $0 == 5 } <= 20)
    }
  }

  @Test func aPredictorFollowsItsTransformer() async throws {
    try await withWorld { world in
      try await world.makeService(["minReplicas": 0, "scaleTarget": 1], replicas: 0)
      let service = try await world.client.get(.inferenceServices, namespace: "team", name: "iris")
      try await world.makeDeployment("transformer", of: service, replicas: 1, scaledBy: "external")
      // Awake because its transformer is, without a request.
      #expect(try await world.pass(atMost: 5, concurrency: 0) { $0 == 1 } <= 5)
      // What the transformer gets the predictor gets.
      #expect(try await world.pass(atMost: 20, concurrency: 3, of: "transformer") { $0 == 3 } <= 20)
      #expect(try await world.pass(atMost: 200, concurrency: 0) { $0 == 1 } <= 200)
      #expect(try await world.pass(atMost: 100, concurrency: 0) { $0 == 0 } == .max)
      try await world.client.patch(
        .deployments, namespace: "team", name: "iris-transformer", ["spec": ["replicas": 0]])
      try await world.setReady(0, of: "transformer")
      #expect(try await world.pass(atMost: 100, concurrency: 0) { $0 == 0 } <= 100)
    }
  }

  @Test func annotationsThatCannotBeUsedAreToldOnce() async throws {
    try await withWorld { world in
      try await world.makeService(
        ["scaleMetric": "rps"], replicas: 1, annotations: ["autoscaling.knative.dev/window": "1s"])
      _ = try await world.pass(atMost: 5, concurrency: 1) { _ in false }
      let events = try await world.client.list(.events, namespace: "team").items.filter {
        $0["reason"]?.string == "ScalingAnnotationIgnored"
      }
      #expect(events.count == 1)
      #expect(events.first?["count"]?.int == 1)
      #expect(events.first?["message"]?.string?.contains("autoscaling.knative.dev/window") == true)
    }
  }
}
