public import KubeProtocol

/// What is special about a kind: defaulting, validation, what a write may touch. Every part may be left out.
public struct ResourceStrategy: Sendable {
  /// Which names an object of the kind may have.
  public enum NameRule: Sendable {
    /// DNS-1123 subdomain: most kinds.
    case subdomain
    /// DNS-1123 label: namespaces.
    case label
    /// DNS-1035 label: services.
    case label1035
    /// One path segment.
    case pathSegment
  }

  /// `metadata.generation` counts changes of everything but metadata and status.
  public var hasGeneration: Bool
  public var nameRule: NameRule
  /// Field selector labels besides `metadata.name` and `metadata.namespace`, with the paths they read.
  public var fieldLabels: [String: [String]]
  /// A deletion waits for whoever runs the object (pods).
  public var isDeletedGracefully: Bool
  /// The upstream-visible default values.
  public var applyDefaults: (@Sendable (inout KubeObject) -> Void)?
  /// Sets what only the server decides when an object is made.
  public var prepareForCreate: (@Sendable (inout KubeObject, WriteContext) async throws -> Void)?
  /// Restores or computes what a client may not change; the second argument is the stored object.
  public var prepareForUpdate: (@Sendable (inout KubeObject, KubeObject, WriteContext) async throws -> Void)?
  /// Rules that a schema cannot express; the old object is nil on creation.
  public var validate: (@Sendable (KubeObject, KubeObject?) -> [KubeError.Cause])?

  public init(
    hasGeneration: Bool = false, nameRule: NameRule = .subdomain, fieldLabels: [String: [String]] = [:],
    isDeletedGracefully: Bool = false, applyDefaults: (@Sendable (inout KubeObject) -> Void)? = nil,
    prepareForCreate: (@Sendable (inout KubeObject, WriteContext) async throws -> Void)? = nil,
    prepareForUpdate: (@Sendable (inout KubeObject, KubeObject, WriteContext) async throws -> Void)? = nil,
    validate: (@Sendable (KubeObject, KubeObject?) -> [KubeError.Cause])? = nil
  ) {
    self.hasGeneration = hasGeneration
    self.nameRule = nameRule
    self.fieldLabels = fieldLabels
    self.isDeletedGracefully = isDeletedGracefully
    self.applyDefaults = applyDefaults
    self.prepareForCreate = prepareForCreate
    self.prepareForUpdate = prepareForUpdate
    self.validate = validate
  }
}
