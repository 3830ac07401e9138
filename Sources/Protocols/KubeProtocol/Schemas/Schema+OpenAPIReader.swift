public import Formats

/// Why a schema cannot be used; one cause per fault, with the field path.
public struct SchemaError: Error, Sendable, CustomStringConvertible {
  public let causes: [KubeError.Cause]

  public init(causes: [KubeError.Cause]) { self.causes = causes }

  public var description: String {
    causes.map { "\($0.field): \($0.message)" }.joined(separator: "; ")
  }
}

extension Schema {
  /// Reads the `openAPIV3Schema` of a CustomResourceDefinition and checks that it is structural.
  ///
  /// Bounded: 200,000 schemas, 100 causes. CEL rules (`x-kubernetes-validations`) are accepted and not
  /// evaluated.
  /// - Parameter path: the field that the causes' paths begin with.
  public static func structural(
    openAPIV3 json: JSONValue, at path: String = "openAPIV3Schema"
  ) throws(SchemaError) -> Schema {
    var reader = SchemaReader(path: FieldPath(path), allowsReferences: false)
    let schema = reader.schema(json, .root)
    reader.checkDefaults(schema)
    if !reader.causes.isEmpty { throw SchemaError(causes: reader.causes) }
    return schema
  }

  /// Reads any OpenAPI v3 schema, with references, and without the rules for structural ones.
  public convenience init(openAPIV3 json: JSONValue) throws(SchemaError) {
    var reader = SchemaReader(path: FieldPath(), allowsReferences: true)
    let schema = reader.schema(json, .condition)
    if !reader.causes.isEmpty { throw SchemaError(causes: reader.causes) }
    self.init(schema.parts)
  }
}

/// One reading of a schema document. Recursion is bounded by the document's depth.
struct SchemaReader {
  /// Where a schema stands: that decides which structural rules hold.
  enum Place {
    case root, property, items
    /// Inside `allOf`, `anyOf`, `oneOf`, `not`, or a schema that need not be structural.
    case condition
  }

  static let maximumSchemas = 200_000
  static let maximumCauses = 100

  private(set) var causes: [KubeError.Cause] = []
  private var path: FieldPath
  private let allowsReferences: Bool
  private var count = 0

  init(path: FieldPath, allowsReferences: Bool) {
    self.path = path
    self.allowsReferences = allowsReferences
  }

  mutating func schema(_ json: JSONValue, _ place: Place) -> Schema {
    count += 1
    guard count <= Self.maximumSchemas else {
      add("FieldValueTooMany", "Too many: a schema may consist of \(Self.maximumSchemas) schemas at most")
      return Schema(Schema.Parts())
    }
    guard json.object != nil else {
      addType("object", json)
      return Schema(Schema.Parts())
    }
    var parts = Schema.Parts()
    readExtensions(json, &parts)
    readKind(json, place, &parts)
    readScalars(json, &parts)
    readValues(json, &parts)
    readChildren(json, place, &parts)
    checkStructure(json, place, parts)
    return Schema(parts)
  }

  /// Defaults must be valid values of their own schemas.
  mutating func checkDefaults(_ schema: Schema) {
    if let value = schema.parts.defaultValue {
      let validator = SchemaValidator(schema: schema, catalog: SchemaCatalog())
      for cause in validator.validate(value, at: path.appending("default")) {
        add(cause.reason, cause.message, at: cause.field)
      }
    }
    for (name, property) in schema.parts.properties {
      path.push("properties")
      path.push(key: name)
      checkDefaults(property)
      path.pop()
      path.pop()
    }
    for (name, child) in [
      ("items", schema.parts.items), ("additionalProperties", schema.parts.additionalProperties),
    ] {
      guard let child else { continue }
      path.push(name)
      checkDefaults(child)
      path.pop()
    }
  }

  private mutating func add(_ reason: String, _ message: String, at field: String? = nil) {
    guard causes.count < Self.maximumCauses else { return }
    causes.append(KubeError.Cause(reason: reason, message: message, field: field ?? path.text))
  }

  private mutating func addType(_ expected: String, _ value: JSONValue, _ field: String? = nil) {
    let name = FieldPath.quoted(value.typeName)
    add(
      "FieldValueTypeInvalid", "Invalid value: \(name): must be of type \(expected)",
      at: field.map { path.appending($0) })
  }

  private mutating func readExtensions(_ json: JSONValue, _ parts: inout Schema.Parts) {
    parts.preservesUnknownFields = flag(json, "x-kubernetes-preserve-unknown-fields")
    parts.isIntOrString = flag(json, "x-kubernetes-int-or-string")
    parts.isEmbeddedResource = flag(json, "x-kubernetes-embedded-resource")
    parts.patchMergeKey = text(json, "x-kubernetes-patch-merge-key")
    parts.patchStrategies =
      text(json, "x-kubernetes-patch-strategy")?.split(separator: ",").map(String.init) ?? []
    parts.listType = text(json, "x-kubernetes-list-type")
    parts.listMapKeys = texts(json, "x-kubernetes-list-map-keys")
    parts.isAtomicMap = text(json, "x-kubernetes-map-type") == "atomic"
    for item in json["x-kubernetes-group-version-kind"]?.array ?? [] {
      guard let version = item["version"]?.string, let kind = item["kind"]?.string else { continue }
      parts.groupVersionKinds.append(
        GroupVersionKind(group: item["group"]?.string ?? "", version: version, kind: kind))
    }
  }

  private mutating func readKind(_ json: JSONValue, _ place: Place, _ parts: inout Schema.Parts) {
    if let reference = text(json, "$ref") {
      if allowsReferences {
        parts.reference = reference.split(separator: "/").last.map(String.init) ?? reference
      } else {
        add("FieldValueForbidden", "Forbidden: $ref is not supported", at: path.appending("$ref"))
      }
    }
    guard let name = text(json, "type"), !name.isEmpty else { return }
    parts.kind = Schema.Kind(rawValue: name)
    if parts.kind == nil {
      let supported = ["array", "boolean", "integer", "number", "object", "string"].map(FieldPath.quoted)
      add(
        "FieldValueNotSupported",
        "Unsupported value: \(FieldPath.quoted(name)): "
          + "supported values: \(supported.joined(separator: ", "))",
        at: path.appending("type"))
    }
  }

  private mutating func readScalars(_ json: JSONValue, _ parts: inout Schema.Parts) {
    parts.description = text(json, "description") ?? ""
    parts.format = text(json, "format") ?? ""
    parts.isNullable = flag(json, "nullable")
    parts.minimum = double(json, "minimum")
    parts.maximum = double(json, "maximum")
    parts.excludesMinimum = flag(json, "exclusiveMinimum")
    parts.excludesMaximum = flag(json, "exclusiveMaximum")
    parts.multipleOf = double(json, "multipleOf")
    parts.minimumLength = count(json, "minLength")
    parts.maximumLength = count(json, "maxLength")
    parts.minimumItems = count(json, "minItems")
    parts.maximumItems = count(json, "maxItems")
    parts.minimumProperties = count(json, "minProperties")
    parts.maximumProperties = count(json, "maxProperties")
    guard let pattern = text(json, "pattern"), !pattern.isEmpty else { return }
    parts.pattern = pattern
    do {
      _ = try PatternCache.shared.pattern(pattern)
    } catch {
      add(
        "FieldValueInvalid",
        "Invalid value: \(FieldPath.quoted(pattern)): "
          + "must be a valid regular expression, but isn't: \(error.message)",
        at: path.appending("pattern"))
    }
  }

  private mutating func readValues(_ json: JSONValue, _ parts: inout Schema.Parts) {
    parts.required = texts(json, "required")
    parts.defaultValue = json["default"]
    if let values = json["enum"], !values.isNull {
      if let array = values.array { parts.enumeration = array } else { addType("array", values, "enum") }
    }
  }

  private mutating func readChildren(_ json: JSONValue, _ place: Place, _ parts: inout Schema.Parts) {
    let inner: Place = place == .condition ? .condition : .property
    if let properties = json["properties"], !properties.isNull {
      guard let object = properties.object else { return addType("object", properties, "properties") }
      path.push("properties")
      for (name, child) in object.members {
        path.push(key: name)
        parts.properties.append((name, schema(child, inner)))
        path.pop()
      }
      path.pop()
    }
    switch json["additionalProperties"] {
    case nil, .null?: break
    case .bool(true)?: parts.additionalProperties = Schema { $0.preservesUnknownFields = true }
    case .bool(false)?:
      if place != .condition {
        add("FieldValueForbidden", "Forbidden: must not be used", at: path.appending("additionalProperties"))
      }
    case let child?: parts.additionalProperties = read(child, "additionalProperties", inner)
    }
    if let child = json["items"], !child.isNull {
      parts.items = read(child, "items", place == .condition ? .condition : .items)
    }
    parts.allOf = conditions(json, "allOf")
    parts.anyOf = conditions(json, "anyOf")
    parts.oneOf = conditions(json, "oneOf")
    if let child = json["not"], !child.isNull { parts.not = read(child, "not", .condition) }
    if allowsReferences && parts.reference == nil && parts.allOf.count == 1, parts.properties.isEmpty,
      let reference = parts.allOf[0].parts.reference
    {
      // OpenAPI v3 wraps references that have siblings.
      parts.reference = reference
      parts.allOf = []
    }
  }

  private mutating func read(_ json: JSONValue, _ name: String, _ place: Place) -> Schema {
    path.push(name)
    defer { path.pop() }
    return schema(json, place)
  }

  private mutating func conditions(_ json: JSONValue, _ name: String) -> [Schema] {
    guard let value = json[name], !value.isNull else { return [] }
    guard let items = value.array else {
      addType("array", value, name)
      return []
    }
    path.push(name)
    defer { path.pop() }
    var schemas: [Schema] = []
    for (index, item) in items.enumerated() {
      path.push(index)
      schemas.append(schema(item, .condition))
      path.pop()
    }
    return schemas
  }

  private mutating func checkStructure(_ json: JSONValue, _ place: Place, _ parts: Schema.Parts) {
    guard place != .condition else { return }
    let hasNoType = text(json, "type") ?? "" == ""
    if hasNoType && !parts.isIntOrString && !parts.preservesUnknownFields {
      let subject =
        switch place {
        case .root: "at the root"
        case .items: "for specified array items"
        default: "for specified object fields"
        }
      add("FieldValueRequired", "Required value: must not be empty \(subject)", at: path.appending("type"))
    }
    if place == .root, let kind = parts.kind, kind != .object {
      add(
        "FieldValueInvalid", "Invalid value: \"\(kind.rawValue)\": must be object at the root",
        at: path.appending("type"))
    }
    if !parts.properties.isEmpty && parts.additionalProperties != nil {
      add(
        "FieldValueForbidden", "Forbidden: additionalProperties and properties are mutual exclusive",
        at: path.appending("additionalProperties"))
    }
    if parts.kind == .array && parts.items == nil {
      add("FieldValueRequired", "Required value: must be specified", at: path.appending("items"))
    }
    if flag(json, "uniqueItems") {
      add(
        "FieldValueForbidden", "Forbidden: uniqueItems cannot be set to true",
        at: path.appending("uniqueItems"))
    }
    checkListType(parts)
  }

  private mutating func checkListType(_ parts: Schema.Parts) {
    guard let listType = parts.listType else { return }
    guard ["atomic", "set", "map"].contains(listType) else {
      return add(
        "FieldValueNotSupported",
        "Unsupported value: \(FieldPath.quoted(listType)): supported values: \"atomic\", \"map\", \"set\"",
        at: path.appending("x-kubernetes-list-type"))
    }
    if listType == "map" && parts.listMapKeys.isEmpty {
      add(
        "FieldValueRequired", "Required value: must not be empty if x-kubernetes-list-type is map",
        at: path.appending("x-kubernetes-list-map-keys"))
    }
  }

  private mutating func text(_ json: JSONValue, _ name: String) -> String? {
    guard let value = json[name], !value.isNull else { return nil }
    if value.string == nil { addType("string", value, name) }
    return value.string
  }

  private mutating func flag(_ json: JSONValue, _ name: String) -> Bool {
    guard let value = json[name], !value.isNull else { return false }
    if value.bool == nil { addType("boolean", value, name) }
    return value.bool ?? false
  }

  private mutating func double(_ json: JSONValue, _ name: String) -> Double? {
    guard let value = json[name], !value.isNull else { return nil }
    if value.double == nil { addType("number", value, name) }
    return value.double
  }

  private mutating func count(_ json: JSONValue, _ name: String) -> Int? {
    guard let value = json[name], !value.isNull else { return nil }
    guard let number = value.int, number >= 0, let count = Int(exactly: number) else {
      addType("integer", value, name)
      return nil
    }
    return count
  }

  private mutating func texts(_ json: JSONValue, _ name: String) -> [String] {
    guard let value = json[name], !value.isNull else { return [] }
    let texts = value.array?.compactMap(\.string) ?? []
    if value.array?.count != texts.count { addType("array", value, name) }
    return texts
  }
}
