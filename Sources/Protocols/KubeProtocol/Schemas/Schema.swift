public import Formats

/// An OpenAPI v3 schema as Kubernetes uses it: structural, with the `x-kubernetes-…` extensions that steer
/// pruning, defaulting and strategic merge. Immutable; shared definitions are referred to by name, never
/// copied.
public final class Schema: Sendable {
  public enum Kind: String, Sendable { case object, array, string, integer, number, boolean }

  /// The parts of a schema, all optional; `Schema.init` freezes them.
  public struct Parts: Sendable {
    /// Nil with `reference`, with int-or-string, and where anything goes.
    public var kind: Kind?
    /// A name in a `SchemaCatalog` that stands for this schema: `io.k8s.api.core.v1.PodSpec`.
    public var reference: String?
    public var description = ""
    /// `int32`, `int64`, `double`, `date-time`, `byte`, …
    public var format = ""
    /// In declaration order.
    public var properties: [(name: String, schema: Schema)] = []
    public var required: [String] = []
    /// The schema of values under keys that `properties` does not name (maps).
    public var additionalProperties: Schema?
    public var items: Schema?
    public var enumeration: [JSONValue] = []
    public var defaultValue: JSONValue?
    public var isNullable = false
    /// `x-kubernetes-preserve-unknown-fields`.
    public var preservesUnknownFields = false
    /// `x-kubernetes-int-or-string`.
    public var isIntOrString = false
    /// `x-kubernetes-embedded-resource`.
    public var isEmbeddedResource = false
    public var pattern: String?
    public var minimum: Double?
    public var maximum: Double?
    public var minimumLength: Int?
    public var maximumLength: Int?
    public var minimumItems: Int?
    public var maximumItems: Int?
    /// With these, `minimum` and `maximum` themselves are out of range.
    public var excludesMinimum = false
    public var excludesMaximum = false
    public var multipleOf: Double?
    public var minimumProperties: Int?
    public var maximumProperties: Int?
    /// Further conditions on the same value; they neither prune nor default.
    public var allOf: [Schema] = []
    public var anyOf: [Schema] = []
    public var oneOf: [Schema] = []
    public var not: Schema?
    /// `x-kubernetes-patch-merge-key`.
    public var patchMergeKey: String?
    /// `x-kubernetes-patch-strategy`: `merge`, `replace`, `retainKeys`.
    public var patchStrategies: [String] = []
    /// `x-kubernetes-list-type`: `atomic`, `set`, `map`.
    public var listType: String?
    public var listMapKeys: [String] = []
    /// `x-kubernetes-map-type: atomic`: an object that has one owner as a whole.
    public var isAtomicMap = false
    /// `x-kubernetes-group-version-kind`, on the roots of kinds.
    public var groupVersionKinds: [GroupVersionKind] = []

    public init() {}
  }

  public let parts: Parts
  private let propertyIndex: [String: Int]

  public init(_ parts: Parts) {
    self.parts = parts
    var index: [String: Int] = [:]
    for (position, property) in parts.properties.enumerated() { index[property.name] = position }
    propertyIndex = index
  }

  public convenience init(build: (inout Parts) -> Void) {
    var parts = Parts()
    build(&parts)
    self.init(parts)
  }

  public static func reference(_ name: String) -> Schema { Schema { $0.reference = name } }

  /// Whether the schema says nothing about the value's shape.
  public var acceptsAnything: Bool {
    parts.kind == nil && parts.reference == nil && !parts.isIntOrString && parts.properties.isEmpty
      && parts.additionalProperties == nil && parts.items == nil
  }

  /// The schema of a named property.
  public func property(_ name: String) -> Schema? { propertyIndex[name].map { parts.properties[$0].schema } }
}

/// Named schemas, which may refer to each other.
public struct SchemaCatalog: Sendable {
  public private(set) var definitions: [String: Schema]

  /// The definition that stands for `metadata` where a schema does not describe it itself.
  public static let objectMetaName = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

  public init(_ definitions: [String: Schema] = [:]) { self.definitions = definitions }

  public mutating func add(_ name: String, _ schema: Schema) { definitions[name] = schema }

  /// Follows a reference (any number of them); an unknown name gives a schema that takes anything.
  public func resolve(_ schema: Schema) -> Schema {
    var current = schema
    for _ in 0..<32 {
      guard let name = current.parts.reference else { return current }
      guard let next = definitions[name] else { return Schema { $0.preservesUnknownFields = true } }
      current = next
    }
    return current
  }
}
