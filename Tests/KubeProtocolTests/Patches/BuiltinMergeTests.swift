internal import Formats
internal import KubeProtocol
internal import Testing

/// Strategic merges as kubectl sends them, with the schemas of Kubernetes' own kinds.
@Suite struct BuiltinMergeTests {
  private func apply(_ patch: String, to document: String, as name: String) throws -> JSONValue {
    try StrategicMergePatch.apply(
      try json(patch), to: try json(document), schema: .reference(name), catalog: BuiltinSchemas.catalog)
  }

  @Test func `kubectl apply of a changed Deployment`() throws {
    let result = try apply(
      """
      {"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}"},"labels":{"old":null}},
       "spec":{"replicas":3,"strategy":{"$retainKeys":["type"],"rollingUpdate":null,"type":"Recreate"},
        "template":{"spec":{
          "$setElementOrder/containers":[{"name":"web"},{"name":"sidecar"}],
          "$setElementOrder/volumes":[{"name":"data"}],
          "containers":[{"$setElementOrder/env":[{"name":"A"},{"name":"C"}],"$setElementOrder/ports":[{"containerPort":8080}],
             "name":"web","image":"w:2","args":["--new"],
             "env":[{"name":"C","value":"3"},{"$patch":"delete","name":"B"}]},{"name":"sidecar","image":"s:1"}],
          "volumes":[{"$retainKeys":["emptyDir","name"],"name":"data","emptyDir":{},"hostPath":null}]}}}}
      """,
      to: """
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","labels":{"old":"1","app":"x"}},
         "spec":{"replicas":1,"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}},
          "selector":{"matchLabels":{"app":"x"}},
          "template":{"metadata":{"labels":{"app":"x"}},"spec":{"restartPolicy":"Always",
            "containers":[{"name":"web","image":"w:1","args":["--a","--b"],"terminationMessagePath":"/dev/x",
              "ports":[{"containerPort":8080,"protocol":"TCP"}],
              "env":[{"name":"A","value":"1"},{"name":"B","value":"2"}]},{"name":"injected","image":"i"}],
            "volumes":[{"name":"data","hostPath":{"path":"/x"}},{"name":"token","secret":{"secretName":"t"}}]}}}}
        """, as: "io.k8s.api.apps.v1.Deployment")
    #expect(
      try result["spec"]
        == json(
          """
          {"replicas":3,"strategy":{"type":"Recreate"},"selector":{"matchLabels":{"app":"x"}},
           "template":{"metadata":{"labels":{"app":"x"}},"spec":{"restartPolicy":"Always",
            "containers":[{"name":"web","image":"w:2","args":["--new"],"terminationMessagePath":"/dev/x",
              "ports":[{"containerPort":8080,"protocol":"TCP"}],
              "env":[{"name":"A","value":"1"},{"name":"C","value":"3"}]},
              {"name":"sidecar","image":"s:1"},{"name":"injected","image":"i"}],
            "volumes":[{"name":"data","emptyDir":{}},{"name":"token","secret":{"secretName":"t"}}]}}}
          """), "\(result["spec"]?.encodedText ?? "")")
    #expect(result["metadata"]?["labels"] == ["app": "x"])
  }

  @Test func `the SDK's patch of a ServiceAccount adds secrets by name`() throws {
    let result = try apply(
      #"{"secrets":[{"name":"new"}],"imagePullSecrets":[{"name":"pull"}]}"#,
      to: #"{"metadata":{"name":"sa"},"secrets":[{"name":"old"}]}"#, as: "io.k8s.api.core.v1.ServiceAccount")
    #expect(result["secrets"]?.array?.compactMap { $0["name"]?.string }.sorted() == ["new", "old"])
    #expect(result["imagePullSecrets"] == [["name": "pull"]])
  }

  @Test func `finalizers and owner references merge as sets and by uid`() throws {
    let result = try apply(
      #"{"metadata":{"$deleteFromPrimitiveList/finalizers":["a"],"ownerReferences":[{"uid":"2","kind":"X"}]}}"#,
      to: #"{"metadata":{"finalizers":["a","b"],"ownerReferences":[{"uid":"1"},{"uid":"2"}]}}"#,
      as: "io.k8s.api.core.v1.Pod")
    #expect(result["metadata"]?["finalizers"] == ["b"])
    #expect(result["metadata"]?["ownerReferences"] == [["uid": "1"], ["uid": "2", "kind": "X"]])
  }

  @Test func `a runtime's container takes what the service says`() throws {
    let result = try StrategicMergePatch.merge(
      base: json(
        #"{"name":"kserve-container","image":"r","args":["--a"],"env":[{"name":"A","value":"1"}],"resources":{"limits":{"cpu":"1"}}}"#
      ),
      overlay: json(
        #"{"name":"kserve-container","args":["--b"],"env":[{"name":"B","value":"2"}],"resources":{"limits":{"memory":"1Gi"}}}"#
      ), schema: .reference(BuiltinSchemas.container), catalog: BuiltinSchemas.catalog)
    #expect(result["args"] == ["--b"])
    #expect(result["image"] == "r")
    // What the patch brings anew goes in front of what only the original has, as upstream.
    #expect(result["env"]?.array?.compactMap { $0["name"]?.string } == ["B", "A"])
    #expect(result["resources"]?["limits"] == ["cpu": "1", "memory": "1Gi"])
  }

  @Test func `kubectl's nulls and empty objects pass in Kubernetes' own kinds`() throws {
    var deployment = try json(
      """
      {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"creationTimestamp":null,"name":"d"},
       "spec":{"replicas":1,"strategy":{},"selector":{"matchLabels":{"app":"x"}},
        "template":{"metadata":{"creationTimestamp":null,"labels":{"app":"x"}},
         "spec":{"containers":[{"image":"x","name":"x","resources":{}}]}}},"status":{}}
      """)
    let schema = Schema.reference("io.k8s.api.apps.v1.Deployment")
    let catalog = BuiltinSchemas.catalog
    #expect(SchemaPruner(schema: schema, catalog: catalog).prune(&deployment).isEmpty)
    SchemaDefaulter(schema: schema, catalog: catalog).applyDefaults(to: &deployment)
    #expect(deployment["metadata"]?["creationTimestamp"] == nil)
    #expect(
      SchemaValidator(schema: schema, catalog: catalog, options: .builtIn).validate(deployment).isEmpty)
    deployment["spec"]?["replicas"] = "three"
    deployment.set(["nam": "x"], at: "spec", "template", "metadata")
    #expect(
      SchemaPruner(schema: schema, catalog: catalog).prune(&deployment) == ["spec.template.metadata.nam"])
    #expect(
      SchemaValidator(schema: schema, catalog: catalog, options: .builtIn).validate(deployment).map(\.field)
        == ["spec.replicas"])
  }
}
