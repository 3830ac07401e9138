internal import ControllerKit
internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import ServingAPI

/// The local copies that the service controller reads.
struct ServiceCaches: Sendable {
  let services: Informer
  let namespaceRuntimes: Informer
  let clusterRuntimes: Informer
  let deployments: Informer
  let kubeServices: Informer
  let routes: Informer
  let pods: Informer
  let endpointSlices: Informer
  let configMap: Informer
  /// Warnings about pods: a probe that fails, a volume that cannot be made.
  let podEvents: Informer

  private static let appIndex = "serving-app"
  private static let sliceIndex = "serving-service"
  private static let podIndex = "warned-pod"
  static let sliceServiceLabel = "kubernetes.io/service-name"

  init(_ informers: SharedInformers) {
    services = informers.informer(.inferenceServices)
    namespaceRuntimes = informers.informer(.servingRuntimes)
    clusterRuntimes = informers.informer(.clusterServingRuntimes)
    deployments = informers.informer(.deployments)
    kubeServices = informers.informer(.services)
    routes = informers.informer(.httpRoutes)
    pods = informers.informer(.pods)
    endpointSlices = informers.informer(.endpointSlices)
    configMap = informers.informer(
      .configMaps, namespace: ServingPlatform.namespace,
      fieldSelector: "metadata.name=\(ServingPlatform.configMap)")
    podEvents = informers.informer(.events, fieldSelector: "involvedObject.kind=Pod,type=Warning")
    podEvents.addIndex(Self.podIndex) { event in
      event.json.at("involvedObject", "uid")?.string.map { [$0] } ?? []
    }
    pods.addIndex(Self.appIndex) { pod in
      pod.labels[ServingLabel.app].map { ["\(pod.namespace)/\($0)"] } ?? []
    }
    endpointSlices.addIndex(Self.sliceIndex) { slice in
      slice.labels[Self.sliceServiceLabel].map { ["\(slice.namespace)/\($0)"] } ?? []
    }
  }

  func runtimes(in namespace: String) -> (namespace: [ServingRuntime], cluster: [ServingRuntime]) {
    (
      namespaceRuntimes.list(namespace: namespace).map(ServingRuntime.init),
      clusterRuntimes.list().map(ServingRuntime.init)
    )
  }

  /// The pods that a Deployment of this name owns, by their `app` label.
  func pods(ofDeployment name: String, namespace: String) -> [KubeObject] {
    pods.byIndex(Self.appIndex, "\(namespace)/\(ServingLabel.app(forDeployment: name))")
  }

  /// Warnings about these pods.
  func warnings(about pods: [KubeObject]) -> [KubeObject] {
    pods.filter { !PodState.isReady($0) }.flatMap { podEvents.byIndex(Self.podIndex, $0.uid) }
  }

  /// The service whose pod a warning is about.
  func keysOfPodEvent(_ change: InformerChange) -> [ObjectKey] {
    guard !change.isDeletion, let object = change.object["involvedObject"],
      let namespace = object["namespace"]?.string, let name = object["name"]?.string,
      let pod = pods.get(namespace: namespace, name: name)
    else { return [] }
    return Self.keysOfPod(.added(pod))
  }

  /// Whether a Service has an address that takes requests.
  func hasReadyEndpoint(service name: String, namespace: String) -> Bool {
    endpointSlices.byIndex(Self.sliceIndex, "\(namespace)/\(name)").contains { slice in
      (slice["endpoints"]?.array ?? []).contains { $0.at("conditions", "ready")?.bool ?? true }
    }
  }

  // MARK: from changes to services

  static func keysOfPod(_ change: InformerChange) -> [ObjectKey] {
    guard let service = change.object.labels[ServingLabel.inferenceService] else { return [] }
    return [ObjectKey(namespace: change.object.namespace, name: service)]
  }

  func keysOfSlice(_ change: InformerChange) -> [ObjectKey] {
    guard let name = change.object.labels[Self.sliceServiceLabel],
      let service = kubeServices.get(namespace: change.object.namespace, name: name)
    else { return [] }
    return Controller.ownerKeys(.added(service), .inferenceServices)
  }

  func everyService(in namespace: String? = nil) -> [ObjectKey] {
    services.list(namespace: namespace).map(\.key)
  }
}
