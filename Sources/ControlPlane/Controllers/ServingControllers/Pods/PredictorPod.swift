internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// The pod that serves a predictor, put together from the service, its runtime and the configuration; pure.
struct PredictorPod {
  var labels: [String: String]
  var annotations: [String: String]
  var spec: JSONValue
  /// The container that takes requests.
  var servingContainer: JSONValue

  /// - Parameter choice: the runtime; nil for a predictor of the user's own containers.
  static func make(
    service: InferenceService, choice: RuntimeSelection.Choice?, configuration: InferenceServiceConfig,
    credentials: any CredentialInjector
  ) throws(ServingFailure) -> PredictorPod {
    let predictor = service.predictor
    var assembly = PredictorAssembly(service: service, configuration: configuration)
    let (sources, isSingle) = try storageSources(predictor)
    if let model = predictor.model, let choice {
      try assembly.addModel(model, choice, hasStorage: !sources.isEmpty)
    } else {
      try assembly.addOwnContainers()
    }
    if !sources.isEmpty {
      StorageMounts(service: service, configuration: configuration, credentials: credentials)
        .apply(sources, isSingle: isSingle, to: &assembly.pod)
    }
    assembly.fillDefaults()
    var metadata = ComponentMetadata(
      service: service, component: predictor.component, kind: "predictor", runtime: choice?.runtime,
      extraLabels: assembly.extraLabels, configuration: configuration)
    if isSingle, let first = sources.first {
      metadata.annotations[ServingAnnotation.storageSourceURI] = first.uri.text
    }
    let containers = assembly.pod["containers"]?.array ?? []
    let serving =
      containers.first { $0["name"]?.string == ServingPod.transformerContainer }
      ?? containers.first { $0["name"]?.string == ServingPod.modelContainer } ?? containers.first ?? [:]
    return PredictorPod(
      labels: metadata.labels, annotations: metadata.annotations, spec: assembly.pod,
      servingContainer: serving)
  }

  /// Refuses what would otherwise be passed over in silence.
  static func checkSupported(_ predictor: PredictorSpec) throws(ServingFailure) {
    if predictor.workerSpec != nil {
      throw .invalid(
        "spec.predictor.workerSpec asks for several nodes, which this release does not deploy; remove "
          + "it to serve "
          + "from one pod")
    }
    if predictor.model?.storage != nil {
      throw .invalid(
        "spec.predictor.model.storage refers to the credentials secret, which this release does not "
          + "read; give the "
          + "place of the model in spec.predictor.model.storageUri")
    }
  }

  /// What the predictor's files come from; single where upstream's fixed volume names hold.
  private static func storageSources(
    _ predictor: PredictorSpec
  ) throws(ServingFailure) -> (sources: [StorageMounts.Source], isSingle: Bool) {
    var texts: [(uri: String, mountPath: String)] = []
    var isSingle = true
    if let uri = predictor.model?.storageURI, !uri.isEmpty {
      texts = [(uri, ServingPod.modelPath)]
    } else if predictor.isCustom, let uri = ownStorageURI(predictor) {
      texts = [(uri, ServingPod.modelPath)]
    } else {
      texts = predictor.component.storageURIs.map { ($0.uri, $0.mountPath) }
      isSingle = false
    }
    var sources: [StorageMounts.Source] = []
    for text in texts {
      do throws(StorageURI.Failure) {
        let uri = try StorageURI(text.uri)
        try checkFetchable(uri)
        sources.append(.init(uri: uri, mountPath: text.mountPath))
      } catch {
        throw ServingFailure.invalid(.badSource, value: text.uri, error.description, fix: "")
      }
    }
    return (sources, isSingle)
  }

  private static func checkFetchable(_ uri: StorageURI) throws(StorageURI.Failure) {
    switch uri.scheme {
    case .oci, .ociNative, .ociFetch, .ociModelcar:
      throw StorageURI.Failure(
        "the model \"\(uri.text)\" is an OCI image, which this release cannot mount; copy the model to "
          + "a claim "
          + "(pvc://) or a bucket")
    default: break
    }
  }

  private static func ownStorageURI(_ predictor: PredictorSpec) -> String? {
    let containers = predictor.component.containers
    let container =
      containers.first { $0["name"]?.string == ServingPod.modelContainer } ?? containers.first
    let variable = container?["env"]?.array?.first { $0["name"]?.string == ServingPod.storageURIVariable }
    return variable?["value"]?.string.flatMap { $0.isEmpty ? nil : $0 }
  }
}
