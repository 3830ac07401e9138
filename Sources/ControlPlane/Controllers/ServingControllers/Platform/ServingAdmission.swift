internal import Formats
public import KubeClient
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

  /// - Parameter informers: asked for the collections in `peerResources`; somebody else runs them.
  public init(configuration: ServingConfiguration, informers: SharedInformers) {
    let known = Dictionary(uniqueKeysWithValues: Self.peerResources.map { ($0, informers.informer($0)) })
    self.init(configuration: configuration) { known[$0]?.list() ?? [] }
  }

  /// The kinds that it has a word in.
  public static let resources: [KubeResource] = [
    .inferenceServices, .servingRuntimes, .clusterServingRuntimes, .trainedModels, .inferenceGraphs,
    .clusterStorageContainers, .localModelCaches, .localModelNamespaceCaches, .llmInferenceServices,
    .llmInferenceServiceConfigs,
  ]

  /// The kinds that it fills in defaults of.
  public static let defaultedResources: [KubeResource] = [.inferenceServices, .llmInferenceServices]

  /// Whether it has a word in the deletion of that kind's objects.
  public static func guardsDeletion(of resource: KubeResource) -> Bool {
    [.localModelCaches, .localModelNamespaceCaches, .llmInferenceServiceConfigs].contains(resource)
  }

  /// The kinds that it looks at to judge others.
  public static let peerResources: [KubeResource] = [
    .servingRuntimes, .clusterServingRuntimes, .clusterStorageContainers, .localModelCaches,
    .localModelNamespaceCaches, .localModelNodeGroups, .inferenceServices, .llmInferenceServices,
  ]

  /// Fills in defaults; other kinds stay as they are.
  public func mutate(_ object: inout KubeObject) {
    let configuration = configuration.current
    var caches: [LocalModelCache] = []
    if configuration.localModel.isEnabled {
      caches = (peers(.localModelNamespaceCaches) + peers(.localModelCaches)).map(LocalModelCache.init)
    }
    object = ServingDefaulting.apply(to: object, configuration: configuration, caches: caches)
  }

  /// - Parameter old: the stored object, on update.
  public func validate(_ object: KubeObject, old: KubeObject?) throws(KubeError) {
    let causes = ServingValidation.causes(
      object, old: old, configuration: configuration.current, peers: peers)
    if !causes.isEmpty { throw KubeError.invalid(object.groupVersionKind, object.name, causes) }
  }

  /// What there is to say beside yes: deprecated fields, and fields that are kept and not acted on.
  /// - Parameter object: as it was sent.
  public func warnings(_ object: KubeObject) -> [String] {
    object.isBeingDeleted ? [] : ServiceAdvice.texts(object, configuration: configuration.current)
  }

  // MARK: deletion

  /// A cache of models that a service uses stays.
  public func validateDeletion(_ object: KubeObject) throws(KubeError) {
    let kinds = [KubeResource.localModelCaches.kind, KubeResource.localModelNamespaceCaches.kind]
    guard kinds.contains(object.kind) else { return }
    let services = peers(.inferenceServices) + peers(.llmInferenceServices)
    let cache = LocalModelCache(object)
    let problem = LocalModelValidation.deletionProblem(object) { kind, namespace, name in
      services.contains { service in
        service.kind == kind && service.namespace == namespace && service.name == name
          && Self.uses(service, cache)
      }
    }
    if let problem { throw problem }
  }

  /// By the label that says so, or by an address that the cache holds.
  private static func uses(_ service: KubeObject, _ cache: LocalModelCache) -> Bool {
    if let match = LocalModelMatch(service) {
      return match.cache == cache.name && match.namespace == cache.namespace
    }
    if service.labels[ServingLabel.localModel] == cache.name { return true }
    let predictor = PredictorSpec(json: service.spec?["predictor"] ?? [:])
    var uris = predictor.component.storageURIs.map(\.uri)
    uris += predictor.model?.storageURI.map { [$0] } ?? []
    uris += predictor.frameworks.compactMap { $0.spec["storageUri"]?.string }
    if let uri = service.spec?.at("model", "uri")?.string { uris.append(uri) }
    return uris.contains(where: cache.holds)
  }

  /// The configurations that every LLMInferenceService is made of.
  private static let presetPrefix = "kserve-config-llm-"

  public func deletionWarnings(_ object: KubeObject) -> [String] {
    guard object.kind == KubeResource.llmInferenceServiceConfigs.kind,
      object.namespace == ServingPlatform.namespace, object.name.hasPrefix(Self.presetPrefix)
    else { return [] }
    return [
      "well-known config \(object.namespace)/\(object.name) is deleted: services that are made of it "
        + "cannot be made again until it is back"
    ]
  }
}
