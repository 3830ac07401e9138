internal import Formats
public import KubeProtocol

/// What admission refuses about the serving kinds; pure.
public enum ServingValidation {
  /// Gives the objects of a collection that are there now, from a cache.
  public typealias Peers = (KubeResource) -> [KubeObject]

  /// Everything that is wrong; empty where the object may be stored. Expects defaults to be applied.
  /// - Parameters:
  ///   - old: the stored object, on update.
  ///   - peers: asked for runtimes, storage containers, caches and node groups.
  public static func causes(
    _ object: KubeObject, old: KubeObject?, configuration: InferenceServiceConfig,
    peers: Peers = { _ in [] }
  ) -> [KubeError.Cause] {
    guard object.groupVersionKind.group == KubeResource.inferenceServices.group else { return [] }
    switch object.kind {
    case KubeResource.inferenceServices.kind:
      return InferenceServiceValidation.causes(
        object, old: old, customGPUs: configuration.customGPUResourceTypes,
        storageContainers: peers(.clusterStorageContainers).map(ClusterStorageContainer.init))
    case KubeResource.servingRuntimes.kind:
      return ServingRuntimeValidation.causes(
        object, old: old, others: peers(.servingRuntimes).filter { $0.namespace == object.namespace },
        customGPUs: configuration.customGPUResourceTypes)
    case KubeResource.clusterServingRuntimes.kind:
      return ServingRuntimeValidation.causes(
        object, old: old, others: peers(.clusterServingRuntimes),
        customGPUs: configuration.customGPUResourceTypes)
    case KubeResource.trainedModels.kind: return TrainedModelValidation.causes(object, old: old)
    case KubeResource.inferenceGraphs.kind: return InferenceGraphValidation.causes(object)
    case KubeResource.clusterStorageContainers.kind: return StorageContainerValidation.causes(object)
    case KubeResource.localModelCaches.kind:
      return LocalModelValidation.causes(object, old: old, others: peers(.localModelCaches))
    case KubeResource.localModelNamespaceCaches.kind:
      let groups = peers(.localModelNodeGroups).map(\.name)
      return LocalModelValidation.causes(
        object, old: old, nodeGroups: groups.isEmpty ? nil : Set(groups))
    case KubeResource.llmInferenceServices.kind, KubeResource.llmInferenceServiceConfigs.kind:
      return LLMServiceValidation.causes(object, old: old)
    default: return []
    }
  }
}
