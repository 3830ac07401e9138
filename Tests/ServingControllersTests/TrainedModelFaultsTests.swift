import APIServer
import ControllerKit
import Formats
import KubeClient
import KubeProtocol
import KubeStore
import Linux
import ServingAPI
import Testing

@testable import ServingControllers

/// The reconciler of TrainedModels, called by hand; any of its writes may fail.
private struct ModelSimulation: Sendable {
  let client: KubeClient
  let transport: FaultyTransport
  let informers: [Informer]
  let reconciler: TrainedModelReconciler

  static let key = ObjectKey(namespace: "team", name: "many")

  static func run(_ body: @escaping @Sendable (ModelSimulation) async throws -> Void) async throws {
    let store = MemoryStore()
    let server = APIServer(store: store, preinstalledCRDs: ServingCRDs.all)
    try await server.start()
    let settings = InferenceServiceConfig.Platform(ingressDomain: "localhost")
    try await ServingDefaults.install(client: server.client, platform: settings)
    try await server.client.create(.namespaces, KubeObject(.namespaces, name: "team"))
    let informers = SharedInformers(client: server.client)
    let transport = FaultyTransport(server)
    let client = KubeClient(transport)
    let caches = TrainedModelCaches(informers)
    let simulation = ModelSimulation(
      client: server.client, transport: transport,
      informers: [caches.services, caches.trainedModels, caches.configMaps],
      reconciler: TrainedModelReconciler(
        client: client, caches: caches, events: EventRecorder(client: client, component: "test"),
        clock: SystemClock(), writer: ObjectWriter(client)))
    try await withRunning(informers, of: server, over: store) {
      try await informers.waitUntilSynced()
      try await body(simulation)
    }
  }

  /// A multi-model service that is ready, with two models.
  func setUp() async throws {
    var service = KubeObject(.inferenceServices, namespace: "team", name: "many")
    service.spec = [
      "predictor": [
        "model": ["modelFormat": ["name": "sklearn"], "resources": ["limits": ["memory": "2Gi"]]]
      ]
    ]
    var created = try await client.create(.inferenceServices, service)
    created.status = [
      "clusterServingRuntimeName": "kserve-sklearnserver", "url": "http://many",
      "conditions": [["type": "Ready", "status": "True"]],
    ]
    try await client.updateStatus(.inferenceServices, created)
    for name in ["a", "b"] {
      var model = KubeObject(.trainedModels, namespace: "team", name: name)
      model.spec = [
        "inferenceService": "many",
        "model": ["storageUri": .string("s3://b/\(name)"), "framework": "sklearn", "memory": "1Gi"],
      ]
      try await client.create(.trainedModels, model)
    }
  }

  func catchUp() async throws {
    for informer in informers {
      let list = try await client.list(informer.resource, namespace: "team").items
      let wanted = Set(list.map { "\($0.key) \($0.resourceVersion)" })
      while Set(informer.list(namespace: "team").map { "\($0.key) \($0.resourceVersion)" }) != wanted {
        await Task.yield()
      }
    }
  }

  func settle() async throws {
    for _ in 0..<60 {
      try await catchUp()
      let before = transport.writes
      do { _ = try await reconciler.reconcile(Self.key) } catch is KubeError { continue }
      if transport.writes == before { return }
    }
    throw KubeError(.timeout, "the models do not come to rest")
  }

  /// What the server is to load.
  func listed() async throws -> [String] {
    let found = try await client.find(.configMaps, namespace: "team", name: "modelconfig-many-0")
    let text = KubeObject.stringMap(found?["data"])["models.json"] ?? "[]"
    return try ModelList.decode(text).map(\.name)
  }

  func areReady() async throws -> Bool {
    try await client.list(.trainedModels, namespace: "team").items.allSatisfy {
      Conditions.isTrue($0.status?["conditions"], "Ready")
    }
  }

  /// The service goes; nothing may be left of its models.
  func remove() async throws -> Bool {
    try await client.delete(.inferenceServices, namespace: "team", name: "many")
    try await settle()
    let models = try await client.list(.trainedModels, namespace: "team").items
    let service = try await client.find(.inferenceServices, namespace: "team", name: "many")
    // The list goes by its owner reference.
    while try await client.find(.configMaps, namespace: "team", name: "modelconfig-many-0") != nil {
      await Task.yield()
    }
    try await catchUp()
    return models.isEmpty && service == nil
  }
}

@Suite(.timeLimit(.minutes(10))) struct TrainedModelFaultsTests {
  @Test(arguments: FaultyTransport.Fault.allCases)
  func everyWriteMayFail(_ fault: FaultyTransport.Fault) async throws {
    try await ModelSimulation.run { simulation in
      try await simulation.setUp()
      try await simulation.settle()
      #expect(try await simulation.listed() == ["a", "b"])
      let count = simulation.transport.writes
      #expect(try await simulation.remove())
      for number in 1...count {
        try await simulation.setUp()
        simulation.transport.plant(fault, at: number)
        try await simulation.settle()
        #expect(try await simulation.listed() == ["a", "b"], "write \(number)")
        #expect(try await simulation.areReady(), "write \(number)")
        // The same on the way out.
        simulation.transport.plant(fault, at: 1 + number % 6)
        #expect(try await simulation.remove(), "write \(number)")
        simulation.transport.clear()
      }
      #expect(simulation.transport.failed > 0)
    }
  }

  /// A model goes from the list before its finalizer, and its service only after its models.
  @Test func modelsGoBeforeTheirService() async throws {
    try await ModelSimulation.run { simulation in
      try await simulation.setUp()
      try await simulation.settle()
      let service = try await simulation.client.get(.inferenceServices, namespace: "team", name: "many")
      #expect(service.finalizers == ["inferenceservice.finalizers"])
      try await simulation.client.delete(.trainedModels, namespace: "team", name: "a")
      try await simulation.settle()
      #expect(try await simulation.listed() == ["b"])
      #expect(try await simulation.client.find(.trainedModels, namespace: "team", name: "a") == nil)
      try await simulation.client.delete(.inferenceServices, namespace: "team", name: "many")
      #expect(
        try await simulation.client.get(.inferenceServices, namespace: "team", name: "many").isBeingDeleted,
        "it waits for the other model")
      try await simulation.settle()
      #expect(try await simulation.client.list(.trainedModels, namespace: "team").items.isEmpty)
      #expect(
        try await simulation.client.find(.inferenceServices, namespace: "team", name: "many") == nil)
    }
  }
}
