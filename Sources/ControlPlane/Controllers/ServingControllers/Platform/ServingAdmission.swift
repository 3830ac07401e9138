public import KubeProtocol
internal import ServingAPI

/// What admission does for the serving kinds: pure functions, to be hung into an API server or behind a
/// webhook.
public struct ServingAdmission: Sendable {
  /// Gives the objects of a collection that are there now, from a cache.
  public typealias Peers = @Sendable (KubeResource) -> [KubeObject]

  private let configuration: ServingConfiguration
  private let peers: Peers

  /// - Parameter peers: asked for the collections in `peerResources`.
  public init(configuration: ServingConfiguration, peers: @escaping Peers = { _ in [] }) {
    self.configuration = configuration
    self.peers = peers
  }

  /// - Parameter runtimes: every ServingRuntime and ClusterServingRuntime there is, from a cache.
  public init(configuration: ServingConfiguration, runtimes: @escaping @Sendable () -> [KubeObject]) {
    self.init(configuration: configuration) { resource in runtimes().filter { $0.kind == resource.kind } }
  }

  /// The kinds that it has a word in.
  public static let resources: [KubeResource] = [
    .inferenceServices, .servingRuntimes, .clusterServingRuntimes, .trainedModels, .inferenceGraphs,
    .clusterStorageContainers, .localModelCaches, .localModelNamespaceCaches, .llmInferenceServices,
    .llmInferenceServiceConfigs,
  ]

  /// The kinds that it looks at to judge others.
  public static let peerResources: [KubeResource] = [
    .servingRuntimes, .clusterServingRuntimes, .localModelCaches, .localModelNodeGroups,
  ]

  /// Fills in defaults; other kinds stay as they are.
  public func mutate(_ object: inout KubeObject) {
    object = ServingDefaulting.apply(to: object, configuration: configuration.current)
  }

  /// - Parameter old: the stored object, on update.
  public func validate(_ object: KubeObject, old: KubeObject?) throws(KubeError) {
    let causes = ServingValidation.causes(
      object, old: old, configuration: configuration.current, peers: peers)
    if !causes.isEmpty { throw KubeError.invalid(object.groupVersionKind, object.name, causes) }
  }
}
