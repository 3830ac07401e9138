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

/// The copies of the configured certificates, whatever a write or a watch meets.
@Suite(.timeLimit(.minutes(5))) struct CertificateBundleFaultsTests {
  /// The reconciler, called by hand.
  private struct Bench: Sendable {
    static let key = ObjectKey(namespace: "", name: "team")
    static let text = #"{"caBundleConfigMapName":"roots"}"#

    let client: KubeClient
    let transport: FaultyTransport
    let informers: [Informer]
    let reconciler: CertificateBundleReconciler

    func catchUp() async throws {
      for informer in informers {
        let list = try await client.list(informer.resource).items
        let wanted = Set(list.map { "\($0.key) \($0.resourceVersion)" })
        while Set(informer.list().map { "\($0.key) \($0.resourceVersion)" }) != wanted {
          try Task.checkCancellation()
          await Task.yield()
        }
      }
    }

    func settle() async throws {
      for _ in 0..<20 {
        try await catchUp()
        let before = transport.writes
        do { _ = try await reconciler.reconcile(Self.key) } catch is KubeError { continue }
        if transport.writes == before { return }
      }
      throw KubeError(.timeout, "the copy does not come to rest")
    }

    func setRoots(_ text: String) async throws {
      var source = KubeObject(.configMaps, namespace: "kserve", name: "roots")
      source["data"] = ["cabundle.crt": .string(text)]
      if try await client.find(.configMaps, namespace: "kserve", name: "roots") == nil {
        try await client.create(.configMaps, source)
      } else {
        try await client.update(.configMaps, source)
      }
    }

    func copy() async throws -> JSONValue? {
      try await client.find(.configMaps, namespace: "team", name: "global-ca-bundle")?["data"]
    }
  }

  private func run(_ body: @escaping @Sendable (Bench) async throws -> Void) async throws {
    let settings = InferenceServiceConfig.Platform(ingressDomain: "localhost")
    let configuration = ServingConfiguration(platform: settings)
    var configMap = KubeObject(.configMaps, namespace: "kserve", name: "inferenceservice-config")
    configMap["data"] = ["storageInitializer": .string(Bench.text)]
    #expect(configuration.update(from: configMap) == nil)
    let store = MemoryStore()
    let server = APIServer(store: store, preinstalledCRDs: ServingCRDs.all)
    try await server.start()
    try await server.client.create(.namespaces, KubeObject(.namespaces, name: "team"))
    var service = KubeObject(.inferenceServices, namespace: "team", name: "iris")
    service.spec = ["predictor": ["sklearn": [:]]]
    try await server.client.create(.inferenceServices, service)
    let informers = SharedInformers(client: server.client)
    let transport = FaultyTransport(server)
    let client = KubeClient(transport)
    let services = informers.informer(.inferenceServices)
    let configMaps = informers.informer(.configMaps)
    let bench = Bench(
      client: server.client, transport: transport, informers: [services, configMaps],
      reconciler: CertificateBundleReconciler(
        services: services, configMaps: configMaps, configuration: configuration,
        events: EventRecorder(client: client, component: "test"), writer: ObjectWriter(client)))
    try await withRunning(informers, of: server, over: store) {
      try await informers.waitUntilSynced()
      try await body(bench)
    }
  }

  @Test(arguments: FaultyTransport.Fault.allCases)
  func everyWriteMayFail(_ fault: FaultyTransport.Fault) async throws {
    try await run { bench in
      for (number, text) in ["PEM 1", "PEM 2", "PEM 3"].enumerated() {
        try await bench.setRoots(text)
        bench.transport.plant(fault, at: 1)
        try await bench.settle()
        bench.transport.clear()
        #expect(try await bench.copy() == ["cabundle.crt": .string(text)], "write \(number + 1)")
      }
      #expect(bench.transport.failed > 0)
    }
  }

  @Test func aCopyThatSomebodyTookAwayComesBack() async throws {
    try await run { bench in
      try await bench.setRoots("PEM")
      try await bench.settle()
      try await bench.client.delete(.configMaps, namespace: "team", name: "global-ca-bundle")
      // The copy here does not know yet: nothing seems to be wrong.
      _ = try await bench.reconciler.reconcile(Bench.key)
      try await bench.settle()
      #expect(try await bench.copy() == ["cabundle.crt": "PEM"])
    }
  }

  @Test func cutWatchesOnlyDelay() async throws {
    try await withPlatform(through: { CuttingTransport($0, cuts: 24) }) { platform in
      var source = KubeObject(.configMaps, namespace: "kserve", name: "roots")
      source["data"] = ["cabundle.crt": "PEM 1"]
      source = try await platform.client.create(.configMaps, source)
      try await platform.configure("storageInitializer", Bench.text)
      try await platform.client.create(.inferenceServices, platform.iris())
      for text in ["PEM 2", "PEM 3"] {
        source["data"] = ["cabundle.crt": .string(text)]
        source = try await platform.client.update(.configMaps, source)
        _ = try await platform.waitFor(.configMaps, "global-ca-bundle") {
          $0["data"] == ["cabundle.crt": .string(text)]
        }
      }
    }
  }
}
