import Basics
import HTTPTransport
import HTTPWire
import Linux
import ModelServer
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
    #expect(await role.run(until: {}) == 1)
    await holder.drain(timeout: .zero)
    await group.shutdown()
  }

  private struct Nothing: AsyncHTTPHandler {
    func respond(to request: AsyncHTTPRequest) async -> AsyncHTTPResponse {
      AsyncHTTPResponse(head: .init(status: 404), body: .bytes([]))
    }
  }
}
