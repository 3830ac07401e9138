import Formats
import KubeClient
import KubeProtocol
import Testing

@testable import APIServer

@Suite(.timeLimit(.minutes(2))) struct CustomResourceTests {
  static let widgets = KubeResource(
    group: "example.com", version: "v1", plural: "widgets", kind: "Widget", isNamespaced: true)

  static func definition() -> KubeObject {
    var object = KubeObject(.customResourceDefinitions, name: "widgets.example.com")
    object.spec = [
      "group": "example.com", "scope": "Namespaced",
      "names": ["plural": "widgets", "kind": "Widget", "shortNames": ["wd"]],
      "versions": [
        [
          "name": "v1", "served": true, "storage": true,
          "schema": [
            "openAPIV3Schema": [
              "type": "object",
              "properties": [
                "spec": [
                  "type": "object", "required": ["size"],
                  "properties": [
                    "size": ["type": "integer", "minimum": 1], "color": ["type": "string", "default": "red"],
                    "free": ["type": "object", "x-kubernetes-preserve-unknown-fields": true],
                  ],
                ],
                "status": [
                  "type": "object",
                  "properties": [
                    "url": ["type": "string"],
                    "conditions": [
                      "type": "array",
                      "items": ["type": "object", "x-kubernetes-preserve-unknown-fields": true],
                    ],
                  ],
                ],
              ],
            ]
          ],
          "subresources": [
            "status": [:], "scale": ["specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size"],
          ],
          "additionalPrinterColumns": [
            ["name": "URL", "type": "string", "jsonPath": ".status.url"],
            [
              "name": "Ready", "type": "string",
              "jsonPath": ".status.conditions[?(@.type=='Ready')].status",
            ],
            ["name": "Size", "type": "integer", "jsonPath": ".spec.size", "priority": 1],
            ["name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"],
          ],
        ]
      ],
    ]
    return object
  }

  static func widget(_ name: String, size: Int = 1) -> KubeObject {
    var object = KubeObject(widgets, namespace: "default", name: name)
    object.spec = ["size": .int(size)]
    return object
  }

  /// `v1` calls its size `size`, `v2`, the stored one, `extent`.
  private static let conversion = ResourceConversion(widgets) { object, version in
    var converted = object
    let (from, to) = version == "v2" ? ("size", "extent") : ("extent", "size")
    converted.json.set(object.json.at("spec", from), at: "spec", to)
    converted.json.set(nil, at: "spec", from)
    return converted
  }

  private static func definitionOfTwo() -> KubeObject {
    var object = definition()
    func version(_ name: String, _ field: String) -> JSONValue {
      let number: JSONValue = ["type": "integer"]
      return [
        "name": .string(name), "served": true, "storage": .bool(name == "v2"),
        "subresources": ["status": [:]],
        "schema": [
          "openAPIV3Schema": [
            "type": "object",
            "properties": [
              "spec": ["type": "object", "properties": .object(JSONObject([(field, number)]))],
              "status": ["type": "object", "x-kubernetes-preserve-unknown-fields": true],
            ],
          ]
        ],
      ]
    }
    object.json.set([version("v1", "size"), version("v2", "extent")], at: "spec", "versions")
    return object
  }

  @Test func versionsThatDifferAreTurnedIntoEachOther() async throws {
    try await TestServer.run(
      preinstalledCRDs: [Self.definitionOfTwo()], conversions: [Self.conversion]
    ) { test in
      var newer = Self.widgets
      newer.version = "v2"
      var first = KubeObject(Self.widgets, namespace: "default", name: "a")
      first.spec = ["size": 3]
      let created = try await test.client.create(Self.widgets, first)
      #expect(created.apiVersion == "example.com/v1" && created.spec == ["size": 3])
      let seen = try await test.client.get(newer, namespace: "default", name: "a")
      #expect(seen.apiVersion == "example.com/v2" && seen.spec == ["extent": 3])
      let stored = try await test.server.storage.get("/example.com/widgets/default/a")?.object
      #expect(stored?.apiVersion == "example.com/v2" && stored?.spec == ["extent": 3])

      // Watches and lists of each version show their own form, whichever wrote.
      let watch = try await test.client.watch(
        Self.widgets, namespace: "default", resourceVersion: seen.resourceVersion)
      let patched = try await test.client.patch(
        newer, namespace: "default", name: "a", ["spec": ["extent": 5]])
      #expect(patched.spec == ["extent": 5] && patched.generation == 2)
      var events = watch.makeAsyncIterator()
      #expect(try await events.next()?.object.spec == ["size": 5])
      #expect(try await test.client.list(Self.widgets, namespace: "default").items.first?.spec == ["size": 5])

      // A change by the older version, and its status.
      let older = try await test.client.patch(
        Self.widgets, namespace: "default", name: "a", ["spec": ["size": 7]])
      #expect(older.spec == ["size": 7] && older.generation == 3)
      var told = older
      told.status = ["ready": true]
      try await test.client.updateStatus(Self.widgets, told)
      let last = try await test.client.get(newer, namespace: "default", name: "a")
      #expect(last.spec == ["extent": 7] && last.status == ["ready": true] && last.generation == 3)
      try await test.client.delete(Self.widgets, namespace: "default", name: "a")
      #expect(try await test.client.find(newer, namespace: "default", name: "a") == nil)
    }
  }

  @Test func aDefinitionIsEstablishedAndServedAtOnce() async throws {
    try await TestServer.run { test in
      let definition = try await test.client.create(.customResourceDefinitions, Self.definition())
      let conditions = definition.status?["conditions"]?.array ?? []
      #expect(conditions.contains { $0["type"] == "Established" && $0["status"] == "True" })
      #expect(definition.status?["storedVersions"] == ["v1"])
      let resources = try await test.get("/apis/example.com/v1")["resources"]?.array ?? []
      #expect(resources.compactMap { $0["name"]?.string } == ["widgets", "widgets/scale", "widgets/status"])
      let created = try await test.client.create(Self.widgets, Self.widget("a"))
      #expect(created.spec == ["size": 1, "color": "red"])
      #expect(created.generation == 1)
    }
  }

  @Test func instancesAreValidatedPrunedAndWarnedOf() async throws {
    try await TestServer.run { test in
      try await test.client.create(.customResourceDefinitions, Self.definition())
      let small = await kubeError { try await test.client.create(Self.widgets, Self.widget("a", size: 0)) }
      #expect(small?.code == 422)
      #expect(small?.causes.first?.field == "spec.size")
      var body = Self.widget("a").json
      body.set("x", at: "spec", "colour")
      body.set(1, at: "spec", "free", "anything")
      let answer = try await test.json(
        KubeRequest(
          method: "POST", path: "/apis/example.com/v1/namespaces/default/widgets", body: .json(body)))
      #expect(answer.status == 201)
      #expect(answer.warnings == [#"unknown field "spec.colour""#])
      #expect(answer.json.at("spec", "colour") == nil)
      #expect(answer.json.at("spec", "free", "anything") == 1)
    }
  }

  @Test func customObjectsNeedARevisionToBeReplacedAndTakeNoStrategicPatch() async throws {
    try await TestServer.run { test in
      try await test.client.create(.customResourceDefinitions, Self.definition())
      var created = try await test.client.create(Self.widgets, Self.widget("a"))
      created.resourceVersion = ""
      let update = created
      let blind = await kubeError { try await test.client.update(Self.widgets, update) }
      #expect(blind?.code == 422)
      #expect(blind?.message.contains("must be specified for an update") == true)
      let strategic = await kubeError {
        try await test.client.patch(
          Self.widgets, namespace: "default", name: "a", type: .strategicMerge, ["spec": ["size": 2]])
      }
      #expect(strategic?.code == 415)
    }
  }

  @Test func tablesShowTheDefinitionsColumns() async throws {
    try await TestServer.run { test in
      try await test.client.create(.customResourceDefinitions, Self.definition())
      var widget = try await test.client.create(Self.widgets, Self.widget("a"))
      widget.status = ["url": "http://a", "conditions": [["type": "Ready", "status": "True"]]]
      try await test.client.updateStatus(Self.widgets, widget)
      test.clock.advance(.seconds(90))
      let table = try await test.get(
        "/apis/example.com/v1/namespaces/default/widgets",
        accept: "application/json;as=Table;v=v1;g=meta.k8s.io")
      let names = table["columnDefinitions"]?.array?.compactMap { $0["name"]?.string }
      #expect(names == ["Name", "URL", "Ready", "Size", "Age"])
      #expect(table["rows"]?[0]?["cells"] == ["a", "http://a", "True", 1, "90s"])
      #expect(table["rows"]?[0]?["object"]?["kind"] == "PartialObjectMetadata")
    }
  }

  @Test func scaleWorksByPaths() async throws {
    try await TestServer.run { test in
      try await test.client.create(.customResourceDefinitions, Self.definition())
      try await test.client.create(Self.widgets, Self.widget("a"))
      let scaled = try await test.client.patch(
        Self.widgets, namespace: "default", name: "a", subresource: "scale", ["spec": ["replicas": 4]])
      #expect(scaled.kind == "Scale" && scaled.json.at("spec", "replicas") == 4)
      let widget = try await test.client.get(Self.widgets, namespace: "default", name: "a")
      #expect(widget.spec?["size"] == 4)
    }
  }

  @Test func deletingADefinitionDeletesItsInstances() async throws {
    try await TestServer.run { test in
      try await test.client.create(.customResourceDefinitions, Self.definition())
      try await test.client.create(Self.widgets, Self.widget("a"))
      try await test.client.delete(.customResourceDefinitions, name: "widgets.example.com")
      try await test.waitUntilGone(.customResourceDefinitions, name: "widgets.example.com")
      // The paths go with what the server hears of the deletion, a moment later.
      var gone: KubeError?
      while gone == nil, !Task.isCancelled {
        gone = await kubeError { _ = try await test.client.list(Self.widgets, namespace: "default") }
      }
      #expect(gone?.code == 404)
      try await test.client.create(.customResourceDefinitions, Self.definition())
      #expect(try await test.client.list(Self.widgets, namespace: "default").items.isEmpty)
    }
  }

  @Test func aLateUpdateDoesNotBringADeletedDefinitionsKindsBack() async throws {
    try await TestServer.run { test in
      let updated = try await test.client.create(.customResourceDefinitions, Self.definition())
      #expect(test.server.registry.find(Self.widgets) != nil)
      var deleted = updated
      deleted.resourceVersion = "\(try #require(Int64(updated.resourceVersion)) + 1)"
      test.server.stopServing(deleted)
      #expect(test.server.registry.find(Self.widgets) == nil)
      // The writer of an older revision may get to know of its success later than the deleting one.
      try test.server.serve(updated)
      #expect(test.server.registry.find(Self.widgets) == nil)
    }
  }

  @Test func whatInstancesOwnedGoesWithTheirDefinition() async throws {
    try await TestServer.run { test in
      try await test.client.create(.customResourceDefinitions, Self.definition())
      let owner = try await test.client.create(Self.widgets, Self.widget("a"))
      var child = KubeObject.configMap("child")
      child.ownerReferences = [OwnerReference(controller: owner)]
      try await test.client.create(.configMaps, child)
      try await test.client.delete(.customResourceDefinitions, name: Self.definition().name)
      try await test.waitUntilGone(.configMaps, namespace: "default", name: "child")
    }
  }

  @Test func badDefinitionsAreRefusedWithTheirFaults() async throws {
    try await TestServer.run { test in
      var wrong = Self.definition()
      wrong.name = "other.example.com"
      let error = await kubeError { try await test.client.create(.customResourceDefinitions, wrong) }
      #expect(error?.code == 422)
      #expect(error?.message.contains("must be spec.names.plural+\".\"+spec.group") == true)
      var referring = Self.definition()
      referring.json.set(
        [
          [
            "name": "v1", "served": true, "storage": true,
            "schema": [
              "openAPIV3Schema": [
                "type": "object",
                "properties": ["spec": ["$ref": "#/definitions/io.k8s.api.core.v1.PodSpec"]],
              ]
            ],
          ]
        ], at: "spec", "versions")
      let refused = await kubeError { try await test.client.create(.customResourceDefinitions, referring) }
      #expect(refused?.code == 422)
      #expect(refused?.message.contains("$ref") == true)
    }
  }

  @Test func preinstalledDefinitionsMayReferToBuiltInSchemas() async throws {
    var definition = Self.definition()
    definition.json.set(
      [
        [
          "name": "v1", "served": true, "storage": true,
          "schema": [
            "openAPIV3Schema": [
              "type": "object",
              "properties": ["spec": ["$ref": "#/definitions/io.k8s.api.core.v1.PodSpec"]],
            ]
          ],
        ]
      ], at: "spec", "versions")
    try await TestServer.run(preinstalledCRDs: [definition]) { test in
      var widget = KubeObject(Self.widgets, namespace: "default", name: "a")
      widget.spec = ["containers": [["name": "main", "imagee": "x"]]]
      let answer = try await test.json(
        KubeRequest(
          method: "POST", path: "/apis/example.com/v1/namespaces/default/widgets", body: .json(widget.json)))
      #expect(answer.status == 201)
      #expect(answer.warnings == [#"unknown field "spec.containers[0].imagee""#])
      // Its labels can be changed, though a client could not have made it.
      try await test.client.patch(
        .customResourceDefinitions, name: "widgets.example.com", ["metadata": ["labels": ["a": "b"]]])
    }
  }

  @Test func aDefinitionOfABuiltInKindStandsInForIt() async throws {
    try await TestServer.run { test in
      var definition = KubeObject(
        .customResourceDefinitions, name: "gatewayclasses.gateway.networking.k8s.io")
      definition.annotations = ["api-approved.kubernetes.io": "https://example.com"]
      definition.spec = [
        "group": "gateway.networking.k8s.io", "scope": "Cluster",
        "names": ["plural": "gatewayclasses", "kind": "GatewayClass"],
        "versions": [
          [
            "name": "v1", "served": true, "storage": true,
            "schema": ["openAPIV3Schema": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]],
          ]
        ],
      ]
      try await test.client.create(.customResourceDefinitions, definition)
      var object = KubeObject(.gatewayClasses, name: "free")
      object.spec = ["anything": 1]
      try await test.client.create(.gatewayClasses, object)
      try await test.client.delete(.customResourceDefinitions, name: definition.name)
      try await test.waitUntilGone(.customResourceDefinitions, name: definition.name)
      let refused = await kubeError { try await test.client.create(.gatewayClasses, object) }
      #expect(refused?.code == 422)
    }
  }

  @Test func aRestartServesStoredDefinitions() async throws {
    try await TestServer.run { test in
      try await test.client.create(.customResourceDefinitions, Self.definition())
      try await test.client.create(Self.widgets, Self.widget("a"))
      let second = APIServer(store: test.store, clock: test.clock)
      try await second.start()
      let items = try await second.client.list(Self.widgets, namespace: "default").items
      await second.stop()
      #expect(items.map(\.name) == ["a"])
    }
  }
}
