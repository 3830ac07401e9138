internal import Basics
internal import Formats

/// An OpenAPI 2 document in its protobuf form (gnostic's `OpenAPIv2.proto`, the only one that kubectl 1.20
/// reads). Field numbers are that file's.
enum OpenAPIProtobuf {
  static func document(_ json: JSONValue) -> Bytes {
    var writer = ProtobufWriter()
    writer.text(1, json["swagger"]?.string)
    writer.message(2) { information in
      information.text(1, json.at("info", "title")?.string)
      information.text(2, json.at("info", "version")?.string)
    }
    writer.message(8) { paths in
      for (path, item) in json["paths"]?.object ?? [:] {
        paths.message(2) { named in
          named.text(1, path)
          named.message(2) { pathItem(item, &$0) }
        }
      }
    }
    writer.message(9) { namedSchemas(json["definitions"], &$0) }
    return writer.bytes
  }

  private static func pathItem(_ json: JSONValue, _ writer: inout ProtobufWriter) {
    for (field, method) in [(UInt64(2), "get"), (3, "put"), (4, "post"), (5, "delete"), (8, "patch")] {
      if let operation = json[method] { writer.message(field) { self.operation(operation, &$0) } }
    }
    for item in json["parameters"]?.array ?? [] { writer.message(9) { parameter(item, &$0) } }
  }

  private static func operation(_ json: JSONValue, _ writer: inout ProtobufWriter) {
    writer.text(5, json["operationId"]?.string)
    for type in json["produces"]?.array ?? [] { writer.text(6, type.string) }
    for type in json["consumes"]?.array ?? [] { writer.text(7, type.string) }
    for item in json["parameters"]?.array ?? [] { writer.message(8) { parameter(item, &$0) } }
    writer.message(9) { responses in
      for (code, response) in json["responses"]?.object ?? [:] {
        responses.message(1) { named in
          named.text(1, code)
          named.message(2) { value in
            value.message(1) { answer in
              answer.text(1, response["description"]?.string)
              if let schema = response["schema"] {
                answer.message(2) { item in item.message(1) { self.schema(schema, &$0) } }
              }
            }
          }
        }
      }
    }
    extensions(json, field: 13, &writer)
  }

  /// A `ParametersItem`: its one alternative, then body or not, then where it stands.
  private static func parameter(_ json: JSONValue, _ writer: inout ProtobufWriter) {
    writer.message(1) { parameter in
      switch json["in"]?.string {
      case "body":
        parameter.message(1) { body in
          body.text(2, json["name"]?.string)
          body.text(3, "body")
          body.flag(4, json["required"]?.bool ?? false)
          if let schema = json["schema"] { body.message(5) { self.schema(schema, &$0) } }
        }
      case "query":
        parameter.message(2) { other in
          other.message(3) { query in
            query.flag(1, json["required"]?.bool ?? false)
            query.text(2, "query")
            query.text(4, json["name"]?.string)
            query.text(6, json["type"]?.string)
          }
        }
      default:
        parameter.message(2) { other in
          other.message(4) { path in
            path.flag(1, true)
            path.text(2, "path")
            path.text(4, json["name"]?.string)
            path.text(5, json["type"]?.string)
          }
        }
      }
    }
  }

  private static func namedSchemas(_ json: JSONValue?, _ writer: inout ProtobufWriter) {
    for (name, schema) in json?.object ?? [:] {
      writer.message(1) { named in
        named.text(1, name)
        named.message(2) { self.schema(schema, &$0) }
      }
    }
  }

  private static func schema(_ json: JSONValue, _ writer: inout ProtobufWriter) {
    writer.text(1, json["$ref"]?.string)
    writer.text(2, json["format"]?.string)
    writer.text(4, json["description"]?.string)
    if let value = json["default"] { writer.message(5) { any(value, &$0) } }
    writer.double(7, json["maximum"]?.double)
    writer.double(9, json["minimum"]?.double)
    writer.integer(11, json["maxLength"]?.int)
    writer.integer(12, json["minLength"]?.int)
    writer.text(13, json["pattern"]?.string)
    writer.integer(14, json["maxItems"]?.int)
    writer.integer(15, json["minItems"]?.int)
    for name in json["required"]?.array ?? [] { writer.text(19, name.string) }
    for value in json["enum"]?.array ?? [] { writer.message(20) { any(value, &$0) } }
    if let additional = json["additionalProperties"] {
      writer.message(21) { item in item.message(1) { schema(additional, &$0) } }
    }
    if let type = json["type"]?.string { writer.message(22) { $0.text(1, type) } }
    if let items = json["items"] { writer.message(23) { list in list.message(1) { schema(items, &$0) } } }
    if let properties = json["properties"] { writer.message(25) { namedSchemas(properties, &$0) } }
    extensions(json, field: 31, &writer)
  }

  /// `x-…` members as `NamedAny`, their values as YAML text (JSON is YAML).
  private static func extensions(_ json: JSONValue, field: UInt64, _ writer: inout ProtobufWriter) {
    for (name, value) in json.object ?? [:] where name.hasPrefix("x-") {
      writer.message(field) { named in
        named.text(1, name)
        named.message(2) { any(value, &$0) }
      }
    }
  }

  private static func any(_ value: JSONValue, _ writer: inout ProtobufWriter) {
    writer.text(2, value.encodedText + "\n")
  }
}
