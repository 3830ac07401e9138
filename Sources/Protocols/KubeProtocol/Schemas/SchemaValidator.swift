public import Formats

/// Checks a value against a schema and says what is wrong in the words of the Kubernetes API server.
///
/// Bounded: at most `Options.maximumCauses` causes; recursion follows the value (and stops at 200 levels),
/// never the schema, so that definitions may refer to themselves. CEL rules (`x-kubernetes-validations`) are
/// not evaluated.
public struct SchemaValidator: Sendable {
  public struct Options: Sendable {
    /// A null counts as an absent field, as in Kubernetes' own kinds.
    public var nullsAreAbsent: Bool
    /// Refuses repeated elements in lists of type `set` and `map`.
    public var checksListKeys: Bool
    public var maximumCauses = 100

    public init(nullsAreAbsent: Bool, checksListKeys: Bool) {
      self.nullsAreAbsent = nullsAreAbsent
      self.checksListKeys = checksListKeys
    }

    public static let customResource = Options(nullsAreAbsent: false, checksListKeys: true)
    public static let builtIn = Options(nullsAreAbsent: true, checksListKeys: false)
  }

  private let schema: Schema
  private let catalog: SchemaCatalog
  private let options: Options

  public init(schema: Schema, catalog: SchemaCatalog, options: Options = .customResource) {
    self.schema = schema
    self.catalog = catalog
    self.options = options
  }

  /// - Parameter path: the field that `value` is; "" for a whole object.
  public func validate(_ value: JSONValue, at path: String = "") -> [KubeError.Cause] {
    var run = SchemaValidationRun(catalog: catalog, options: options, path: FieldPath(path))
    run.validate(value, schema, isResource: path.isEmpty)
    return run.causes
  }
}

/// One walk over a value.
struct SchemaValidationRun {
  let catalog: SchemaCatalog
  let options: SchemaValidator.Options
  var path: FieldPath
  var causes: [KubeError.Cause] = []

  static let maximumDepth = 200

  init(catalog: SchemaCatalog, options: SchemaValidator.Options, path: FieldPath) {
    self.catalog = catalog
    self.options = options
    self.path = path
  }

  var isFull: Bool { causes.count >= options.maximumCauses }

  mutating func validate(_ value: JSONValue, _ unresolved: Schema, isResource: Bool = false) {
    let schema = catalog.resolve(unresolved)
    let parts = schema.parts
    if isFull { return }
    guard path.depth < Self.maximumDepth else {
      return add("FieldValueInvalid", "Invalid value: nested deeper than \(Self.maximumDepth) levels")
    }
    if value.isNull {
      let accepted = parts.isNullable || unresolved.parts.isNullable || options.nullsAreAbsent
      if !accepted && !schema.acceptsAnything { addTypeCause(value, Self.expectedType(parts)) }
      return
    }
    guard hasExpectedType(value, parts) else { return addTypeCause(value, Self.expectedType(parts)) }
    if !parts.enumeration.isEmpty { checkEnumeration(value, parts) }
    switch value {
    case .string(let text): checkString(text, parts)
    case .number(let number): checkNumber(number, parts)
    case .array(let elements): checkArray(elements, parts)
    case .object(let object): checkObject(object, schema, isResource: isResource)
    case .bool, .null: break
    }
    checkComposition(value, parts)
  }

  mutating func add(_ reason: String, _ message: String) { add(reason, message, at: path.text) }

  mutating func add(_ reason: String, _ message: String, at field: String) {
    if !isFull { causes.append(KubeError.Cause(reason: reason, message: message, field: field)) }
  }

  mutating func addInvalid(_ shown: String, _ rest: String) {
    add("FieldValueInvalid", "Invalid value: \(shown): \(path.text) in body \(rest)")
  }

  private mutating func addTypeCause(_ value: JSONValue, _ expected: String) {
    let name = FieldPath.quoted(value.typeName)
    add(
      "FieldValueTypeInvalid",
      "Invalid value: \(name): \(path.text) in body must be of type \(expected): \(name)")
  }

  private static func expectedType(_ parts: Schema.Parts) -> String {
    parts.isIntOrString ? "integer,string" : parts.kind?.rawValue ?? "object"
  }

  private func hasExpectedType(_ value: JSONValue, _ parts: Schema.Parts) -> Bool {
    if parts.isIntOrString { return value.string != nil || value.int != nil }
    switch parts.kind {
    case .object: return value.object != nil
    case .array: return value.array != nil
    case .string: return value.string != nil
    case .boolean: return value.bool != nil
    case .number: return value.double != nil
    case .integer:
      guard case .number(let number) = value else { return false }
      return number.int64 != nil || number.uint64 != nil
    case nil: return true
    }
  }

  private mutating func checkEnumeration(_ value: JSONValue, _ parts: Schema.Parts) {
    if parts.enumeration.contains(where: { $0.isEquivalent(to: value) }) { return }
    let supported = parts.enumeration.map(Self.shown).joined(separator: ", ")
    add("FieldValueNotSupported", "Unsupported value: \(Self.shown(value)): supported values: \(supported)")
  }

  private mutating func checkObject(_ object: JSONObject, _ schema: Schema, isResource: Bool) {
    let parts = schema.parts
    if let minimum = parts.minimumProperties, object.count < minimum {
      addInvalid(String(object.count), "should have at least \(minimum) properties")
    }
    if let maximum = parts.maximumProperties, object.count > maximum {
      add("FieldValueTooMany", "Too many: \(object.count): must have at most \(maximum) items")
    }
    for name in parts.required {
      let value = object[name]
      if value == nil || (options.nullsAreAbsent && value?.isNull == true) {
        add("FieldValueRequired", "Required value", at: path.appending(name))
      }
    }
    if parts.isEmbeddedResource {
      for name in ["apiVersion", "kind"] where (object[name]?.string ?? "").isEmpty {
        add("FieldValueRequired", "Required value: must not be empty", at: path.appending(name))
      }
    }
    for (key, value) in object.members {
      if isFull { return }
      path.push(key)
      if key == "metadata", isResource || parts.isEmbeddedResource,
        let metadata = schema.metadataSchema(catalog)
      {
        validate(value, metadata)
      }
      if let property = schema.property(key) ?? parts.additionalProperties { validate(value, property) }
      path.pop()
    }
  }

  private mutating func checkArray(_ elements: [JSONValue], _ parts: Schema.Parts) {
    if let minimum = parts.minimumItems, elements.count < minimum {
      addInvalid(String(elements.count), "should have at least \(minimum) items")
    }
    if let maximum = parts.maximumItems, elements.count > maximum {
      add("FieldValueTooMany", "Too many: \(elements.count): must have at most \(maximum) items")
    }
    if let items = parts.items {
      for (index, element) in elements.enumerated() {
        if isFull { return }
        path.push(index)
        validate(element, items)
        path.pop()
      }
    }
    if options.checksListKeys { checkListKeys(elements, parts) }
  }

  private mutating func checkListKeys(_ elements: [JSONValue], _ parts: Schema.Parts) {
    guard parts.listType == "set" || (parts.listType == "map" && !parts.listMapKeys.isEmpty) else { return }
    let defaults = parts.items.map { catalog.resolve($0) }
    var seen: Set<[MergeIdentity]> = []
    for (index, element) in elements.enumerated() {
      var shown = element
      var identity = [MergeIdentity(element)]
      if parts.listType == "map" {
        guard element.object != nil else { continue }
        let keys = parts.listMapKeys.map { key in
          (key, element[key] ?? defaults?.property(key)?.parts.defaultValue ?? JSONValue.null)
        }
        identity = keys.map { MergeIdentity($0.1) }
        shown = .object(JSONObject(keys))
      }
      if seen.insert(identity).inserted { continue }
      path.push(index)
      add("FieldValueDuplicate", "Duplicate value: \(Self.shown(shown))")
      path.pop()
    }
  }

  /// A value as messages show it: text in quotes, everything else as JSON, cut where it is long.
  static func shown(_ value: JSONValue) -> String {
    let text = value.string.map(FieldPath.quoted) ?? value.encodedText
    return text.utf8.count > 512 ? String(text.prefix(512)) + "…" : text
  }
}

extension Schema {
  /// The definition of `metadata`, where this schema does not refer to one itself: a custom resource may only
  /// add conditions to it.
  func metadataSchema(_ catalog: SchemaCatalog) -> Schema? {
    if property("metadata")?.parts.reference != nil { return nil }
    return catalog.definitions[SchemaCatalog.objectMetaName]
  }
}
