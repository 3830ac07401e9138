import Formats
import HTTPTransport
import HTTPWire
import KubeProtocol
import Testing

@testable import Gateway

struct RouteTableTests {
  private func find(
    _ table: RouteTable, host: String, _ target: String, method: String = "GET", headers: HTTPHeaders = [:]
  ) -> String? {
    let head = HTTPRequestHead(method: method, target: target, headers: headers)
    guard case .found(let rule) = table.find(host: HostName.normalized(host[...]), head) else { return nil }
    return rule.target.backends.first?.backend.service.name
  }

  @Test(
    "the most specific host that has a rule wins",
    arguments: [
      ("a.example.com", "/x", "exact"), ("A.EXAMPLE.COM:8080", "/x", "exact"),
      ("a.example.com", "/other", "wide"),
      ("b.example.com", "/x", "wide"), ("c.b.example.com", "/x", "narrow"),
      ("b.b.example.com.", "/y", "narrow"),
      ("example.org", "/x", "any"), ("", "/x", "any"), ("b.example.com", "/only-any", "wide"),
    ])
  func hosts(host: String, path: String, service: String) {
    let table = RouteObjects.compile([
      RouteObjects.route(
        "exact", hostnames: ["a.example.com"],
        rules: [RouteObjects.rule(to: "exact", path: ("Exact", "/x"))]),
      RouteObjects.route("wide", hostnames: ["*.example.com"], rules: [RouteObjects.rule(to: "wide")]),
      RouteObjects.route("narrow", hostnames: ["*.b.example.com"], rules: [RouteObjects.rule(to: "narrow")]),
      RouteObjects.route("any", rules: [RouteObjects.rule(to: "any")]),
    ]).table
    #expect(find(table, host: host, path) == service)
  }

  @Test(
    "within a host the Gateway API's order holds",
    arguments: [
      ("GET", "/a/b", [:], "long"), ("GET", "/a/c", [:], "short"), ("GET", "/a/exact", [:], "exact"),
      ("POST", "/a/c", [:], "method"), ("GET", "/a/c", ["x-one": "1"], "header"),
      ("GET", "/a/c", ["X-One": "1", "x-two": "2"], "headers"),
      ("GET", "/v1/models/m:explain", [:], "explain"),
      ("GET", "/v1/models/m:predict", [:], "rest"), ("GET", "/", [:], "rest"),
    ] as [(String, String, HTTPHeaders, String)])
  func precedence(method: String, path: String, headers: HTTPHeaders, service: String) {
    let table = RouteObjects.compile([
      RouteObjects.route(
        "r", hostnames: ["h"],
        rules: [
          RouteObjects.rule(to: "rest", path: ("RegularExpression", "^/.*$")),
          RouteObjects.rule(to: "short", path: ("PathPrefix", "/a")),
          RouteObjects.rule(to: "long", path: ("PathPrefix", "/a/b")),
          RouteObjects.rule(to: "exact", path: ("Exact", "/a/exact")),
          RouteObjects.rule(to: "header", path: ("PathPrefix", "/a"), headers: ["x-one": "1"]),
          RouteObjects.rule(
            to: "headers", path: ("PathPrefix", "/a"), headers: ["x-one": "1", "x-two": "2"]),
          RouteObjects.rule(to: "method", path: ("PathPrefix", "/a"), method: "POST"),
          RouteObjects.rule(to: "explain", path: ("RegularExpression", "^/v1/models/[\\w-]+:explain$")),
        ])
    ]).table
    #expect(find(table, host: "h", path, method: method, headers: headers) == service)
  }

  @Test func amongEqualRulesTheOldestRouteThenTheFirstNameThenTheFirstRuleWins() {
    let rule = { (service: String) in RouteObjects.rule(to: service) }
    let byAge = RouteObjects.compile([
      RouteObjects.route("a", hostnames: ["h"], rules: [rule("young")], created: "2026-02-01T00:00:00Z"),
      RouteObjects.route("b", hostnames: ["h"], rules: [rule("old")], created: "2026-01-01T00:00:00Z"),
    ]).table
    #expect(find(byAge, host: "h", "/") == "old")
    let byName = RouteObjects.compile([
      RouteObjects.route("b", hostnames: ["h"], rules: [rule("second")]),
      RouteObjects.route("a", hostnames: ["h"], rules: [rule("first"), rule("never")]),
    ]).table
    #expect(find(byName, host: "h", "/") == "first")
  }

  @Test func queryParametersAreMatchedDecoded() {
    let rule: JSONValue = [
      "matches": [["queryParams": [["name": "user", "value": "a b"]]]],
      "backendRefs": [["name": "q", "port": 80]],
    ]
    let table = RouteObjects.compile([
      RouteObjects.route("r", hostnames: ["h"], rules: [rule, RouteObjects.rule(to: "rest")])
    ]).table
    #expect(find(table, host: "h", "/?x=1&user=a%20b") == "q")
    #expect(find(table, host: "h", "/?user=a+b") == "q")
    #expect(find(table, host: "h", "/?user=b") == "rest")
    #expect(find(table, host: "h", "/") == "rest")
  }

  @Test func tellsAnUnknownHostFromAPathWithoutRule() {
    let table = RouteObjects.compile([
      RouteObjects.route("r", hostnames: ["h"], rules: [RouteObjects.rule(to: "s", path: ("Exact", "/x"))])
    ]).table
    let head = HTTPRequestHead(method: "GET", target: "/y")
    if case .noRule(let rules) = table.find(host: "h", head) {
      #expect(rules == 1)
    } else {
      Issue.record("no rule expected")
    }
    if case .unknownHost = table.find(host: "i", head) {} else { Issue.record("unknown host expected") }
    #expect(table.hostCount == 1)
  }

  @Test func weightsHoldOverFewRequests() async throws {
    let rule: JSONValue = [
      "backendRefs": [
        ["name": "stable", "port": 80, "weight": 90], ["name": "canary", "port": 80, "weight": 10],
        ["name": "never", "port": 80, "weight": 0],
      ]
    ]
    let table = RouteObjects.compile([RouteObjects.route("r", hostnames: ["h"], rules: [rule])]).table
    guard case .found(let found) = table.find(host: "h", HTTPRequestHead(method: "GET", target: "/")) else {
      Issue.record("not found")
      return
    }
    let group = try EventLoopGroup(loops: 1, name: "weights")
    let loop = GatewayLoop(
      group.loops[0], configuration: GatewayConfiguration(port: 0), loopCount: 1,
      random: FixedRandom(value: 7), wake: {})
    var counts: [String: Int] = [:]
    for _ in 0..<1000 {
      let backend = try #require(found.target.choose(loop.nextPosition()))
      counts[backend.backend.service.name, default: 0] += 1
    }
    #expect(counts["never"] == nil)
    #expect((895...905).contains(counts["stable"] ?? 0))
    await group.shutdown()
  }

  @Test(
    "routes attach to listeners or are told why not",
    arguments: [
      (
        "NotAllowedByListeners", ["allowedRoutes": ["namespaces": ["from": "Same"]]], RouteObjects.parent, "h"
      ),
      ("NoMatchingListenerHostname", ["hostname": "*.example.com"], RouteObjects.parent, "h"),
      ("NoMatchingParent", [:], ["name": "gw", "namespace": "kserve", "sectionName": "other"], "h"),
      ("NoMatchingParent", [:], ["name": "gw", "namespace": "kserve", "port": 443], "h"),
      (nil, ["hostname": "*.example.com"], RouteObjects.parent, "a.example.com"),
      (nil, [:], ["name": "gw", "namespace": "kserve", "sectionName": "http"], "h"),
    ] as [(String?, JSONValue, JSONValue, String)])
  func attaches(reason: String?, listener: JSONValue, parent: JSONValue, host: String) {
    let result = RouteObjects.compile(
      [RouteObjects.route("r", hostnames: [host], rules: [RouteObjects.rule(to: "s")], parents: [parent])],
      gateways: [RouteObjects.gateway([RouteObjects.listener(listener)])])
    let report = result.routes[ObjectKey(namespace: "default", name: "r")] ?? nil
    #expect(report?.parents.first?.rejection?.reason == reason)
    #expect((find(result.table, host: host, "/") == "s") == (reason == nil))
  }

  @Test func listenersMaySelectNamespacesByLabel() {
    let listener = RouteObjects.listener([
      "allowedRoutes": [
        "namespaces": ["from": "Selector", "selector": ["matchLabels": ["team": "a"]]]
      ]
    ])
    let route = RouteObjects.route("r", hostnames: ["h"], rules: [RouteObjects.rule(to: "s")])
    let gateway = RouteObjects.gateway([listener])
    let allowed = RouteObjects.compile(
      [route], gateways: [gateway], namespaceLabels: ["default": ["team": "a"]])
    #expect(find(allowed.table, host: "h", "/") == "s")
    let refused = RouteObjects.compile(
      [route], gateways: [gateway], namespaceLabels: ["default": ["team": "b"]])
    #expect(find(refused.table, host: "h", "/") == nil)
  }

  @Test func aListenersHostnameStandsForRoutesWithoutOne() {
    let table = RouteObjects.compile(
      [RouteObjects.route("r", rules: [RouteObjects.rule(to: "s")])],
      gateways: [RouteObjects.gateway([RouteObjects.listener(["hostname": "*.example.com"])])]
    ).table
    #expect(find(table, host: "a.example.com", "/") == "s")
    #expect(find(table, host: "a.example.org", "/") == nil)
  }

  @Test(
    "what cannot be done is told in the route's condition",
    arguments: [
      (["filters": [["type": "RequestMirror"]]], "the filter 'RequestMirror' is not supported"),
      (
        [
          "filters": [
            [
              "type": "ResponseHeaderModifier",
              "responseHeaderModifier": ["set": [["name": "Content-Length", "value": "3"]]],
            ]
          ]
        ], "the field 'Content-Length' belongs to the connection: a header modifier cannot change it"
      ),
      (
        [
          "filters": [
            ["type": "RequestHeaderModifier", "requestHeaderModifier": ["remove": ["X-A", "HOST"]]]
          ]
        ], "the field 'Host' is needed by every request: a header modifier cannot remove it"
      ),
      (["timeouts": ["request": "10"]], "the timeout '10' lacks a unit: write 10s for seconds"),
      (["timeouts": ["request": "ten"]], "the timeout 'ten' is no duration such as 60s or 1m30s"),
    ] as [(JSONValue, String)])
  func unsupported(rule: JSONValue, message: String) {
    let result = RouteObjects.compile([RouteObjects.route("r", hostnames: ["h"], rules: [rule])])
    let rejection = result.routes[ObjectKey(namespace: "default", name: "r")]??.parents.first?.rejection
    #expect(rejection?.reason == "UnsupportedValue")
    #expect(rejection?.message == message)
  }

  @Test func badExpressionsAreToldWithTheirSource() {
    let rule = RouteObjects.rule(to: "s", path: ("RegularExpression", "/(a"))
    let result = RouteObjects.compile([RouteObjects.route("r", hostnames: ["h"], rules: [rule])])
    let rejection = result.routes[ObjectKey(namespace: "default", name: "r")]??.parents.first?.rejection
    #expect(rejection?.message.hasPrefix("the path expression '/(a' cannot be used:") == true)
  }

  @Test(
    "timeouts are read as the Gateway API writes them",
    arguments: [
      ("60s", Duration.seconds(60)), ("1m30s", .seconds(90)), ("500ms", .milliseconds(500)),
      ("1h", .seconds(3600)),
      ("0s", nil),
    ] as [(String, Duration?)])
  func timeouts(text: String, duration: Duration?) {
    let spec = RouteSpecReader.read(
      RouteObjects.route("r", rules: [["timeouts": ["request": .string(text)]]]))
    #expect(spec.problem == nil)
    #expect(spec.rules.first?.timeout == duration)
  }

  @Test func garbageInRoutesNeverCrashes() {
    let odd: [JSONValue] = [
      .null, "x", 7, [], [:], ["matches": "x"], ["matches": [["path": 7]]], ["backendRefs": [1]],
    ]
    for value in odd {
      var route = RouteObjects.route("r", hostnames: ["h"], rules: [value])
      _ = RouteObjects.compile([route])
      route.spec = value
      _ = RouteObjects.compile([route])
    }
  }
}
