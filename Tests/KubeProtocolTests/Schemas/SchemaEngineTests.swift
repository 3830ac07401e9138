internal import Formats
internal import KubeProtocol
internal import Testing

/// Validation, pruning and defaulting over one schema that a CRD could bring.
@Suite struct SchemaEngineTests {
  static let crd = """
    {"type":"object","required":["spec"],"properties":{
      "apiVersion":{"type":"string"},"kind":{"type":"string"},"metadata":{"type":"object"},
      "spec":{"type":"object","required":["image"],"properties":{
        "image":{"type":"string","minLength":2,"maxLength":10,"pattern":"^[a-z:]+$"},
        "replicas":{"type":"integer","format":"int32","minimum":1,"maximum":10,"default":1},
        "ratio":{"type":"number","exclusiveMinimum":true,"minimum":0},
        "mode":{"type":"string","enum":["Fast","Slow"],"default":"Slow"},
        "port":{"x-kubernetes-int-or-string":true,"anyOf":[{"type":"integer"},{"type":"string"}]},
        "since":{"type":"string","format":"date-time"},
        "data":{"type":"string","format":"byte"},
        "note":{"type":"string","nullable":true,"default":"hello"},
        "items":{"type":"array","minItems":1,"maxItems":3,"x-kubernetes-list-type":"map",
          "x-kubernetes-list-map-keys":["name"],"items":{"type":"object","required":["name"],"properties":{
            "name":{"type":"string"},"weight":{"type":"integer","default":5}}}},
        "tags":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}},
        "limits":{"type":"object","additionalProperties":{"type":"object","properties":{
          "max":{"type":"integer"},"unit":{"type":"string","default":"Mi"}}}},
        "optional":{"type":"object","properties":{"inner":{"type":"string","default":"x"}}},
        "filled":{"type":"object","default":{},"properties":{"inner":{"type":"string","default":"x"}}},
        "free":{"type":"object","x-kubernetes-preserve-unknown-fields":true,"properties":{
          "known":{"type":"object","properties":{"a":{"type":"string"}}}}},
        "template":{"type":"object","x-kubernetes-embedded-resource":true,"properties":{
          "spec":{"type":"object"}}},
        "choice":{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},
          "oneOf":[{"required":["a"]},{"required":["b"]}]}
      }}}}
    """

  private static func schema() throws -> Schema { try Schema.structural(openAPIV3: try json(crd)) }

  private func problems(_ spec: String) throws -> [String] {
    let value = try json(#"{"apiVersion":"x/v1","kind":"X","metadata":{},"spec":\#(spec)}"#)
    let validator = SchemaValidator(schema: try Self.schema(), catalog: SchemaCatalog())
    return validator.validate(value).map { "\($0.field): \($0.message)" }
  }

  @Test(arguments: [
    (#"{"image":"ab"}"#, []),
    (#"{}"#, ["spec.image: Required value"]),
    (
      #"{"image":5}"#,
      [#"spec.image: Invalid value: "integer": spec.image in body must be of type string: "integer""#]
    ),
    (
      #"{"image":"A"}"#,
      [
        #"spec.image: Invalid value: "A": spec.image in body should be at least 2 chars long"#,
        #"spec.image: Invalid value: "A": spec.image in body should match '^[a-z:]+$'"#,
      ]
    ),
    (#"{"image":"abcdefghijkl"}"#, ["spec.image: Too long: may not be more than 10 bytes"]),
    (
      #"{"image":"ab","replicas":"3"}"#,
      [#"spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string""#]
    ),
    (
      #"{"image":"ab","replicas":0}"#,
      ["spec.replicas: Invalid value: 0: spec.replicas in body should be greater than or equal to 1"]
    ),
    (
      #"{"image":"ab","replicas":11}"#,
      ["spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10"]
    ),
    (
      #"{"image":"ab","ratio":0}"#,
      ["spec.ratio: Invalid value: 0: spec.ratio in body should be greater than 0"]
    ),
    (
      #"{"image":"ab","mode":"Medium"}"#,
      [#"spec.mode: Unsupported value: "Medium": supported values: "Fast", "Slow""#]
    ),
    (#"{"image":"ab","port":80}"#, []), (#"{"image":"ab","port":"http"}"#, []),
    (
      #"{"image":"ab","port":true}"#,
      [#"spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean""#]
    ),
    (#"{"image":"ab","since":"2026-11-21T08:15:30Z","data":"aGk=","note":null}"#, []),
    (
      #"{"image":"ab","since":"yesterday"}"#,
      [#"spec.since: Invalid value: "yesterday": spec.since in body must be of type date-time: "yesterday""#]
    ),
    (
      #"{"image":"ab","data":"a"}"#,
      [#"spec.data: Invalid value: "a": spec.data in body must be of type byte: "a""#]
    ),
    (
      #"{"image":null}"#,
      [#"spec.image: Invalid value: "null": spec.image in body must be of type string: "null""#]
    ),
    (
      #"{"image":"ab","items":[]}"#,
      ["spec.items: Invalid value: 0: spec.items in body should have at least 1 items"]
    ),
    (
      #"{"image":"ab","items":[{"name":"a"},{"name":"b"},{"name":"c"},{"name":"d"}]}"#,
      ["spec.items: Too many: 4: must have at most 3 items"]
    ),
    (
      #"{"image":"ab","items":[{"name":"a"},{"weight":"x"}]}"#,
      [
        "spec.items[1].name: Required value",
        #"spec.items[1].weight: Invalid value: "string": spec.items[1].weight in body must be of type integer: "string""#,
      ]
    ),
    (
      #"{"image":"ab","items":[{"name":"a"},{"name":"a"}]}"#,
      [#"spec.items[1]: Duplicate value: {"name":"a"}"#]
    ),
    (#"{"image":"ab","tags":["x","x"]}"#, [#"spec.tags[1]: Duplicate value: "x""#]),
    (
      #"{"image":"ab","limits":{"cpu":{"max":"x"}}}"#,
      [
        #"spec.limits.cpu.max: Invalid value: "string": spec.limits.cpu.max in body must be of type integer: "string""#
      ]
    ),
    (
      #"{"image":"ab","template":{"kind":"P"}}"#,
      ["spec.template.apiVersion: Required value: must not be empty"]
    ),
    (#"{"image":"ab","choice":{"a":"1"}}"#, []),
    (
      #"{"image":"ab","choice":{"a":"1","b":"2"}}"#,
      [
        #"spec.choice: Invalid value: "": "spec.choice" must validate one and only one schema (oneOf). Found 2 valid alternatives"#
      ]
    ),
  ])
  func `faults are named in Kubernetes' words`(spec: String, expected: [String]) throws {
    #expect(try problems(spec) == expected)
  }

  @Test func `causes become the message that kubectl prints`() throws {
    let value = try json(#"{"spec":{}}"#)
    let causes = SchemaValidator(schema: try Self.schema(), catalog: SchemaCatalog()).validate(value)
    let kind = GroupVersionKind(group: "example.com", version: "v1", kind: "Thing")
    let error = KubeError.invalid(kind, "x", causes)
    #expect(error.message == #"Thing.example.com "x" is invalid: spec.image: Required value"#)
  }

  @Test func `in Kubernetes' own kinds a null is an absent field`() throws {
    let value = try json(#"{"spec":{"image":null,"replicas":null}}"#)
    let validator = SchemaValidator(schema: try Self.schema(), catalog: SchemaCatalog(), options: .builtIn)
    #expect(validator.validate(value).map(\.message) == ["Required value"])
  }

  @Test func `unknown fields are removed and named`() throws {
    var value = try json(
      """
      {"apiVersion":"x/v1","kind":"X","metadata":{"name":"n","extra":1},"status":{},"spec":{"image":"ab","imag":1,
        "items":[{"name":"a","nam":1}],"limits":{"cpu":{"max":1,"min":0}},
        "free":{"anything":{"goes":1},"known":{"a":"1","b":2}},
        "template":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"x":1},"zzz":1}}}
      """)
    let unknown = SchemaPruner(schema: try Self.schema(), catalog: SchemaCatalog()).prune(&value)
    #expect(
      unknown == [
        "status", "spec.imag", "spec.items[0].nam", "spec.limits.cpu.min", "spec.free.known.b",
        "spec.template.spec.x", "spec.template.zzz",
      ])
    #expect(
      try value["spec"]
        == json(
          """
          {"image":"ab","items":[{"name":"a"}],"limits":{"cpu":{"max":1}},
            "free":{"anything":{"goes":1},"known":{"a":"1"}},
            "template":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{}}}
          """))
    #expect(try value["metadata"] == json(#"{"name":"n","extra":1}"#))
  }

  @Test func `metadata is pruned by its own definition where that is known`() throws {
    let metadata = Schema {
      $0.kind = .object
      $0.properties = [("name", Schema { $0.kind = .string })]
    }
    let catalog = SchemaCatalog([SchemaCatalog.objectMetaName: metadata])
    var value = try json(#"{"metadata":{"name":"n","extra":1},"spec":{}}"#)
    #expect(SchemaPruner(schema: try Self.schema(), catalog: catalog).prune(&value) == ["metadata.extra"])
    value = try json(#"{"metadata":{"name":5},"spec":{"image":"ab"}}"#)
    let causes = SchemaValidator(schema: try Self.schema(), catalog: catalog).validate(value)
    #expect(causes.map(\.field) == ["metadata.name"])
  }

  @Test func `defaults go into what is there and not into what is absent`() throws {
    var value = try json(
      #"{"spec":{"image":null,"mode":null,"note":null,"items":[{"name":"a"}],"limits":{"cpu":{}}}}"#)
    SchemaDefaulter(schema: try Self.schema(), catalog: SchemaCatalog()).applyDefaults(to: &value)
    #expect(
      try value
        == json(
          """
          {"spec":{"replicas":1,"mode":"Slow","note":null,"items":[{"name":"a","weight":5}],
            "limits":{"cpu":{"unit":"Mi"}},"filled":{"inner":"x"}}}
          """))
    let once = value
    SchemaDefaulter(schema: try Self.schema(), catalog: SchemaCatalog()).applyDefaults(to: &value)
    #expect(value == once)
  }

  @Test func `definitions that refer to themselves stay bounded`() throws {
    let node = Schema {
      $0.kind = .object
      $0.properties = [
        (
          "left",
          Schema {
            $0.reference = "Node"
            $0.defaultValue = [:]
          }
        ),
        ("right", .reference("Node")),
      ]
    }
    let catalog = SchemaCatalog(["Node": node, "Loop": .reference("Loop")])
    var value: JSONValue = [:]
    SchemaDefaulter(schema: .reference("Node"), catalog: catalog).applyDefaults(to: &value)
    #expect(value["left"]?["left"] != nil)
    var deep: JSONValue = [:]
    for _ in 0..<300 { deep = ["right": deep] }
    let causes = SchemaValidator(schema: .reference("Node"), catalog: catalog).validate(deep)
    #expect(causes.map(\.message) == ["Invalid value: nested deeper than 200 levels"])
    _ = SchemaPruner(schema: .reference("Node"), catalog: catalog).prune(&deep)
    #expect(SchemaValidator(schema: .reference("Loop"), catalog: catalog).validate(1).isEmpty)
  }

  @Test func `at most a hundred causes are collected`() throws {
    let spec = (0..<500).map { "\"k\($0)\":{\"max\":\"x\"}" }.joined(separator: ",")
    #expect(try problems(#"{"image":"ab","limits":{\#(spec)}}"#).count == 100)
  }
}
