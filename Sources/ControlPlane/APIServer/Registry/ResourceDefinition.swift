public import KubeProtocol

/// One collection that the server serves, as data: a new kind is one of these plus a schema.
public struct ResourceDefinition: Sendable {
  /// The `scale` subresource: where the numbers lie in the object.
  public struct ScalePaths: Sendable, Hashable {
    public var specReplicas: [String]
    public var statusReplicas: [String]
    /// Where the selector lies; nil where the kind has none.
    public var selector: [String]?

    public init(specReplicas: [String], statusReplicas: [String], selector: [String]?) {
      self.specReplicas = specReplicas
      self.statusReplicas = statusReplicas
      self.selector = selector
    }
  }

  public var resource: KubeResource
  public var singular: String
  public var shortNames: [String]
  public var categories: [String]
  public var listKind: String
  /// The root of the kind's schema; may refer into the catalog.
  public var schema: Schema
  public var hasStatus: Bool
  public var scale: ScalePaths?
  /// Subresources that have a handler of their own: `log`, `binding`.
  public var connections: [String]
  /// Empty for the default NAME and AGE.
  public var columns: [TableColumn]
  public var strategy: ResourceStrategy
  /// From a CustomResourceDefinition: no strategic merge patch, no unconditional update.
  public var isCustom: Bool
  /// Under which collection objects lie in the store: the versions of a kind share one.
  public var storageGroup: String
  public var storagePlural: String
  /// How an object of another version of the kind is shown in this one, where more than `apiVersion` differs;
  /// gets the version's name.
  public var convert: (@Sendable (KubeObject, String) -> KubeObject)?
  /// The version that objects are stored in; nil: as they are written.
  public var storedVersion: String?
  /// Answers a `POST` without storing anything (reviews); such a resource knows no other verb.
  var review: ReviewKind?

  public init(
    _ resource: KubeResource, shortNames: [String] = [], categories: [String] = [], schema: Schema,
    hasStatus: Bool = false, scale: ScalePaths? = nil, connections: [String] = [],
    columns: [TableColumn] = [],
    strategy: ResourceStrategy = ResourceStrategy(), isCustom: Bool = false
  ) {
    self.resource = resource
    singular = resource.kind.lowercased()
    self.shortNames = shortNames
    self.categories = categories
    listKind = resource.kind + "List"
    self.schema = schema
    self.hasStatus = hasStatus
    self.scale = scale
    self.connections = connections
    self.columns = columns
    self.strategy = strategy
    self.isCustom = isCustom
    storageGroup = resource.group
    storagePlural = resource.plural
    convert = nil
    storedVersion = nil
    review = nil
  }

  /// `/apps/deployments/`; the core group is spelled out.
  var storagePrefix: String { "/\(storageGroup.isEmpty ? "core" : storageGroup)/\(storagePlural)/" }

  /// - Parameter namespace: nil for all namespaces.
  func storagePrefix(namespace: String?) -> String {
    guard resource.isNamespaced, let namespace else { return storagePrefix }
    return storagePrefix + namespace + "/"
  }

  func storageKey(_ key: ObjectKey) -> String {
    storagePrefix + (resource.isNamespaced ? key.namespace : "") + "/" + key.name
  }

  var verbs: [String] {
    review == nil
      ? ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"] : ["create"]
  }
}
