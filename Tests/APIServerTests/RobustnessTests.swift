import Basics
import Formats
import KubeClient
import KubeProtocol
import Testing

@testable import APIServer

@Suite struct RobustnessTests {
  private static let segments = [
    "api", "apis", "v1", "apps", "namespaces", "default", "pods", "deployments", "web", "status", "scale",
    "log",
    "", "..", "%", "openapi", "v2", "v3", "customresourcedefinitions", "x-y", "watch", "finalize", "binding",
  ]
  private static let paths = [
    "/api/v1/namespaces/default/pods", "/api/v1/namespaces/default/pods/web",
    "/apis/apps/v1/namespaces/default/deployments", "/apis/apps/v1/namespaces/default/deployments/web",
    "/apis/apps/v1/namespaces/default/deployments/web/scale",
    "/apis/apps/v1/namespaces/default/deployments/web/status", "/api/v1/namespaces/default/pods/web/log",
    "/api/v1/namespaces/default/pods/web/binding", "/api/v1/namespaces",
    "/api/v1/namespaces/default/finalize",
    "/api/v1/namespaces/default/services", "/api/v1/namespaces/default/secrets/s",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "/api/v1/events", "/openapi/v3/api/v1",
  ]
  private static let values: [JSONValue] = [
    .null, true, 1, -1, "", "x", [], [:], ["a"], ["metadata": 1], ["metadata": ["name": ["deep"]]],
    ["metadata": ["name": "web", "labels": "x", "ownerReferences": 3, "finalizers": [1]]],
    ["kind": "Deployment", "spec": ["template": "x", "selector": []]],
    ["spec": ["replicas": 9_223_372_036_854_775_807]], ["status": ["phase": 1]],
    ["op": "add", "path": "/a", "value": 1], ["gracePeriodSeconds": 9_223_372_036_854_775_807],
  ]

  /// Whatever is asked, there is an answer with a sensible status, and the server goes on.
  @Test func everyRequestGetsAnAnswer() async throws {
    try await TestServer.run { test in
      try await test.client.create(.deployments, .deployment("web"))
      try await test.client.create(.pods, .pod("web"))
      let random = TestRandom()
      func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int(random.next() % UInt64(elements.count))]
      }
      for _ in 0..<3000 {
        let depth = Int(random.next() % 8)
        let made = "/" + (0..<depth).map { _ in pick(Self.segments) }.joined(separator: "/")
        let path = random.next() % 4 == 0 ? made : pick(Self.paths)
        let query = [
          ("labelSelector", pick(["", "a=b", "a in (", "!", "=="])),
          ("fieldSelector", pick(["", "x", "a=\\", "=b"])),
          ("resourceVersion", pick(["", "0", "-1", "x", "99999999999999999999"])),
          ("timeoutSeconds", pick(["0", "x", "-5"])), ("fieldValidation", pick(["", "Strict", "nope"])),
          ("watch", pick(["", "true"])),
        ].filter { _ in random.next() % 3 == 0 }
        let type = pick([
          "application/json", "application/merge-patch+json", "application/json-patch+json", "x/y",
        ])
        let response = try await test.server.send(
          KubeRequest(
            method: pick(["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"]), path: path,
            query: query.map { (name: $0.0, value: $0.1) }, body: .json(pick(Self.values)), contentType: type)
        )
        #expect((200..<600).contains(response.status) && response.status != 500, "\(path): \(response)")
      }
      #expect(try await test.client.list(.namespaces).items.isEmpty == false)
    }
  }

  @Test func garbledBodiesAreRefused() async throws {
    try await TestServer.run { test in
      let whole = KubeObject.deployment("web").json.encoded()
      let random = TestRandom()
      for round in 0..<500 {
        var body = whole
        if round % 2 == 0 {
          body = Bytes(whole.prefix(Int(random.next() % UInt64(whole.count))))
        } else {
          body[Int(random.next() % UInt64(body.count))] = UInt8(truncatingIfNeeded: random.next())
        }
        let type = round % 3 == 0 ? "application/yaml" : "application/json"
        let answer = try await test.json(
          KubeRequest(
            method: "POST", path: "/apis/apps/v1/namespaces/default/deployments",
            body: .bytes(body, contentType: type)))
        #expect(answer.status == 201 || (400..<500).contains(answer.status), "\(answer)")
      }
    }
  }
}
