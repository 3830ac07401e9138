public import KubeProtocol

/// What a hook is told about the write that it looks at.
public struct AdmissionContext: Sendable {
  public enum Operation: Sendable, Hashable { case create, update, delete }

  public var operation: Operation
  /// The stored object; nil on creation. On deletion the object itself.
  public var old: KubeObject?
  public var resource: KubeResource
  /// `status`, `scale`; nil for the object itself.
  public var subresource: String?
  public var isDryRun: Bool
}

/// In-process admission: what a webhook would do on a cluster. Hooks run in order, all of them mutating
/// before any of them validates.
public struct AdmissionHook: Sendable {
  public typealias Mutation = @Sendable (inout KubeObject, AdmissionContext) async throws(KubeError) -> Void
  public typealias Validation = @Sendable (KubeObject, AdmissionContext) async throws(KubeError) -> Void
  /// One sentence each, for whoever sent the request.
  public typealias Advice = @Sendable (KubeObject, AdmissionContext) -> [String]

  /// Compared by group and plural; nil for every kind.
  public var resource: KubeResource?
  public var mutate: Mutation?
  public var validate: Validation?
  /// Asked before a client's deletion; what the garbage collector removes is not asked about.
  public var validateDeletion: Validation?
  /// Gets the object as it was sent, before any hook changed it; on deletion the stored one.
  public var warn: Advice?

  public init(
    resource: KubeResource?, mutate: Mutation? = nil, validate: Validation? = nil,
    validateDeletion: Validation? = nil, warn: Advice? = nil
  ) {
    self.resource = resource
    self.mutate = mutate
    self.validate = validate
    self.validateDeletion = validateDeletion
    self.warn = warn
  }

  func applies(to other: KubeResource) -> Bool {
    guard let resource else { return true }
    return resource.group == other.group && resource.plural == other.plural
  }
}
