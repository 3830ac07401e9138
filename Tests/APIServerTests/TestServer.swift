import Basics
import Formats
import KubeClient
import KubeProtocol
import KubeStore
import Synchronization
import TestSupport

@testable import APIServer

/// A clock that tests move.
final class TestClock: WallClock {
  private let moment = Mutex(Timestamp(seconds: 1_790_000_000))

  func now() -> Timestamp { moment.withLock { $0 } }
  func monotonicNow() -> Duration { .seconds(now().seconds) }
  func advance(_ duration: Duration) { moment.withLock { $0 = $0.adding(duration) } }
}

/// Random bits that are the same in every run.
final class TestRandom: RandomSource {
  private let generator = Mutex(SeededGenerator(seed: 1))

  func next() -> UInt64 { generator.withLock { $0.next() } }
}

/// A started server over a memory store, with a client; stopped at the end of `body`.
struct TestServer: Sendable {
  let server: APIServer
  let store: MemoryStore
  let clock: TestClock
  var client: KubeClient { server.client }

  static func run(
    preinstalledCRDs: [KubeObject] = [], conversions: [ResourceConversion] = [],
    admission: [AdmissionHook] = [],
    nodeConnection: (any NodeConnection)? = nil, _ body: (TestServer) async throws -> Void
  ) async throws {
    let store = MemoryStore()
    let clock = TestClock()
    let server = APIServer(
      store: store, clock: clock, random: TestRandom(), preinstalledCRDs: preinstalledCRDs,
      conversions: conversions, admission: admission,
      nodeConnection: nodeConnection)
    try await server.start()
    do {
      try await body(TestServer(server: server, store: store, clock: clock))
    } catch {
      await server.stop()
      throw error
    }
    await server.stop()
  }

  /// The JSON answer of a GET, whatever its status.
  func get(_ path: String, query: [(name: String, value: String)] = [], accept: String = "") async throws
    -> JSONValue
  {
    try await json(KubeRequest(method: "GET", path: path, query: query, accept: accept)).json
  }

  func json(_ request: KubeRequest) async throws -> (status: Int, json: JSONValue, warnings: [String]) {
    let response = try await server.send(request)
    guard case .json(let value) = response.body else { return (response.status, .null, response.warnings) }
    return (response.status, value, response.warnings)
  }

  /// Waits until the object is gone, by watching for its deletion.
  func waitUntilGone(_ resource: KubeResource, namespace: String? = nil, name: String) async throws {
    let list = try await client.list(resource, namespace: namespace)
    guard list.items.contains(where: { $0.name == name }) else { return }
    let events = try await client.watch(resource, namespace: namespace, resourceVersion: list.resourceVersion)
    for try await event in events where event.kind == .deleted && event.object.name == name { return }
  }
}

extension KubeObject {
  static func configMap(_ name: String, namespace: String = "default", _ data: [String: String] = [:])
    -> KubeObject
  {
    var object = KubeObject(.configMaps, namespace: namespace, name: name)
    object["data"] = .object(JSONObject(data.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    return object
  }

  static func pod(_ name: String, namespace: String = "default", labels: [String: String] = [:]) -> KubeObject
  {
    var pod = KubeObject(.pods, namespace: namespace, name: name)
    if !labels.isEmpty { pod.labels = labels }
    pod.spec = ["containers": [["name": "main", "image": "server:v1"]]]
    return pod
  }

  static func deployment(_ name: String, namespace: String = "default") -> KubeObject {
    var deployment = KubeObject(.deployments, namespace: namespace, name: name)
    deployment.spec = [
      "selector": ["matchLabels": ["app": .string(name)]],
      "template": [
        "metadata": ["labels": ["app": .string(name)]],
        "spec": ["containers": [["name": "main", "image": "server:v1", "ports": [["containerPort": 8080]]]]],
      ],
    ]
    return deployment
  }
}

/// Runs `body` and returns the API error that it throws; nil where it throws none.
func kubeError(_ body: () async throws -> Void) async -> KubeError? {
  do {
    try await body()
    return nil
  } catch {
    return error as? KubeError
  }
}
