internal import Formats
public import KubeProtocol
internal import ServingAPI

/// What admission does for the serving kinds: pure functions, to be hung into an API server or behind a
/// webhook.
public struct ServingAdmission: Sendable {
  public typealias Runtimes = @Sendable () -> [KubeObject]

  private let configuration: ServingConfiguration
  private let runtimes: Runtimes

  /// - Parameter runtimes: every ServingRuntime and ClusterServingRuntime there is, from a cache.
  public init(configuration: ServingConfiguration, runtimes: @escaping Runtimes = { [] }) {
    self.configuration = configuration
    self.runtimes = runtimes
  }

  /// The kinds that it has a word in.
  public static let resources: [KubeResource] = [
    .inferenceServices, .servingRuntimes, .clusterServingRuntimes,
  ]

  /// Fills in defaults; other kinds stay as they are.
  public func mutate(_ object: inout KubeObject) {
    guard object.kind == KubeResource.inferenceServices.kind, Self.isServing(object) else { return }
    object = InferenceServiceDefaults.apply(to: object, configuration: configuration.current)
  }

  /// - Parameter old: the stored object, on update.
  public func validate(_ object: KubeObject, old: KubeObject?) throws(KubeError) {
    guard Self.isServing(object) else { return }
    let causes: [KubeError.Cause]
    switch object.kind {
    case KubeResource.inferenceServices.kind:
      causes = InferenceServiceValidation.causes(object, old: old)
    case KubeResource.servingRuntimes.kind, KubeResource.clusterServingRuntimes.kind:
      let peers = runtimes().filter { $0.kind == object.kind && $0.namespace == object.namespace }
      causes = ServingRuntimeValidation.causes(object, others: peers)
    default: return
    }
    if !causes.isEmpty { throw KubeError.invalid(object.groupVersionKind, object.name, causes) }
  }

  private static func isServing(_ object: KubeObject) -> Bool {
    object.groupVersionKind.group == KubeResource.inferenceServices.group
  }
}
