internal import Formats
internal import KubeProtocol
internal import TestSupport
internal import Testing

@Suite struct SchemaOpenAPITests {
  private func faults(_ text: String) throws -> [String] {
    do {
      _ = try Schema.structural(openAPIV3: try json(text), at: "schema")
      return []
    } catch let error as SchemaError {
      return error.causes.map { "\($0.field): \($0.message)" }
    }
  }

  @Test(arguments: [
    (#"{"properties":{}}"#, ["schema.type: Required value: must not be empty at the root"]),
    (#"{"type":"string"}"#, [#"schema.type: Invalid value: "string": must be object at the root"#]),
    (
      #"{"type":"object","properties":{"a":{}}}"#,
      ["schema.properties[a].type: Required value: must not be empty for specified object fields"]
    ),
    (
      #"{"type":"object","properties":{"a":{"type":"array"}}}"#,
      ["schema.properties[a].items: Required value: must be specified"]
    ),
    (
      #"{"type":"object","properties":{"a":{"type":"array","items":{}}}}"#,
      ["schema.properties[a].items.type: Required value: must not be empty for specified array items"]
    ),
    (
      #"{"type":"object","properties":{"a":{"type":"strin"}}}"#,
      [
        #"schema.properties[a].type: Unsupported value: "strin": supported values: "array", "boolean", "integer", "number", "object", "string""#
      ]
    ),
    (
      #"{"type":"object","properties":{"a":{"$ref":"x","type":"object"}}}"#,
      ["schema.properties[a].$ref: Forbidden: $ref is not supported"]
    ),
    (
      #"{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":{"type":"string"}}"#,
      ["schema.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive"]
    ),
    (
      #"{"type":"object","properties":{"a":{"type":"string","pattern":"["}}}"#,
      [
        #"schema.properties[a].pattern: Invalid value: "[": must be a valid regular expression, but isn't: error parsing regexp: missing closing ]"#
      ]
    ),
    (
      #"{"type":"object","properties":{"a":{"type":"integer","default":"x"}}}"#,
      [
        #"schema.properties[a].default: Invalid value: "string": schema.properties[a].default in body must be of type integer: "string""#
      ]
    ),
    (
      #"{"type":"object","properties":{"a":{"type":"array","items":{"type":"object"},"x-kubernetes-list-type":"map"}}}"#,
      [
        "schema.properties[a].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map"
      ]
    ),
    (
      #"{"type":"object","properties":{"a":{"type":"string","minLength":-1,"nullable":"no"}}}"#,
      [
        #"schema.properties[a].nullable: Invalid value: "string": must be of type boolean"#,
        #"schema.properties[a].minLength: Invalid value: "integer": must be of type integer"#,
      ]
    ),
    ("[]", [#"schema: Invalid value: "array": must be of type object"#]),
  ])
  func `a schema that is not structural is refused with the field`(text: String, expected: [String]) throws {
    #expect(try faults(text) == expected)
  }

  @Test func `what was read is what is written`() throws {
    let schema = try Schema.structural(openAPIV3: try json(SchemaEngineTests.crd))
    let written = schema.openAPIV3JSON()
    #expect(try Schema.structural(openAPIV3: written).openAPIV3JSON() == written)
    #expect(written["properties"]?["spec"] == (try json(SchemaEngineTests.crd))["properties"]?["spec"])
  }

  @Test func `references with siblings are wrapped in version 3 and stand beside them in version 2`() throws {
    let schema = Schema {
      $0.reference = "io.k8s.Spec"
      $0.description = "what is wanted"
      $0.patchStrategies = ["retainKeys"]
    }
    #expect(
      try schema.openAPIV3JSON()
        == json(
          """
          {"description":"what is wanted","allOf":[{"$ref":"#/components/schemas/io.k8s.Spec"}],
            "x-kubernetes-patch-strategy":"retainKeys"}
          """))
    #expect(schema.openAPIV2JSON()["$ref"] == "#/definitions/io.k8s.Spec")
    #expect(Schema.reference("A").openAPIV3JSON() == ["$ref": "#/components/schemas/A"])
    let read = try Schema(openAPIV3: schema.openAPIV3JSON())
    #expect(read.parts.reference == "io.k8s.Spec")
    #expect(read.parts.patchStrategies == ["retainKeys"])
  }

  @Test func `version 2 leaves out what it cannot say`() throws {
    let schema = try Schema.structural(openAPIV3: try json(SchemaEngineTests.crd)).openAPIV2JSON()
    let spec = schema["properties"]?["spec"]?["properties"]
    #expect(spec?["port"] == ["x-kubernetes-int-or-string": true])
    #expect(spec?["note"]?["type"] == nil)
    #expect(spec?["free"]?["properties"] == nil)
    #expect(spec?["choice"]?["oneOf"] == nil)
    #expect(spec?["replicas"]?["format"] == "int32")
  }

  @Test func `damaged schemas give an error or a schema`() throws {
    var generator = SeededGenerator(seed: 8)
    let keys = [
      "type", "properties", "items", "object", "array", "string", "required", "default", "enum", "anyOf",
      "not",
      "additionalProperties", "pattern", "minimum", "x-kubernetes-list-type", "$ref", "nullable",
    ]
    for _ in 0..<3000 {
      let document = generator.value(depth: 6, keys: keys)
      _ = try? Schema.structural(openAPIV3: document)
      guard let schema = try? Schema(openAPIV3: document) else { continue }
      _ = SchemaValidator(schema: schema, catalog: SchemaCatalog()).validate(document)
      _ = (schema.openAPIV2JSON(), schema.openAPIV3JSON())
    }
    for _ in 0..<500 {
      let text = generator.damaged(SchemaEngineTests.crd, with: "{}[]\":,tfn0")
      guard let document = try? json(text) else { continue }
      _ = try? Schema.structural(openAPIV3: document)
    }
  }
}
