internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// Puts the pods of a component together from the service, its runtime and the configuration; pure.
struct ComponentPods {
  let configuration: InferenceServiceConfig
  let credentials: any CredentialInjector
  /// By name, as the API lists them.
  var storageContainers: [ClusterStorageContainer] = []
  /// The predictor, where ModelMesh serves it.
  var modelMesh: ModelMeshPredictor?

  /// - Parameter choice: the runtime of a predictor with a model; nil for a component of own containers.
  func make(_ component: Component, choice: RuntimeSelection.Choice? = nil) throws(ServingFailure)
    -> PodTemplate
  {
    var assembly = PodAssembly(component: component, configuration: configuration)
    let storage = try ComponentStorage(component, credentials, storageContainers)
    switch component.kind {
    case .predictor:
      if let model = component.service.predictor.model, let choice {
        try assembly.addModel(model, choice, hasStorage: !storage.sources.isEmpty)
      } else {
        try assembly.addOwnContainers()
      }
    case .transformer: try assembly.addOwnContainers(arguments: ownArguments(component))
    case .explainer:
      if let art = component.service.explainer?.art {
        assembly.addArt(art, hasStorage: !storage.sources.isEmpty)
      } else {
        try assembly.addOwnContainers(arguments: ownArguments(component))
      }
    }
    return try finish(assembly, storage, choice)
  }

  /// The workers of a predictor on several nodes, and how many of them; nil for one node.
  /// - Parameter head: the predictor's own pods.
  func makeWorkers(
    _ component: Component, choice: RuntimeSelection.Choice?, head: PodTemplate
  ) throws(ServingFailure) -> (template: PodTemplate, count: Int64)? {
    guard let choice, component.kind == .predictor else { return nil }
    var assembly = PodAssembly(component: component, configuration: configuration)
    guard let nodes = try assembly.multiNode(choice.runtime, head: head.servingContainer) else { return nil }
    try assembly.addWorker(choice.runtime, nodes)
    let storage = try ComponentStorage(component, credentials, storageContainers)
    return (try finish(assembly, storage, choice), nodes.nodes - 1)
  }

  private func finish(
    _ assembly: PodAssembly, _ storage: ComponentStorage, _ choice: RuntimeSelection.Choice?
  ) throws(ServingFailure) -> PodTemplate {
    var assembly = assembly
    let component = assembly.component
    if !storage.sources.isEmpty {
      try StorageMounts(service: component.service, configuration: configuration, credentials: credentials)
        .apply(storage, to: &assembly.pod)
    }
    if component.kind == .predictor {
      MultiModelPod.complete(
        &assembly.pod, service: component.service, configuration: configuration, credentials: credentials)
    }
    assembly.fillDefaults()
    var metadata = ComponentMetadata(
      component: component, runtime: choice?.runtime, extraLabels: assembly.extraLabels,
      configuration: configuration)
    if storage.isSingle, let first = storage.sources.first {
      metadata.annotations[ServingAnnotation.storageSourceURI] = first.written
    }
    PodMetrics(configuration.metricsAggregator).apply(
      to: &metadata.annotations, port: PodTemplate.servingContainer(of: assembly.pod).firstPort)
    if let accelerator = metadata.annotations[Self.acceleratorAnnotation] {
      // As upstream's pod webhook.
      assembly.pod.set(.string(accelerator), at: "nodeSelector", Self.acceleratorLabel)
    }
    return PodTemplate(labels: metadata.labels, annotations: metadata.annotations, spec: assembly.pod)
  }

  private static let acceleratorAnnotation = "serving.kserve.io/gke-accelerator"
  private static let acceleratorLabel = "cloud.google.com/gke-accelerator"

  /// What upstream tells transformers and own explainers where they do not say it themselves.
  private func ownArguments(_ component: Component) -> [(flag: String, value: String)] {
    let predictor = component.service.component(.predictor) ?? component
    var arguments: [(flag: String, value: String)] = [
      ("--model_name", component.service.name), ("--predictor_host", modelMesh?.host ?? predictor.host),
    ]
    if let modelMesh { arguments.append(("--protocol", modelMesh.protocolVersion)) }
    arguments.append(("--http_port", String(ServingPod.defaultPort)))
    if let workers = component.spec.containerConcurrency { arguments.append(("--workers", String(workers))) }
    return arguments
  }
}
