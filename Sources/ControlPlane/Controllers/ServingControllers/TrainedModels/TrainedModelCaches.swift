internal import ControllerKit
internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import ServingAPI

/// The local copies that the TrainedModel controller reads.
struct TrainedModelCaches: Sendable {
  let services: Informer
  let trainedModels: Informer
  let configMaps: Informer
  let namespaceRuntimes: Informer
  let clusterRuntimes: Informer

  private static let parentIndex = "trained-model-parent"

  init(_ informers: SharedInformers) {
    services = informers.informer(.inferenceServices)
    trainedModels = informers.informer(.trainedModels)
    configMaps = informers.informer(.configMaps)
    namespaceRuntimes = informers.informer(.servingRuntimes)
    clusterRuntimes = informers.informer(.clusterServingRuntimes)
    trainedModels.addIndex(Self.parentIndex) { [Self.parentKey($0).description] }
  }

  static func parentKey(_ model: KubeObject) -> ObjectKey {
    ObjectKey(namespace: model.namespace, name: TrainedModel(model).inferenceService)
  }

  func models(of service: ObjectKey) -> [KubeObject] {
    trainedModels.byIndex(Self.parentIndex, service.description)
  }

  /// The memory that the predictor's container may take: what the service says, else its runtime.
  func memoryLimit(of service: InferenceService) -> Quantity? {
    let own = service.predictor.model?.json ?? service.predictor.component.containers.first
    let limit =
      own?.at("resources", "limits", "memory")
      ?? runtime(of: service)?.pod.container(named: ServingPod.modelContainer)?
      .at("resources", "limits", "memory")
    return limit.flatMap(Quantity.init(json:))
  }

  /// Nil where the service runs its own container.
  func formats(of service: InferenceService) -> Set<String>? {
    guard let model = service.predictor.model else { return nil }
    let names = runtime(of: service)?.modelFormats.map { $0.name.lowercased() } ?? []
    return Set(names + [model.formatName.lowercased()])
  }

  /// The runtime that its status names.
  private func runtime(of service: InferenceService) -> ServingRuntime? {
    let status = service.object.status
    if let name = status?["servingRuntimeName"]?.string {
      return namespaceRuntimes.get(namespace: service.namespace, name: name).map(ServingRuntime.init)
    }
    if let name = status?["clusterServingRuntimeName"]?.string {
      return clusterRuntimes.get(name: name).map(ServingRuntime.init)
    }
    return nil
  }
}
