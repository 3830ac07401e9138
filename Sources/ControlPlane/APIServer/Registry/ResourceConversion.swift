public import KubeProtocol

/// How the kind of a CustomResourceDefinition is turned from one of its versions into another, where more
/// than `apiVersion` differs.
public struct ResourceConversion: Sendable {
  public var group: String
  public var plural: String
  /// Gets an object of any version and the name of the version that is wanted.
  public var convert: @Sendable (KubeObject, String) -> KubeObject

  public init(
    _ resource: KubeResource, convert: @escaping @Sendable (KubeObject, String) -> KubeObject
  ) {
    group = resource.group
    plural = resource.plural
    self.convert = convert
  }
}
