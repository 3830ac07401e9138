import Basics
import Formats
import KubeClient
import KubeProtocol
import KubeStore
import Testing

@testable import APIServer

@Suite struct PagingTests {
  private static let path = "/api/v1/namespaces/default/configmaps"

  private func fill(_ server: TestServer, _ count: Int) async throws {
    for number in 0..<count {
      var map = KubeObject.configMap("c\(number < 10 ? "0" : "")\(number)")
      map.labels = ["parity": number % 2 == 0 ? "even" : "odd"]
      try await server.client.create(.configMaps, map)
    }
  }

  private func names(_ list: JSONValue) -> [String] {
    (list["items"]?.array ?? []).compactMap { $0.at("metadata", "name")?.string }
  }

  @Test func pagesTogetherAreTheCollectionAtOneRevision() async throws {
    try await TestServer.run { server in
      try await fill(server, 7)
      let first = try await server.get(Self.path, query: [("limit", "3")])
      #expect(names(first) == ["c00", "c01", "c02"])
      #expect(first.at("metadata", "remainingItemCount") == 4)
      // What happens meanwhile is not seen.
      try await server.client.delete(.configMaps, namespace: "default", name: "c04")
      try await server.client.create(.configMaps, .configMap("c03a"))
      try await server.client.patch(
        .configMaps, namespace: "default", name: "c05", ["data": ["changed": "yes"]])
      let token = try #require(first.at("metadata", "continue")?.string)
      let second = try await server.get(Self.path, query: [("limit", "3"), ("continue", token)])
      #expect(names(second) == ["c03", "c04", "c05"])
      #expect(second["items"]?[2]?.at("data", "changed") == nil)
      #expect(second.at("metadata", "resourceVersion") == first.at("metadata", "resourceVersion"))
      let last = try await server.get(
        Self.path, query: [("limit", "3"), ("continue", second.at("metadata", "continue")?.string ?? "")])
      #expect(names(last) == ["c06"])
      #expect(last.at("metadata", "continue") == nil)
      #expect(last.at("metadata", "remainingItemCount") == nil)
    }
  }

  @Test func selectorsCountWhatTheySelect() async throws {
    try await TestServer.run { server in
      try await fill(server, 9)
      let query: [(name: String, value: String)] = [("limit", "2"), ("labelSelector", "parity=odd")]
      let first = try await server.get(Self.path, query: query)
      #expect(names(first) == ["c01", "c03"])
      #expect(first.at("metadata", "remainingItemCount") == nil)
      let token = try #require(first.at("metadata", "continue")?.string)
      let second = try await server.get(Self.path, query: query + [("continue", token)])
      #expect(names(second) == ["c05", "c07"])
      #expect(second.at("metadata", "continue") == nil)
    }
  }

  @Test func anExpiredTokenComesWithOneForTheRest() async throws {
    try await TestServer.run { server in
      try await fill(server, 4)
      let first = try await server.get(Self.path, query: [("limit", "2")])
      let token = try #require(first.at("metadata", "continue")?.string)
      try await server.client.create(.configMaps, .configMap("c02a"))
      try await server.store.compact(before: try await server.store.currentRevision())
      let refused = try await server.json(
        KubeRequest(method: "GET", path: Self.path, query: [("limit", "2"), ("continue", token)]))
      #expect(refused.status == 410)
      #expect(refused.json["reason"] == "Expired")
      let fresh = try #require(refused.json.at("metadata", "continue")?.string)
      let rest = try await server.get(Self.path, query: [("continue", fresh)])
      #expect(names(rest) == ["c02", "c02a", "c03"])
    }
  }

  @Test(arguments: ["x", "e30", "eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ", "%%%", "AAAA"])
  func brokenTokensAreRefused(token: String) async throws {
    try await TestServer.run { server in
      let answer = try await server.json(
        KubeRequest(method: "GET", path: Self.path, query: [("continue", token)]))
      #expect(answer.status == 400)
    }
  }

  @Test func anExactRevisionIsTheStateOfThen() async throws {
    try await TestServer.run { server in
      try await fill(server, 2)
      let then = try await server.store.currentRevision()
      try await server.client.delete(.configMaps, namespace: "default", name: "c00")
      let query: [(name: String, value: String)] = [
        ("resourceVersion", String(then)), ("resourceVersionMatch", "Exact"),
      ]
      #expect(names(try await server.get(Self.path, query: query)) == ["c00", "c01"])
      #expect(names(try await server.get(Self.path)) == ["c01"])
    }
  }

  @Test(
    arguments: [
      [("resourceVersionMatch", "Exact")], [("resourceVersionMatch", "Sometimes"), ("resourceVersion", "1")],
      [("resourceVersionMatch", "Exact"), ("resourceVersion", "0")],
    ] as [[(String, String)]])
  func matchesThatMakeNoSenseAreRefused(query: [(String, String)]) async throws {
    try await TestServer.run { server in
      let answer = try await server.json(
        KubeRequest(method: "GET", path: Self.path, query: query.map { (name: $0.0, value: $0.1) }))
      #expect(answer.status == 422)
      #expect(answer.json.at("details", "causes")?[0]?["field"] == "resourceVersionMatch")
    }
  }

  @Test func aggregatedDiscoveryHoldsEveryResourceOfThePlainOne() async throws {
    try await TestServer.run { server in
      for version in ["v2", "v2beta1"] {
        let accept =
          "application/json;g=apidiscovery.k8s.io;v=\(version);as=APIGroupDiscoveryList,application/json"
        for (path, plain) in [("/api", ["/api/v1"]), ("/apis", ["/apis/apps/v1", "/apis/autoscaling/v2"])] {
          let response = try await server.server.send(KubeRequest(method: "GET", path: path, accept: accept))
          guard case .bytes(let bytes, let type) = response.body else {
            Issue.record("no document")
            return
          }
          #expect(type == "application/json;g=apidiscovery.k8s.io;v=\(version);as=APIGroupDiscoveryList")
          let document = try JSONValue(parsing: bytes)
          #expect(document["apiVersion"]?.string == "apidiscovery.k8s.io/\(version)")
          var found: Set<String> = []
          for group in document["items"]?.array ?? [] {
            for version in group["versions"]?.array ?? [] {
              for resource in version["resources"]?.array ?? [] {
                let name = resource["resource"]?.string ?? ""
                found.insert(name)
                for part in resource["subresources"]?.array ?? [] {
                  found.insert("\(name)/\(part["subresource"]?.string ?? "")")
                }
              }
            }
          }
          for path in plain {
            for resource in try await server.get(path)["resources"]?.array ?? [] {
              #expect(found.contains(resource["name"]?.string ?? ""))
            }
          }
        }
      }
      #expect(try await server.get("/apis", accept: "application/json")["kind"] == "APIGroupList")
    }
  }
}
