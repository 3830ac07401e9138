import Formats
import HTTPTransport
import HTTPWire
import Testing

@Suite(.timeLimit(.minutes(2)))
struct GatewayRoutingTests {
  @Test func routesByHostAndPathAsSoonAsTheStatusSaysSo() async throws {
    let fixture = try await GatewayFixture()
    let (one, two) = (try Upstream(named: "one"), try Upstream(named: "two"))
    try await fixture.addService("one", [one])
    try await fixture.addService("two", [two])
    try await fixture.addRoute(
      "r", hostnames: ["iris.localhost"],
      rules: [RouteObjects.rule(to: "one"), RouteObjects.rule(to: "two", path: ("PathPrefix", "/two"))])
    #expect(try await fixture.text("iris.localhost") == "one")
    #expect(try await fixture.text("iris.localhost:8081", "/two/x?y=1") == "two")
    #expect(try await fixture.text("IRIS.localhost.", "/twofold") == "one")
    await one.shutDown()
    await two.shutDown()
    await fixture.shutDown()
  }

  @Test func unknownHostsAndPathsAreToldWhy() async throws {
    let fixture = try await GatewayFixture()
    let one = try Upstream(named: "one")
    try await fixture.addService("one", [one])
    try await fixture.addRoute(
      "r", hostnames: ["iris.localhost"], rules: [RouteObjects.rule(to: "one", path: ("Exact", "/x"))])
    let unknown = try await fixture.send("other.localhost")
    #expect(unknown.head.status == 404)
    #expect(unknown.head.headers["Content-Type"] == "application/json")
    let why = try JSONValue(parsing: unknown.body)
    #expect(why["reason"] == "NoRouteForHost")
    #expect(
      why["error"]?.string?.hasPrefix("no route for host 'other.localhost': 1 host is routed here;") == true)
    let noRule = try await fixture.send("iris.localhost", "/y")
    #expect(noRule.head.status == 404)
    #expect(
      try JSONValue(parsing: noRule.body)["error"]
        == "host 'iris.localhost' is routed here, but none of its 1 rules matches GET /y")
    await one.shutDown()
    await fixture.shutDown()
  }

  @Test func aServiceWithoutReadyEndpointsGives503WithItsName() async throws {
    let fixture = try await GatewayFixture()
    try await fixture.addService("empty", [])
    try await fixture.addRoute("r", hostnames: ["h"], rules: [RouteObjects.rule(to: "empty")])
    let response = try await fixture.send("h")
    #expect(response.head.status == 503)
    #expect(response.head.headers["Retry-After"] == "1")
    let why = try JSONValue(parsing: response.body)
    #expect(why["reason"] == "NoReadyEndpoint")
    #expect(why["error"]?.string?.hasPrefix("no ready endpoint for service default/empty:") == true)
    await fixture.shutDown()
  }

  @Test func aRequestWaitsForAnEndpointThatIsAboutToCome() async throws {
    let fixture = try await GatewayFixture(endpointWait: .seconds(60))
    try await fixture.addService("late", [])
    try await fixture.addRoute("r", hostnames: ["h"], rules: [RouteObjects.rule(to: "late")])
    async let response = fixture.send("h", method: "POST", body: Array("abc".utf8))
    let upstream = try Upstream { request in
      AsyncHTTPResponse(head: HTTPResponseHead(status: 200), body: .bytes(request.body))
    }
    try await fixture.addEndpoint(of: "late", upstream.address)
    #expect(try await response.body == Array("abc".utf8))
    await upstream.shutDown()
    await fixture.shutDown()
  }

  @Test func weightsSplitTheTraffic() async throws {
    let fixture = try await GatewayFixture()
    let (stable, canary) = (try Upstream(named: "stable"), try Upstream(named: "canary"))
    try await fixture.addService("stable", [stable])
    try await fixture.addService("canary", [canary])
    try await fixture.addRoute(
      "r", hostnames: ["h"],
      rules: [
        [
          "backendRefs": [
            ["name": "stable", "port": 80, "weight": 80], ["name": "canary", "port": 80, "weight": 20],
          ]
        ]
      ])
    var counts: [String: Int] = [:]
    for _ in 0..<200 { counts[try await fixture.text("h"), default: 0] += 1 }
    #expect((30...50).contains(counts["canary"] ?? 0))
    #expect(counts.values.reduce(0, +) == 200)
    await stable.shutDown()
    await canary.shutDown()
    await fixture.shutDown()
  }

  @Test func brokenReferencesGive500WithTheReason() async throws {
    let fixture = try await GatewayFixture()
    try await fixture.addRoute("r", hostnames: ["h"], rules: [RouteObjects.rule(to: "missing")])
    let response = try await fixture.send("h")
    #expect(response.head.status == 500)
    #expect(try JSONValue(parsing: response.body)["reason"] == "BackendNotFound")
    await fixture.shutDown()
  }

  @Test func headersAreEditedOnBothWays() async throws {
    let fixture = try await GatewayFixture()
    let upstream = try Upstream { request in
      let names = ["kserve-isvc-name", "x-forwarded-host", "x-forwarded-for", "connection"]
      let text = names.map { request.head.headers[$0] ?? "-" }.joined(separator: " ")
      return AsyncHTTPResponse(
        head: HTTPResponseHead(status: 201, headers: ["X-Drop": "1", "X-Keep": "2"]),
        body: .bytes(Array(text.utf8)))
    }
    try await fixture.addService("s", [upstream])
    var rule = RouteObjects.rule(to: "s")
    rule["filters"] = [
      [
        "type": "RequestHeaderModifier",
        "requestHeaderModifier": ["set": [["name": "KServe-Isvc-Name", "value": "iris"]]],
      ],
      ["type": "ResponseHeaderModifier", "responseHeaderModifier": ["remove": ["x-drop"]]],
    ]
    try await fixture.addRoute("r", hostnames: ["h"], rules: [rule])
    let response = try await fixture.send("h:99")
    #expect(String(decoding: response.body, as: UTF8.self) == "iris h:99 127.0.0.1 -")
    #expect(response.head.status == 201)
    #expect(response.head.headers["X-Drop"] == nil)
    #expect(response.head.headers["X-Keep"] == "2")
    await upstream.shutDown()
    await fixture.shutDown()
  }

  @Test func aDeletedRouteIsGone() async throws {
    let fixture = try await GatewayFixture()
    let one = try Upstream(named: "one")
    try await fixture.addService("one", [one])
    try await fixture.addRoute("r", hostnames: ["h"], rules: [RouteObjects.rule(to: "one")])
    #expect(try await fixture.text("h") == "one")
    try await fixture.removeRoute("r")
    while try await fixture.send("h").head.status == 200 {}
    #expect(try await fixture.send("h").head.status == 404)
    await one.shutDown()
    await fixture.shutDown()
  }
}
