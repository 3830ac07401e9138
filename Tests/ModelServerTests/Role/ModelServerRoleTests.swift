import Basics
import HTTPTransport
import HTTPWire
import Linux
import ModelServer
import TestSupport
import Testing

struct ModelServerRoleTests {
  private func flags(_ arguments: [String]) throws -> ServerFlags { try ServerFlags.parse(arguments) }

  @Test func servesUntilItIsToldToStop() async throws {
    let folder = try TemporaryFolder()
    try folder.file("model.pkl")
    let ends = try Pipe().release()
    let reading = Linux.FileDescriptor(owning: ends.reading)
    var environment = ServerEnvironment()
    environment.readyDescriptor = ends.writing
    environment.predictsProbabilities = true
    let role = ModelServerRole(
      flags: try flags([
        "--model_name=iris", "--model_dir", folder.path, "--http_port=0", "--framework=sklearn",
      ]),
      runtimes: [FakeRuntime()], version: "test", environment: environment)
    let (ready, announce) = AsyncStream.makeStream(of: [ListenAddress].self)
    let stop = Latch()
    async let code = role.run(onReady: { announce.yield($0) }, until: { try? await stop.wait() })
    var announced = ready.makeAsyncIterator()
    let bound = try #require(await announced.next())
    #expect(Set(bound.map(\.port)).count == 1)
    #expect(bound.first?.host == "127.0.0.1")
    let line = withUnsafeTemporaryAllocation(byteCount: 16, alignment: 1) { buffer in
      (try? reading.read(into: buffer)).map { String(decoding: buffer[..<$0], as: UTF8.self) }
    }
    #expect(line == "ready\n")

    let group = try EventLoopGroup(loops: 1, name: "client")
    let client = HTTPClient(group: group)
    let response = try await client.send(
      HTTPClientRequest(
        method: "POST", url: "http://\(try #require(bound.last))/v1/models/iris:predict",
        body: Array("{\"instances\":[[1,2]]}".utf8)))
    #expect(String(decoding: response.body, as: UTF8.self) == "{\"predictions\":[3.5]}")
    stop.open()
    #expect(await code == 0)
    await group.shutdown()
  }

  @Test(
    "what stops the start gives the code's number",
    arguments: [
      (["--model_dir", "/nonexistent-apus-model"], Int32(40)),
      (["--model_dir", "/", "--framework", "tensorflow"], 47),
      (["--http_port=0"], 40),
    ] as [([String], Int32)])
  func failures(arguments: [String], code: Int32) async throws {
    let role = ModelServerRole(
      flags: try flags(arguments), runtimes: [FakeRuntime()], version: "test",
      environment: ServerEnvironment())
    #expect(await role.run(until: {}) == code)
  }

  @Test func aTakenPortIsAnErrorWithItsFlag() async throws {
    let folder = try TemporaryFolder()
    try folder.file("model.pkl")
    let group = try EventLoopGroup(loops: 1, name: "holder")
    let holder = HTTPServer(group: group, handler: .async(Nothing()))
    let bound = try holder.listenOnLoopback(port: 0)
    let role = ModelServerRole(
      flags: try flags(["--model_dir", folder.path, "--http_port", "\(bound[0].port)"]),
      runtimes: [FakeRuntime()],
      version: "test", environment: ServerEnvironment())
    #expect(await role.run(until: {}) == 50)
    await holder.drain(timeout: .zero)
    await group.shutdown()
  }

  /// Runs a server until `body` has used it, with a client and the address of its HTTP port.
  private func serving(
    _ arguments: [String], environment: ServerEnvironment = ServerEnvironment(),
    _ body: (HTTPClient, String) async throws -> Void
  ) async throws {
    let role = ModelServerRole(
      flags: try flags(arguments + ["--http_port=0"]), runtimes: [FakeRuntime()], version: "test",
      environment: environment)
    let (ready, announce) = AsyncStream.makeStream(of: [ListenAddress].self)
    let stop = Latch()
    async let code = role.run(onReady: { announce.yield($0) }, until: { try? await stop.wait() })
    var announced = ready.makeAsyncIterator()
    let bound = try #require(await announced.next())
    let group = try EventLoopGroup(loops: 1, name: "client")
    try await body(HTTPClient(group: group), "http://\(bound[0])")
    stop.open()
    #expect(await code == 0)
    await group.shutdown()
  }

  private func post(_ client: HTTPClient, _ url: String, _ body: String = "") async throws -> (Int, String) {
    let response = try await client.send(
      HTTPClientRequest(method: "POST", url: url, body: Array(body.utf8)))
    return (response.head.status, String(decoding: response.body, as: UTF8.self))
  }

  @Test func aFolderOfModelsIsServedWithoutTheBadOnes() async throws {
    let folder = try TemporaryFolder()
    try folder.file("a/model.pkl", in: "a")
    try folder.file("b/1/model.pkl", in: "b/1")
    try folder.file("b/2/model.pkl", in: "b/2")
    try folder.file("bad/model.pkl", in: "bad", "garbage")
    try await serving(["--model_dir", folder.path, "--framework=sklearn"]) { client, base in
      for path in ["/v1/models/a:predict", "/v1/models/b:predict"] {
        #expect(try await post(client, base + path, "{\"instances\":[[1,2]]}").1 == "{\"predictions\":[3.0]}")
      }
      let body = "{\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP64\",\"shape\":[1,2],\"data\":[1,2]}]}"
      #expect(try await post(client, base + "/v2/models/b/versions/1/infer", body).0 == 200)
      #expect(try await post(client, base + "/v2/models/b/versions/3/infer", body).0 == 404)
      #expect(try await post(client, base + "/v1/models/bad:predict", "{\"instances\":[[1,2]]}").0 == 503)
      let index = try await post(client, base + "/v2/repository/index", "{}").1
      #expect(index.contains("is no fake model"))
      try folder.file("new/model.pkl", in: "new")
      #expect(try await post(client, base + "/v2/repository/models/new/load").0 == 200)
      #expect(try await post(client, base + "/v1/models/new:predict", "{\"instances\":[[1,2]]}").0 == 200)
      #expect(try await post(client, base + "/v2/repository/models/none/load").0 == 404)
    }
  }

  @Test func batchedAnswersHaveUpstreamsForm() async throws {
    let folder = try TemporaryFolder()
    try folder.file("model.pkl")
    try await serving(["--model_dir", folder.path, "--max-batchsize=4"]) { client, base in
      let (status, body) = try await post(
        client, base + "/v1/models/model:predict", "{\"instances\":[[1,2]]}")
      #expect(status == 200)
      #expect(body.contains("\"message\":\"\""))
      #expect(body.contains("\"batchId\":\""))
      #expect(body.contains("\"predictions\":[3.0]"))
    }
  }

  @Test func headersGivePriorityAndDeadline() async throws {
    let folder = try TemporaryFolder()
    try folder.file("model.pkl")
    try await serving(["--model_dir", folder.path, "--container_concurrency=1"]) { client, base in
      for (headers, status) in [
        (["X-Request-Priority": "1", "X-Request-Timeout-Ms": "60000"], 200),
        (["X-Request-Timeout-Ms": "0"], 504),
        (["X-Request-Priority": "high"], 400),
      ] as [(HTTPHeaders, Int)] {
        let response = try await client.send(
          HTTPClientRequest(
            method: "POST", url: base + "/v1/models/model:predict", headers: headers,
            body: Array("{\"instances\":[[1,2]]}".utf8)))
        #expect(response.head.status == status)
      }
    }
  }

  @Test func modelsLoadInTheBackgroundWhereAsked() async throws {
    let folder = try TemporaryFolder()
    try folder.file("model.pkl")
    var environment = ServerEnvironment()
    environment.loadsInBackground = true
    try await serving(["--model_dir", folder.path], environment: environment) { client, base in
      while try await client.send(HTTPClientRequest(url: base + "/v2/health/ready")).head.status != 200 {}
      #expect(try await post(client, base + "/v1/models/model:predict", "{\"instances\":[[1,2]]}").0 == 200)
    }
  }

  @Test func aBackgroundLoadThatFailsEndsTheServerWithItsCode() async throws {
    var environment = ServerEnvironment()
    environment.loadsInBackground = true
    let role = ModelServerRole(
      flags: try flags(["--model_dir", "/nonexistent-apus-model", "--http_port=0"]),
      runtimes: [FakeRuntime()],
      version: "test", environment: environment)
    #expect(await role.run(until: { try? await Latch().wait() }) == 40)
  }

  @Test func aTakenGRPCPortThatWasAskedForIsAnError() async throws {
    let folder = try TemporaryFolder()
    try folder.file("model.pkl")
    let group = try EventLoopGroup(loops: 1, name: "holder")
    let holder = HTTPServer(group: group, handler: .async(Nothing()))
    let bound = try holder.listenOnLoopback(port: 0)
    let role = ModelServerRole(
      flags: try flags(["--model_dir", folder.path, "--http_port=0", "--grpc_port", "\(bound[0].port)"]),
      runtimes: [FakeRuntime()], version: "test", environment: ServerEnvironment())
    #expect(await role.run(until: {}) == 50)
    await holder.drain(timeout: .zero)
    await group.shutdown()
  }

  private struct Nothing: AsyncHTTPHandler {
    func respond(to request: AsyncHTTPRequest) async -> AsyncHTTPResponse {
      AsyncHTTPResponse(head: .init(status: 404), body: .bytes([]))
    }
  }
}
