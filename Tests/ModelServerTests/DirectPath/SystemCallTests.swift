import Basics
import HTTPTransport
import Linux
import Testing

/// What a plain request costs in system calls, counted by the layer that makes them.
@Suite(.serialized) struct SystemCallTests {
  private let request = DirectRequests.post(
    "/v2/models/m/infer",
    "{\"inputs\":[{\"name\":\"x\",\"shape\":[1,4],\"datatype\":\"FP64\",\"data\":[[5.1,3.5,1.4,0.2]]}]}")

  @Test func `one connection costs three calls per request at most`() async throws {
    let server = try WeighingServer(WeighingModel(), answersDirectly: true)
    let client = try BlockingClient(server.address)
    for _ in 0..<10 { _ = try client.ask(request) }
    let before = server.group.loops[0].systemCalls
    for _ in 0..<200 { _ = try client.ask(request) }
    // The last answer's turn may still be about to wait.
    let counts = server.group.loops[0].systemCalls.since(before)
    #expect(counts.receive <= 201 && counts.send <= 201)
    #expect(counts.total <= 3 * 200 + 3, "\(counts)")
    await server.shutDown()
  }

  @Test func `thirty-two busy connections cost 2_1 calls per request at most`() async throws {
    let server = try WeighingServer(WeighingModel(), answersDirectly: true)
    let clients = try (0..<32).map { _ in try BlockingClient(server.address) }
    for client in clients { _ = try client.ask(request) }
    let loop = server.group.loops[0]
    let rounds = 20
    var calls: UInt64 = 0
    for _ in 0..<rounds {
      // The loop is busy with something else while the requests come, as it is when it has all it can do.
      let gate = try Gate()
      var entered = gate.entered.makeAsyncIterator()
      loop.submit { gate.pass() }
      await entered.next()
      let before = loop.systemCalls
      for client in clients { try client.send(request) }
      gate.open()
      for client in clients { _ = try client.receive() }
      calls += loop.systemCalls.since(before).total
    }
    #expect(Double(calls) / Double(rounds * clients.count) <= 2.1, "\(calls)")
    await server.shutDown()
  }
}
