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
  let storageContainers: Informer
  let deployments: Informer
  let kubeServices: Informer
  let revisions: Informer
  let routes: Informer
  let pods: Informer
  /// Warnings about pods.
  let podEvents: Informer
  let endpointSlices: Informer
  let configMap: Informer
  /// All of them.
  let configMaps: Informer
  let secrets: Informer
  let serviceAccounts: Informer
  let customResourceDefinitions: Informer
  let optional: OptionalInformers

  private static let appIndex = "serving-app"
  private static let eventIndex = "serving-pod"
  private static let revisionIndex = "knative-revision"
  private static let sliceIndex = "serving-service"
  static let sliceServiceLabel = "kubernetes.io/service-name"

  init(_ informers: SharedInformers) {
    services = informers.informer(.inferenceServices)
    namespaceRuntimes = informers.informer(.servingRuntimes)
    clusterRuntimes = informers.informer(.clusterServingRuntimes)
    storageContainers = informers.informer(.clusterStorageContainers)
    deployments = informers.informer(.deployments)
    kubeServices = informers.informer(.services)
    revisions = informers.informer(.controllerRevisions)
    routes = informers.informer(.httpRoutes)
    pods = informers.informer(.pods)
    podEvents = informers.informer(.events, fieldSelector: "involvedObject.kind=Pod,type=Warning")
    endpointSlices = informers.informer(.endpointSlices)
    secrets = informers.informer(.secrets)
    serviceAccounts = informers.informer(.serviceAccounts)
    configMaps = informers.informer(.configMaps)
    configMap = ServingConfiguration.source(informers)
    customResourceDefinitions = informers.informer(.customResourceDefinitions)
    optional = OptionalInformers(informers)
    pods.addIndex(Self.appIndex) { pod in
      pod.labels[ServingLabel.app].map { ["\(pod.namespace)/\($0)"] } ?? []
    }
    pods.addIndex(Self.revisionIndex) { pod in
      pod.labels["serving.knative.dev/revision"].map { ["\(pod.namespace)/\($0)"] } ?? []
    }
    podEvents.addIndex(Self.eventIndex) { event in
      event.json.at("involvedObject", "uid")?.string.map { [$0] } ?? []
    }
    endpointSlices.addIndex(Self.sliceIndex) { slice in
      slice.labels[Self.sliceServiceLabel].map { ["\(slice.namespace)/\($0)"] } ?? []
    }
  }

  /// The children that a service may have, in the order in which they are removed: what leads requests to
  /// pods goes before the pods.
  var children: [Informer] { [routes] + optional.all + [kubeServices, deployments, revisions] }

  func informer(of resource: KubeResource) -> Informer? { children.first { $0.resource == resource } }

  func runtimes(in namespace: String) -> (namespace: [ServingRuntime], cluster: [ServingRuntime]) {
    (
      namespaceRuntimes.list(namespace: namespace).map(ServingRuntime.init),
      clusterRuntimes.list().map(ServingRuntime.init)
    )
  }

  /// As the API lists them: the first that takes a URI is chosen.
  func orderedStorageContainers() -> [ClusterStorageContainer] {
    storageContainers.list().map(ClusterStorageContainer.init).sorted { $0.name < $1.name }
  }

  /// The pods that a Deployment of this name owns, by their `app` label.
  func pods(ofDeployment name: String, namespace: String) -> [KubeObject] {
    pods.byIndex(Self.appIndex, "\(namespace)/\(ServingLabel.app(forDeployment: name))")
  }

  func pods(ofKnativeRevision name: String, namespace: String) -> [KubeObject] {
    pods.byIndex(Self.revisionIndex, "\(namespace)/\(name)")
  }

  /// Warnings about these pods.
  func warnings(about pods: [KubeObject]) -> [KubeObject] {
    pods.filter { !PodState.isReady($0) }.flatMap { podEvents.byIndex(Self.eventIndex, $0.uid) }
  }

  /// What there is of each component of a service.
  func live(_ service: KubeObject) -> [ComponentKind: LiveComponent] {
    var pairs: [ComponentKind: [LivePair]] = [:]
    for deployment in deployments.owned(by: service.uid) where !deployment.isBeingDeleted {
      guard let kind = Self.component(of: deployment) else { continue }
      let pods = pods(ofDeployment: deployment.name, namespace: deployment.namespace)
      pairs[kind, default: []].append(LivePair(deployment: deployment, pods: pods))
    }
    var history: [ComponentKind: [Revision]] = [:]
    for object in revisions.owned(by: service.uid) where !object.isBeingDeleted {
      guard let kind = Self.component(of: object), let revision = Revision(object) else { continue }
      history[kind, default: []].append(revision)
    }
    var live: [ComponentKind: LiveComponent] = [:]
    for kind in ComponentKind.allCases {
      live[kind] = LiveComponent(
        pairs: pairs[kind] ?? [], history: history[kind] ?? [],
        rollout: RolloutState(service.status?.at("components", kind.rawValue)))
      live[kind]?.isRoutedInside = isRoutedInside(service, kind)
      live[kind]?.knative = knativeService(of: service, kind)
    }
    return live
  }

  private func knativeService(of service: KubeObject, _ kind: ComponentKind) -> KubeObject? {
    guard let resource = optional.kinds.knativeServices,
      let component = InferenceService(service).component(kind)
    else { return nil }
    return informer(of: resource)?.get(namespace: service.namespace, name: component.name)
  }

  /// What the cluster's Knative is set to.
  var knativeSettings: KnativeSettings {
    func found(_ name: String) -> KubeObject? {
      configMaps.get(namespace: KnativeSettings.namespace, name: name)
    }
    return KnativeSettings(
      autoscaler: found(KnativeSettings.autoscalerConfigMap), domain: found(KnativeSettings.domainConfigMap))
  }

  private func isRoutedInside(_ service: KubeObject, _ kind: ComponentKind) -> Bool {
    guard let component = InferenceService(service).component(kind),
      let route = routes.get(namespace: service.namespace, name: component.baseName),
      route.status?["parents"]?.array?.isEmpty == false, ServingRoutes.isSettled(route)
    else { return false }
    return (route.spec?["hostnames"]?.array ?? []).contains(.string(component.host))
  }

  static func component(of object: KubeObject) -> ComponentKind? {
    object.labels[ServingLabel.component].flatMap(ComponentKind.init(rawValue:))
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

  /// The service of the pod that an event is about.
  func keysOfPodEvent(_ change: InformerChange) -> [ObjectKey] {
    let involved = change.object["involvedObject"]
    guard let name = involved?["name"]?.string, let namespace = involved?["namespace"]?.string,
      let pod = pods.get(namespace: namespace, name: name)
    else { return [] }
    return Self.keysOfPod(.added(pod))
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
