import Basics
import HTTPTransport
import HTTPWire
import KubeProtocol
import Linux
import Testing

@testable import Gateway

/// A table that lags behind what the cluster has said: whoever knows that a service is ready is not refused.
@Suite(.timeLimit(.minutes(2)))
struct LateTableTests {
  /// - Parameter hasEndpoint: whether what the table lacked was the endpoint.
  @Test(arguments: [(true, 200), (false, 503)])
  func aRequestWaitsForTheTableThatHasWhatWasKnown(_ hasEndpoint: Bool, _ status: Int) async throws {
    let upstream = try Upstream(named: "late")
    let group = try EventLoopGroup(loops: 1, name: "late")
    let isAsked = Latch()
    var configuration = GatewayConfiguration(port: 0)
    configuration.endpointWait = .milliseconds(1)
    configuration.tableWait = .seconds(3600)
    let loop = GatewayLoop(
      group.loops[0], configuration: configuration, loopCount: 1, random: FixedRandom(value: 1),
      latestChange: {
        isAsked.open()
        return 2
      }, wake: {})
    var compiler = GatewayCompiler()
    let first = compiler.compile(
      RouteObjects.update(
        [RouteObjects.route("r", hostnames: ["h"], rules: [RouteObjects.rule(to: "s")])],
        services: [RouteObjects.service("s")]))
    var update = GatewayUpdate()
    let slice = RouteObjects.slice(
      "s", addresses: hasEndpoint ? [(upstream.address.host, true)] : [], port: upstream.address.port)
    update.services[ObjectKey(namespace: "default", name: "s")] = .init(
      object: RouteObjects.service("s"), slices: [slice])
    let second = compiler.compile(update)
    let server = HTTPServer(group: group, handler: .streaming(GatewayHandler(loops: [loop])))
    let address = try server.listen([ListenAddress(host: "127.0.0.1", port: 0)])[0]
    #expect(group.loops[0].submit { loop.use(first.table, of: 1) })

    let answer = Task {
      try await HTTPClient(group: group).send(
        HTTPClientRequest(
          method: "POST", url: "http://h/", body: Bytes("body".utf8), timeout: .seconds(100),
          connectTo: address))
    }
    // The time to wait is over, and the table is behind.
    try await isAsked.wait()
    // One more that is behind too decides nothing.
    #expect(group.loops[0].submit { loop.use(first.table, of: 1) })
    #expect(group.loops[0].submit { loop.use(second.table, of: 2) })
    let response = try await answer.value
    #expect(response.head.status == status)
    let text = String(decoding: response.body, as: UTF8.self)
    #expect(hasEndpoint ? text == "late" : text.contains("NoReadyEndpoint"))
    await server.drain(timeout: .seconds(10))
    await upstream.shutDown()
    await group.shutdown()
  }
}
