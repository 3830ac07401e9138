import Basics
import Formats
import KubeClient
import KubeProtocol
import Testing

@testable import APIServer

@Suite struct ApplyTests {
  private static let path = "/api/v1/namespaces/default/configmaps/c"

  private func apply(
    _ server: TestServer, _ json: JSONValue, at path: String = path, manager: String = "one",
    force: Bool = false,
    dryRun: Bool = false
  ) async throws -> (status: Int, json: JSONValue, warnings: [String]) {
    var query: [(name: String, value: String)] = [("fieldManager", manager)]
    if force { query.append(("force", "true")) }
    if dryRun { query.append(("dryRun", "All")) }
    return try await server.json(
      KubeRequest(
        method: "PATCH", path: path, query: query, body: .json(json), contentType: PatchType.apply.rawValue))
  }

  private func configuration(_ data: JSONValue) -> JSONValue {
    ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "c"], "data": data]
  }

  @Test func applyCreatesThenMergesThenRemoves() async throws {
    try await TestServer.run { server in
      let first = try await apply(server, configuration(["a": "1", "b": "2"]))
      #expect(first.status == 201)
      #expect(first.json.at("metadata", "managedFields")?[0]?["operation"] == "Apply")
      let second = try await apply(server, configuration(["a": "1"]), manager: "two")
      #expect(second.status == 200)
      let third = try await apply(server, configuration(["b": "3"]))
      #expect(third.json["data"] == ["a": "1", "b": "3"])
      let fourth = try await apply(server, configuration([:]), manager: "two")
      #expect(fourth.json["data"] == ["b": "3"])
    }
  }

  @Test func applyingTheSameAgainWritesNothing() async throws {
    try await TestServer.run { server in
      let first = try await apply(server, configuration(["a": "1"]))
      server.clock.advance(.seconds(60))
      let second = try await apply(server, configuration(["a": "1"]))
      #expect(first.json == second.json)
    }
  }

  @Test func aConflictNamesManagerAndField() async throws {
    try await TestServer.run { server in
      _ = try await apply(server, configuration(["a": "1"]))
      let refused = try await apply(server, configuration(["a": "2"]), manager: "two")
      #expect(refused.status == 409)
      #expect(refused.json["reason"] == "Conflict")
      #expect(
        refused.json["message"] == #"Apply failed with 1 conflict: conflict with "one": .data.a"#)
      #expect(refused.json.at("details", "causes")?[0]?["field"] == ".data.a")
      let forced = try await apply(server, configuration(["a": "2"]), manager: "two", force: true)
      #expect(forced.json["data"] == ["a": "2"])
    }
  }

  @Test func aManagerIsRequiredAndForceBelongsToApply() async throws {
    try await TestServer.run { server in
      let nameless = try await apply(server, configuration([:]), manager: "")
      #expect(nameless.status == 422)
      #expect(
        nameless.json["message"]
          == #"PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch"#
      )
      try await server.client.create(.configMaps, .configMap("c"))
      let forced = try await server.json(
        KubeRequest(
          method: "PATCH", path: Self.path, query: [("force", "true")], body: .json(["data": ["a": "1"]]),
          contentType: PatchType.merge.rawValue))
      #expect(forced.status == 422)
      let managed = try await apply(
        server,
        [
          "apiVersion": "v1", "kind": "ConfigMap",
          "metadata": ["name": "c", "managedFields": [["manager": "x"]]],
        ])
      #expect(managed.json["message"] == "metadata.managedFields must be nil")
    }
  }

  @Test func unknownFieldsOfBuiltInKindsAreRefused() async throws {
    try await TestServer.run { server in
      var wish = configuration([:])
      wish["dta"] = [:]
      let answer = try await apply(server, wish)
      #expect(answer.status == 400)
      #expect(
        answer.json["message"]
          == "failed to create typed patch object (default/c; v1, Kind=ConfigMap): .dta: field not declared in schema"
      )
    }
  }

  @Test func dryRunPersistsNothing() async throws {
    try await TestServer.run { server in
      #expect(try await apply(server, configuration(["a": "1"]), dryRun: true).status == 201)
      #expect(try await server.client.find(.configMaps, namespace: "default", name: "c") == nil)
      _ = try await apply(server, configuration(["a": "1"]))
      #expect(try await apply(server, configuration(["a": "2"]), dryRun: true).json["data"] == ["a": "2"])
      let stored = try await server.client.get(.configMaps, namespace: "default", name: "c")
      #expect(stored["data"] == ["a": "1"])
    }
  }

  @Test func whatNobodyTrackedBelongsToBeforeFirstApply() async throws {
    try await TestServer.run { server in
      try await server.client.create(.configMaps, .configMap("c", ["a": "1"]))
      let refused = try await apply(server, configuration(["a": "2"]))
      #expect(refused.status == 409)
      let message = refused.json["message"]?.string ?? ""
      #expect(message.contains(#"conflict with "before-first-apply" using v1"#))
    }
  }

  @Test func updatesAreTrackedUnderTheClientsName() async throws {
    try await TestServer.run { server in
      let created = try await server.json(
        KubeRequest(
          method: "POST", path: "/api/v1/namespaces/default/configmaps",
          body: .json(configuration(["a": "1"])),
          userAgent: "kubectl/v1.32.0 (linux/amd64)"))
      let entry = try #require(created.json.at("metadata", "managedFields")?[0])
      #expect(entry["manager"] == "kubectl")
      #expect(entry["operation"] == "Update")
      #expect(entry["fieldsV1"] == ["f:data": [".": [:], "f:a": [:]]])
      let patched = try await server.json(
        KubeRequest(
          method: "PATCH", path: Self.path, query: [("fieldManager", "labeler")],
          body: .json(["metadata": ["labels": ["x": "y"]]]), contentType: PatchType.merge.rawValue))
      let managers = patched.json.at("metadata", "managedFields")?.array?.compactMap { $0["manager"]?.string }
      #expect(Set(managers ?? []) == ["kubectl", "labeler"])
    }
  }

  @Test func clientSideApplyIsTakenOver() async throws {
    try await TestServer.run { server in
      var object = configuration(["a": "1", "b": "2"])
      object.set(
        ["kubectl.kubernetes.io/last-applied-configuration": .string(object.encodedText)],
        at: "metadata", "annotations")
      _ = try await server.json(
        KubeRequest(
          method: "POST", path: "/api/v1/namespaces/default/configmaps",
          query: [("fieldManager", "kubectl-client-side-apply")], body: .json(object)))
      let applied = try await apply(server, configuration(["a": "changed", "b": "2"]), manager: "kubectl")
      #expect(applied.status == 200)
      #expect(applied.json["data"] == ["a": "changed", "b": "2"])
      let annotation = applied.json.at(
        "metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration")?.string
      #expect(annotation?.contains("changed") == true)
      // Another applier gets no such favor.
      #expect(try await apply(server, configuration(["b": "3"]), manager: "other").status == 409)
    }
  }

  @Test func aClientMayResetTheManagers() async throws {
    try await TestServer.run { server in
      let created = try await apply(server, configuration(["a": "1"]))
      #expect(created.json.at("metadata", "managedFields") != nil)
      let reset = try await server.json(
        KubeRequest(
          method: "PATCH", path: Self.path, query: [("fieldManager", "x")],
          body: .json(["metadata": ["managedFields": [[:]]]]), contentType: PatchType.merge.rawValue))
      #expect(reset.json.at("metadata", "managedFields") == nil)
    }
  }

  @Test func customResourcesAreMergedByTheirSchema() async throws {
    try await TestServer.run { server in
      try await server.client.create(.customResourceDefinitions, Self.definition)
      let path = "/apis/example.com/v1/namespaces/default/widgets/w"
      func widget(_ parts: JSONValue) -> JSONValue {
        [
          "apiVersion": "example.com/v1", "kind": "Widget", "metadata": ["name": "w"],
          "spec": ["parts": parts],
        ]
      }
      _ = try await apply(server, widget([["name": "a", "size": 1]]), at: path)
      let second = try await apply(server, widget([["name": "b", "size": 2]]), at: path, manager: "two")
      #expect(second.json.at("spec", "parts")?.array?.count == 2)
      let conflict = try await apply(server, widget([["name": "a", "size": 3]]), at: path, manager: "two")
      #expect(
        conflict.json["message"]
          == #"Apply failed with 1 conflict: conflict with "one": .spec.parts[name="a"].size"#)
    }
  }

  private static var definition: KubeObject {
    var definition = KubeObject(.customResourceDefinitions, name: "widgets.example.com")
    definition.spec = [
      "group": "example.com", "scope": "Namespaced",
      "names": ["plural": "widgets", "kind": "Widget"],
      "versions": [
        [
          "name": "v1", "served": true, "storage": true,
          "schema": [
            "openAPIV3Schema": [
              "type": "object",
              "properties": [
                "spec": [
                  "type": "object",
                  "properties": [
                    "parts": [
                      "type": "array", "x-kubernetes-list-type": "map",
                      "x-kubernetes-list-map-keys": ["name"],
                      "items": [
                        "type": "object", "required": ["name"],
                        "properties": ["name": ["type": "string"], "size": ["type": "integer"]],
                      ],
                    ]
                  ],
                ]
              ],
            ]
          ],
        ]
      ],
    ]
    return definition
  }
}
