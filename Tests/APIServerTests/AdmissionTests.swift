import Formats
import KubeClient
import KubeProtocol
import Testing

@testable import APIServer

@Suite struct AdmissionTests {
  @Test func hooksMutateInOrderThenValidate() async throws {
    let first = AdmissionHook(
      resource: .configMaps,
      mutate: { object, context in
        guard context.operation == .create else { return }
        object.json.set("1", at: "data", "first")
      })
    let second = AdmissionHook(
      resource: .configMaps,
      mutate: { object, _ in
        if object.json.at("data", "first") == "1" { object.json.set("2", at: "data", "second") }
      },
      validate: { (object, context) throws(KubeError) in
        if object.json.at("data", "forbidden") != nil {
          throw KubeError(.forbidden, "admission webhook \"test\" denied the request: no")
        }
        if let old = context.old, old["data"] == object["data"] {
          throw KubeError(.badRequest, "nothing changed")
        }
      })
    try await TestServer.run(admission: [first]) { test in
      test.server.add([second])
      let created = try await test.client.create(.configMaps, .configMap("a"))
      #expect(created["data"] == ["first": "1", "second": "2"])
      let denied = await kubeError {
        try await test.client.patch(
          .configMaps, namespace: "default", name: "a", ["data": ["forbidden": "x"]])
      }
      #expect(denied?.code == 403)
      // Other kinds are not asked about.
      let secret = try await test.client.create(
        .secrets, KubeObject(.secrets, namespace: "default", name: "s"))
      #expect(secret["data"] == nil)
    }
  }

  @Test func hooksWarnAboutWhatWasSentAndAboutDeletions() async throws {
    let hook = AdmissionHook(
      resource: .configMaps,
      mutate: { object, _ in object.json.set(nil, at: "data", "old") },
      validate: { (object, _) throws(KubeError) in
        if object.json.at("data", "bad") != nil { throw KubeError(.forbidden, "no") }
      },
      validateDeletion: { (object, _) throws(KubeError) in
        if object.labels["used"] != nil { throw KubeError(.forbidden, "it is being used") }
      },
      warn: { object, context in
        if context.operation == .delete { return ["\(object.name) was precious"] }
        return object.json.at("data", "old") == nil
          ? [] : ["data.old is deprecated", "data.old is deprecated"]
      })
    try await TestServer.run(admission: [hook]) { test in
      func send(_ method: String, _ name: String = "", _ object: KubeObject? = nil) async throws
        -> KubeResponse
      {
        try await test.server.send(
          KubeRequest(
            method: method, path: "/api/v1/namespaces/default/configmaps" + (name.isEmpty ? "" : "/\(name)"),
            body: object.map { .json($0.json) } ?? .none))
      }
      var old = KubeObject.configMap("a")
      old["data"] = ["old": "x", "kept": "x"]
      let created = try await send("POST", "", old)
      #expect(created.status == 201 && created.warnings == ["data.old is deprecated"])
      #expect(try await send("GET", "a").warnings == [])
      #expect(try await send("PUT", "a", .configMap("a")).warnings == [])
      old["data"] = ["old": "x", "bad": "x"]
      let refused = try await send("PUT", "a", old)
      #expect(refused.status == 403 && refused.warnings == ["data.old is deprecated"])

      var used = KubeObject.configMap("b")
      used.labels = ["used": "yes"]
      _ = try await send("POST", "", used)
      #expect(try await send("DELETE", "b").status == 403)
      #expect(try await send("DELETE").status == 403, "nor with all the others")
      #expect(try await send("GET", "b").status == 200)
      used.labels = [:]
      _ = try await send("PUT", "b", used)
      let gone = try await send("DELETE", "b")
      #expect(gone.status == 200 && gone.warnings == ["b was precious"])
    }
  }

  @Test func routesGetTheGatewayAPIsDefaults() async throws {
    try await TestServer.run { test in
      var route = KubeObject(.httpRoutes, namespace: "default", name: "r")
      route.spec = [
        "parentRefs": [["name": "gateway"]], "hostnames": ["a.example.com"],
        "rules": [["backendRefs": [["name": "web", "port": 80]]]],
      ]
      let created = try await test.client.create(.httpRoutes, route)
      let spec = created.spec ?? [:]
      #expect(spec["parentRefs"]?[0]?["kind"] == "Gateway")
      #expect(spec["rules"]?[0]?["matches"]?[0]?["path"] == ["type": "PathPrefix", "value": "/"])
      #expect(spec["rules"]?[0]?["backendRefs"]?[0]?["weight"] == 1)
      #expect(created.generation == 1)
      route.json.set([["backendRefs": [["name": "web", "port": 70_000]]]], at: "spec", "rules")
      route.name = "wrong"
      let wrong = await kubeError { try await test.client.create(.httpRoutes, route) }
      #expect(wrong?.causes.first?.field == "spec.rules[0].backendRefs[0].port")
    }
  }

  @Test func podsAreBoundOnce() async throws {
    try await TestServer.run { test in
      try await test.client.create(.pods, .pod("p"))
      let request = KubeRequest(
        method: "POST", path: "/api/v1/namespaces/default/pods/p/binding",
        body: .json(["target": ["kind": "Node", "name": "here"]]))
      #expect(try await test.json(request).status == 201)
      #expect(try await test.json(request).status == 409)
      let pods = try await test.client.list(.pods, fieldSelector: "spec.nodeName=here")
      #expect(pods.items.map(\.name) == ["p"])
    }
  }
}
