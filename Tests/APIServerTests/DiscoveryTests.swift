import Formats
import KubeClient
import KubeProtocol
import Testing

@testable import APIServer

@Suite struct DiscoveryTests {
  @Test func resourcesCarryVerbsShortNamesAndSubresources() async throws {
    try await TestServer.run { test in
      let core = try await test.get("/api/v1")
      #expect(core["kind"] == "APIResourceList")
      let resources = core["resources"]?.array ?? []
      let pods = resources.first { $0["name"] == "pods" }
      #expect(pods?["shortNames"] == ["po"])
      #expect(pods?["categories"] == ["all"])
      #expect(pods?["singularName"] == "pod")
      #expect(pods?["verbs"]?.array?.contains("watch") == true)
      #expect(resources.contains { $0["name"] == "pods/log" })
      let apps = try await test.get("/apis/apps/v1")
      let scale = apps["resources"]?.array?.first { $0["name"] == "deployments/scale" }
      #expect(scale?["group"] == "autoscaling" && scale?["kind"] == "Scale")
      let groups = try await test.get("/apis")["groups"]?.array ?? []
      #expect(groups.contains { $0["name"] == "gateway.networking.k8s.io" })
      #expect(try await test.get("/apis/apps").at("preferredVersion", "groupVersion") == "apps/v1")
      #expect(try await test.get("/apis/no.such.group")["code"] == 404)
      #expect(try await test.get("/version")["major"] == "1")
    }
  }

  @Test func whoHoldsTheTokenMayDoEverything() async throws {
    try await TestServer.run { test in
      let answer = try await test.json(
        KubeRequest(
          method: "POST", path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
          body: .json([
            "kind": "SelfSubjectAccessReview",
            "spec": ["resourceAttributes": ["verb": "get", "resource": "pods"]],
          ])))
      #expect(answer.status == 201)
      #expect(answer.json.at("status", "allowed") == true)
    }
  }

  @Test func unknownPathsAndMethodsAreRefused() async throws {
    try await TestServer.run { test in
      for path in [
        "/api/v1/nothing", "/api/v1/pods/x/y/z", "/nowhere", "/api/v1/namespaces/default/nodes", "/apis/apps",
      ] {
        let answer = try await test.json(KubeRequest(method: "POST", path: path, body: .json([:])))
        #expect(answer.status == 404 || answer.status == 405, "\(path): \(answer.status)")
        #expect(answer.json["kind"] == "Status")
      }
      let put = try await test.json(KubeRequest(method: "PUT", path: "/api/v1/namespaces/default/pods"))
      #expect(put.status == 405)
    }
  }

  @Test func theBuiltInSchemasAreWellFormed() {
    #expect(BuiltinSchemas.catalog.definitions.count > 250)
    for (name, schema) in BuiltinSchemas.catalog.definitions {
      var pending = [schema]
      while let next = pending.popLast() {
        if let reference = next.parts.reference {
          #expect(BuiltinSchemas.catalog.definitions[reference] != nil, "\(name) refers to \(reference)")
        }
        pending += next.parts.properties.map(\.schema)
        pending += [next.parts.items, next.parts.additionalProperties].compactMap { $0 }
      }
    }
  }
}
