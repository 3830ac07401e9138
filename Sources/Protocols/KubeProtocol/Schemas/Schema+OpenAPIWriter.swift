public import Formats

extension Schema {
  /// The schema as OpenAPI v3 JSON. A reference that has siblings is wrapped in `allOf`, as Kubernetes
  /// publishes it.
  /// - Parameter refPrefix: what stands before the names of definitions.
  public func openAPIV3JSON(refPrefix: String = "#/components/schemas/") -> JSONValue {
    SchemaWriter(dialect: .version3, refPrefix: refPrefix).json(self)
  }

  /// The schema as OpenAPI v2 JSON, for older clients: it has no nulls, no alternatives, and nothing below
  /// fields that preserve what they do not know, since such clients would refuse values that the server
  /// takes.
  public func openAPIV2JSON(refPrefix: String = "#/definitions/") -> JSONValue {
    SchemaWriter(dialect: .version2, refPrefix: refPrefix).json(self)
  }
}

/// Writes schemas; recursion follows the schema tree, in which references are leaves.
private struct SchemaWriter {
  enum Dialect { case version2, version3 }

  let dialect: Dialect
  let refPrefix: String

  func json(_ schema: Schema) -> JSONValue {
    let parts = schema.parts
    var json = JSONObject()
    if !parts.description.isEmpty { json["description"] = .string(parts.description) }
    if let value = parts.defaultValue { json["default"] = value }
    if let reference = parts.reference {
      writePatchExtensions(parts, &json)
      writeReference(refPrefix + reference, parts, &json)
      return .object(json)
    }
    writeType(parts, &json)
    writeConstraints(parts, &json)
    writeChildren(parts, &json)
    if dialect == .version3 { writeConditions(parts, &json) }
    writePatchExtensions(parts, &json)
    writeOtherExtensions(parts, &json)
    return .object(json)
  }

  private func writeReference(_ target: String, _ parts: Schema.Parts, _ json: inout JSONObject) {
    if dialect == .version3 && !json.isEmpty {
      json["allOf"] = [["$ref": .string(target)]]
    } else {
      json["$ref"] = .string(target)
    }
    if dialect == .version3 && parts.isNullable { json["nullable"] = true }
  }

  /// Version 2 cannot say "or null" nor "anything else as well": there the type is left out.
  private func isOpen(_ parts: Schema.Parts) -> Bool {
    dialect == .version2 && (parts.isNullable || parts.isIntOrString)
  }

  private func writeType(_ parts: Schema.Parts, _ json: inout JSONObject) {
    if let kind = parts.kind, !isOpen(parts) { json["type"] = .string(kind.rawValue) }
    if !parts.format.isEmpty && !isOpen(parts) { json["format"] = .string(parts.format) }
    if dialect == .version3 && parts.isNullable { json["nullable"] = true }
    if parts.isIntOrString {
      json["x-kubernetes-int-or-string"] = true
      if dialect == .version3 && parts.anyOf.isEmpty && parts.kind == nil {
        json["anyOf"] = [["type": "integer"], ["type": "string"]]
      }
    }
  }

  private func writeConstraints(_ parts: Schema.Parts, _ json: inout JSONObject) {
    guard !isOpen(parts) else { return }
    if !parts.enumeration.isEmpty { json["enum"] = .array(parts.enumeration) }
    if let pattern = parts.pattern { json["pattern"] = .string(pattern) }
    for (name, value) in [
      ("minimum", parts.minimum), ("maximum", parts.maximum), ("multipleOf", parts.multipleOf),
    ] {
      guard let value else { continue }
      json[name] = Int64(exactly: value).map { .int($0) } ?? JSONNumber(value).map { .number($0) }
    }
    if parts.excludesMinimum { json["exclusiveMinimum"] = true }
    if parts.excludesMaximum { json["exclusiveMaximum"] = true }
    for (name, value) in [
      ("minLength", parts.minimumLength), ("maxLength", parts.maximumLength),
      ("minItems", parts.minimumItems),
      ("maxItems", parts.maximumItems), ("minProperties", parts.minimumProperties),
      ("maxProperties", parts.maximumProperties),
    ] {
      if let value { json[name] = .int(value) }
    }
  }

  private func writeChildren(_ parts: Schema.Parts, _ json: inout JSONObject) {
    if isOpen(parts) || (dialect == .version2 && parts.preservesUnknownFields) { return }
    if let items = parts.items { json["items"] = self.json(items) }
    if !parts.properties.isEmpty {
      json["properties"] = .object(JSONObject(parts.properties.map { ($0.name, self.json($0.schema)) }))
    }
    if let additional = parts.additionalProperties { json["additionalProperties"] = self.json(additional) }
    if !parts.required.isEmpty { json["required"] = .array(parts.required.map { .string($0) }) }
  }

  private func writeConditions(_ parts: Schema.Parts, _ json: inout JSONObject) {
    for (name, schemas) in [("allOf", parts.allOf), ("anyOf", parts.anyOf), ("oneOf", parts.oneOf)]
    where !schemas.isEmpty {
      json[name] = .array(schemas.map { self.json($0) })
    }
    if let refused = parts.not { json["not"] = self.json(refused) }
  }

  private func writePatchExtensions(_ parts: Schema.Parts, _ json: inout JSONObject) {
    if let key = parts.patchMergeKey { json["x-kubernetes-patch-merge-key"] = .string(key) }
    if !parts.patchStrategies.isEmpty {
      json["x-kubernetes-patch-strategy"] = .string(parts.patchStrategies.joined(separator: ","))
    }
    if let listType = parts.listType { json["x-kubernetes-list-type"] = .string(listType) }
    if !parts.listMapKeys.isEmpty {
      json["x-kubernetes-list-map-keys"] = .array(parts.listMapKeys.map { .string($0) })
    }
  }

  private func writeOtherExtensions(_ parts: Schema.Parts, _ json: inout JSONObject) {
    if parts.preservesUnknownFields { json["x-kubernetes-preserve-unknown-fields"] = true }
    if parts.isEmbeddedResource { json["x-kubernetes-embedded-resource"] = true }
    if parts.isAtomicMap { json["x-kubernetes-map-type"] = "atomic" }
    guard !parts.groupVersionKinds.isEmpty else { return }
    json["x-kubernetes-group-version-kind"] = .array(
      parts.groupVersionKinds.map {
        ["group": .string($0.group), "kind": .string($0.kind), "version": .string($0.version)]
      })
  }
}
