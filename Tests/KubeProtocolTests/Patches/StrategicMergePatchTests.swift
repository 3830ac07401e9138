internal import Formats
internal import KubeProtocol
internal import TestSupport
internal import Testing

@Suite struct StrategicMergePatchTests {
  /// A pod template in small: containers by name, ports by containerPort, finalizers as a set, args replaced.
  private static let catalog: SchemaCatalog = {
    let text = Schema { $0.kind = .string }
    let port = Schema {
      $0.kind = .object
      $0.properties = [("containerPort", Schema { $0.kind = .integer }), ("protocol", text), ("name", text)]
    }
    let container = Schema {
      $0.kind = .object
      $0.properties = [
        ("name", text), ("image", text),
        (
          "args",
          Schema {
            $0.kind = .array
            $0.items = text
          }
        ),
        (
          "env",
          Schema {
            $0.kind = .array
            $0.items = Schema { $0.kind = .object }
            $0.patchMergeKey = "name"
            $0.patchStrategies = ["merge"]
          }
        ),
        (
          "ports",
          Schema {
            $0.kind = .array
            $0.items = .reference("Port")
            $0.patchMergeKey = "containerPort"
            $0.patchStrategies = ["merge"]
          }
        ),
      ]
    }
    let spec = Schema {
      $0.kind = .object
      $0.properties = [
        (
          "containers",
          Schema {
            $0.kind = .array
            $0.items = .reference("Container")
            $0.patchMergeKey = "name"
            $0.patchStrategies = ["merge"]
          }
        ),
        (
          "finalizers",
          Schema {
            $0.kind = .array
            $0.items = text
            $0.patchStrategies = ["merge"]
          }
        ),
        (
          "strategy",
          Schema {
            $0.reference = "Strategy"
            $0.patchStrategies = ["retainKeys"]
          }
        ),
        (
          "selector",
          Schema {
            $0.kind = .object
            $0.additionalProperties = text
          }
        ),
      ]
    }
    let strategy = Schema {
      $0.kind = .object
      $0.properties = [("type", text), ("rollingUpdate", Schema { $0.kind = .object })]
    }
    return SchemaCatalog(["Port": port, "Container": container, "Spec": spec, "Strategy": strategy])
  }()

  private func apply(_ patch: String, to document: String) throws -> JSONValue {
    try StrategicMergePatch.apply(
      try json(patch), to: try json(document), schema: .reference("Spec"), catalog: Self.catalog)
  }

  @Test(arguments: [
    // Elements are merged by their key; new ones come behind, their nulls and directives dropped.
    (
      #"{"containers":[{"name":"a","image":"x","args":["1"]}]}"#,
      #"{"containers":[{"name":"a","image":"y","args":["2","3"]},{"name":"b","image":null,"$patch":"merge"}]}"#,
      #"{"containers":[{"name":"a","image":"y","args":["2","3"]},{"name":"b"}]}"#
    ),
    // A patched element keeps its place among the others.
    (
      #"{"containers":[{"name":"a"},{"name":"b"},{"name":"c"}]}"#,
      #"{"containers":[{"name":"b","image":"i"}]}"#,
      #"{"containers":[{"name":"a"},{"name":"b","image":"i"},{"name":"c"}]}"#
    ),
    // $patch: delete in a list removes one element, in an object all members.
    (
      #"{"containers":[{"name":"a"},{"name":"b"}]}"#, #"{"containers":[{"name":"a","$patch":"delete"}]}"#,
      #"{"containers":[{"name":"b"}]}"#
    ),
    (
      #"{"selector":{"a":"1"},"finalizers":["x"]}"#, #"{"selector":{"$patch":"delete"}}"#,
      #"{"selector":{},"finalizers":["x"]}"#
    ),
    // $patch: replace
    (
      #"{"containers":[{"name":"a"},{"name":"b"}]}"#, #"{"containers":[{"$patch":"replace"},{"name":"c"}]}"#,
      #"{"containers":[{"name":"c"}]}"#
    ),
    (
      #"{"selector":{"a":"1","b":"2"}}"#, #"{"selector":{"$patch":"replace","c":"3"}}"#,
      #"{"selector":{"c":"3"}}"#
    ),
    // Maps merge; null removes.
    (
      #"{"selector":{"a":"1","b":"2"}}"#, #"{"selector":{"a":null,"c":"3"}}"#,
      #"{"selector":{"b":"2","c":"3"}}"#
    ),
    // Lists of scalars with the merge strategy are sets.
    (#"{"finalizers":["a","b"]}"#, #"{"finalizers":["b","c"]}"#, #"{"finalizers":["a","b","c"]}"#),
    (
      #"{"finalizers":["a","b","c"]}"#, #"{"$deleteFromPrimitiveList/finalizers":["b"]}"#,
      #"{"finalizers":["a","c"]}"#
    ),
    // $setElementOrder puts elements in order, with the server's own in between.
    (
      #"{"finalizers":["a","b"]}"#,
      #"{"$setElementOrder/finalizers":["c","b"],"$deleteFromPrimitiveList/finalizers":["a"],"finalizers":["c"]}"#,
      #"{"finalizers":["c","b"]}"#
    ),
    (
      #"{"containers":[{"name":"a"},{"name":"sidecar"},{"name":"b"}]}"#,
      #"{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],"containers":[{"name":"b","image":"n"}]}"#,
      #"{"containers":[{"name":"sidecar"},{"name":"b","image":"n"},{"name":"a"}]}"#
    ),
    (
      #"{"containers":[{"name":"a","image":"1"},{"name":"b"}]}"#,
      #"{"$setElementOrder/containers":[{"name":"b"}],"containers":[{"name":"a","$patch":"delete"}]}"#,
      #"{"containers":[{"name":"b"}]}"#
    ),
    // Nested: ports by number, env by name.
    (
      #"{"containers":[{"name":"a","ports":[{"containerPort":80,"name":"http"}],"env":[{"name":"A","value":"1"}]}]}"#,
      #"{"containers":[{"name":"a","ports":[{"containerPort":80,"protocol":"TCP"},{"containerPort":81}],"env":[{"name":"A","value":"2"}]}]}"#,
      #"{"containers":[{"name":"a","ports":[{"containerPort":80,"name":"http","protocol":"TCP"},{"containerPort":81}],"env":[{"name":"A","value":"2"}]}]}"#
    ),
    // $retainKeys
    (
      #"{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}}"#,
      #"{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}"#, #"{"strategy":{"type":"Recreate"}}"#
    ),
    (
      #"{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}}"#,
      #"{"strategy":{"$retainKeys":["type","rollingUpdate"],"rollingUpdate":{"maxSurge":2}}}"#,
      #"{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":2}}}"#
    ),
    // A field that is not there takes the patch without its nulls and directives.
    (
      #"{}"#, #"{"strategy":{"type":"Recreate","rollingUpdate":null,"$retainKeys":["type"]}}"#,
      #"{"strategy":{"type":"Recreate"}}"#
    ),
    // What the schema does not know merges as by a merge patch.
    (#"{"x":{"list":[1,2],"a":1}}"#, #"{"x":{"list":[3],"b":2}}"#, #"{"x":{"list":[3],"a":1,"b":2}}"#),
  ])
  func `merges follow the schema and the directives`(document: String, patch: String, expected: String) throws
  {
    let result = try apply(patch, to: document)
    #expect(result == (try json(expected)), "\(result.encodedText)")
  }

  @Test(arguments: [
    (
      #"{"containers":[{"image":"x"}]}"#,
      #"containers: map: {"image":"x"} does not contain declared merge key: name"#
    ),
    (
      #"{"containers":[{"name":"a","$patch":"explode"}]}"#,
      #"containers: unknown patch type "explode"; use delete, replace or merge"#
    ),
    (
      #"{"strategy":{"$retainKeys":["type"],"rollingUpdate":{}}}"#,
      #"strategy: $retainKeys must name every field of the patch, but lacks "rollingUpdate""#
    ),
    (
      #"{"$setElementOrder/containers":[{"name":"a"}],"containers":[{"name":"b"}]}"#,
      "the order in the patch list doesn't match the $setElementOrder/containers list"
    ),
    (#"[]"#, "a strategic merge patch must be an object, not array"),
  ])
  func `a bad directive is explained`(patch: String, message: String) throws {
    let document = #"{"containers":[{"name":"a"}],"strategy":{"type":"x"}}"#
    #expect {
      try apply(patch, to: document)
    } throws: { error in
      (error as? PatchError)?.message == message
    }
  }

  @Test func `a large keyed list merges in linear time`() throws {
    let elements = (0..<5000).map { JSONValue.object(["name": .string("c\($0)"), "image": "a"]) }
    let changes = (0..<5000).map { JSONValue.object(["name": .string("c\($0)"), "image": "b"]) }
    let result = try StrategicMergePatch.apply(
      ["containers": .array(changes)], to: ["containers": .array(elements)], schema: .reference("Spec"),
      catalog: Self.catalog)
    #expect(result["containers"]?.array?.count == 5000)
    #expect(result["containers"]?[4999]?["image"] == "b")
  }

  @Test func `random patches give an error or a result`() {
    var generator = SeededGenerator(seed: 11)
    let keys = [
      "name", "containers", "finalizers", "strategy", "selector", "$patch", "delete", "replace",
      "$retainKeys",
      "$setElementOrder/containers", "$deleteFromPrimitiveList/finalizers", "ports", "type",
    ]
    var failures = 0
    for _ in 0..<5000 {
      let document = generator.value(depth: 4, keys: keys)
      let patch = generator.value(depth: 4, keys: keys)
      do {
        _ = try StrategicMergePatch.apply(
          patch, to: document, schema: .reference("Spec"), catalog: Self.catalog)
      } catch {
        failures += 1
      }
    }
    #expect(failures > 0)
  }
}
