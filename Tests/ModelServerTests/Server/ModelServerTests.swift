import HTTPTransport
import HTTPWire
import Linux
import ModelRuntime
import ModelServer
import Synchronization
import TestSupport
import Testing

struct ModelServerTests {
  /// A server for the model `iris` on a free loopback port, with a client.
  private final class Fixture: Sendable {
    let folder: TemporaryFolder
    let group: EventLoopGroup
    let handler: ModelServer
    let server: HTTPServer
    let client: HTTPClient
    let base: String

    init(_ runtime: FakeRuntime = FakeRuntime(), settings: SchedulerSettings = .init()) throws {
      folder = try TemporaryFolder()
      let path = try folder.file("model.pkl")
      let repository = ModelRepository(metricShards: 2) { _ throws(ModelLoadError) in
        try runtime.load(path: path, options: LoadOptions())
      }
      try repository.load("iris")
      let metrics = ServerMetrics(loops: 1)
      handler = ModelServer(
        ServingContext(
          repository: repository,
          scheduler: InferenceScheduler(loops: 1, settings: settings, repository: repository),
          metrics: metrics, loops: 1, options: ServingContext.Options(version: "test")))
      group = try EventLoopGroup(loops: 1, name: "test")
      server = HTTPServer(group: group, handler: .buffered(handler))
      let bound = try server.listen([ListenAddress(host: "127.0.0.1", port: 0)])
      base = "http://\(bound[0])"
      client = HTTPClient(group: group)
    }

    func predict(_ body: String = "{\"instances\":[[1,2]]}") async throws -> HTTPClientResponse {
      try await client.send(
        HTTPClientRequest(
          method: "POST", url: "\(base)/v1/models/iris:predict",
          headers: ["Content-Type": "application/x-www-form-urlencoded"], body: Array(body.utf8)))
    }

    func get(_ path: String) async throws -> String {
      String(decoding: try await client.send(HTTPClientRequest(url: base + path)).body, as: UTF8.self)
    }

    func shutDown() async {
      await server.drain(timeout: .seconds(5))
      await group.shutdown()
    }
  }

  private func text(_ response: HTTPClientResponse) -> String {
    String(decoding: response.body, as: UTF8.self)
  }

  @Test func answersOverHTTP() async throws {
    let fixture = try Fixture()
    for _ in 0..<3 {
      let response = try await fixture.predict()
      #expect(response.head.status == 200)
      #expect(response.head.headers["Content-Type"] == "application/json")
      #expect(text(response) == "{\"predictions\":[3.0]}")
    }
    #expect(try await fixture.get("/v2/health/ready") == "{\"ready\":true}")
    #expect(try await fixture.predict("{").head.status == 400)
    #expect(try await fixture.get("/metrics").contains("apus_server_requests_total{code=\"200\"} "))
    await fixture.shutDown()
  }

  @Test func expensivePredictionsLeaveTheLoopFree() async throws {
    let gate = try Gate()
    let fixture = try Fixture(
      FakeRuntime(nanosecondsPerRow: 1e9, onPredict: { gate.pass() }), settings: .init(threads: 1))
    async let slow = fixture.predict()
    var entered = gate.entered.makeAsyncIterator()
    await entered.next()
    #expect(try await fixture.get("/") == "{\"status\":\"alive\"}")
    gate.open()
    #expect(try await text(slow) == "{\"predictions\":[3.0]}")
    await fixture.shutDown()
  }

  @Test func aFullQueueAnswers503AtOnce() async throws {
    let gate = try Gate()
    var settings = SchedulerSettings(threads: 1)
    settings.capacity = 1
    let fixture = try Fixture(
      FakeRuntime(nanosecondsPerRow: 1e9, onPredict: { gate.pass() }), settings: settings)
    var entered = gate.entered.makeAsyncIterator()
    async let computed = fixture.predict()
    await entered.next()
    async let waiting = fixture.predict()
    while try await !fixture.get("/metrics").contains("apus_server_queue_length 1\n") {}
    let refused = try await fixture.predict()
    #expect(refused.head.status == 503)
    #expect(refused.head.headers["Retry-After"] == "1")
    #expect(text(refused) == "{\"error\":\"the server is busy: 1 requests are waiting already\"}")
    gate.open()
    #expect(try await computed.head.status == 200)
    #expect(try await waiting.head.status == 200)
    await fixture.shutDown()
  }

  @Test func aRequestWhoseClientLeftIsNotComputed() async throws {
    let gate = try Gate()
    let computed = Mutex(0)
    let fixture = try Fixture(
      FakeRuntime(
        nanosecondsPerRow: 1e9,
        onPredict: {
          computed.withLock { $0 += 1 }
          gate.pass()
        }), settings: .init(threads: 1))
    var entered = gate.entered.makeAsyncIterator()
    async let first = fixture.predict()
    await entered.next()
    let second = Task { try await fixture.predict() }
    while try await !fixture.get("/metrics").contains("apus_server_queue_length 1\n") {}
    second.cancel()
    await #expect(throws: (any Error).self) { try await second.value }
    // The loop sees events in their order: once it answers this, it has seen the client leave.
    _ = try await fixture.get("/")
    gate.open()
    #expect(try await first.head.status == 200)
    while try await !fixture.get("/metrics").contains("apus_server_requests_in_flight 1\n") {}
    #expect(computed.withLock { $0 } == 1)
    await fixture.shutDown()
  }

  @Test func aDrainingServerAnswersWhatItHasTaken() async throws {
    let gate = try Gate()
    let fixture = try Fixture(FakeRuntime(nanosecondsPerRow: 1e9, onPredict: { gate.pass() }))
    async let taken = fixture.predict()
    var entered = gate.entered.makeAsyncIterator()
    await entered.next()
    fixture.handler.beginDraining()
    #expect(try await fixture.get("/v2/health/ready") == "{\"error\":\"Server is not ready.\"}")
    async let drained: Void = fixture.server.drain(timeout: .seconds(30))
    gate.open()
    #expect(try await taken.head.status == 200)
    await drained
    await fixture.group.shutdown()
  }
}
