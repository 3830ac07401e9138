internal import KubeProtocol
internal import ServingAPI

/// Everything the status of a service is computed from.
struct ServiceObservation {
  var service: InferenceService
  var configuration: InferenceServiceConfig
  /// Why the ConfigMap as it is now is not in force; nil where it is.
  var configurationProblem: ConfigurationError?
  var mode: DeploymentMode
  /// The runtime that was chosen; nil for own containers and before one was found.
  var runtime: ServingRuntime?
  /// One for each component that the spec declares, the predictor first.
  var components: [ComponentObservation] = []
  var routes: [KubeObject] = []
  /// Whether a gateway has had its time to take their last change.
  var areRoutesOverdue = false
  /// Whether a plain Ingress stands in for routes.
  var hasIngress = false
  /// Whether its components are Knative Services.
  var usesKnative = false
  /// How requests reach them then.
  var knativeRouting: KnativeRouting?
  /// What was asked for and the cluster cannot do.
  var warnings: [PlanWarning] = []
  /// Nil where host names could not be made.
  var hosts: ServingHosts?
  /// What has to be there before anything is made.
  var isWaitingFor: String?
  /// Whether ModelMesh serves the predictor, and says in the status how far it is.
  let isBesideModelMesh: Bool

  init(
    service: InferenceService, configuration: InferenceServiceConfig, mode: DeploymentMode,
    hasModelMesh: Bool = false
  ) {
    self.service = service
    self.configuration = configuration
    self.mode = mode
    isBesideModelMesh = mode == .modelMesh && hasModelMesh
    components = service.components.map { ComponentObservation(component: $0) }
    if isBesideModelMesh { components.removeAll { $0.kind == .predictor } }
  }

  var predictor: ComponentObservation? { components.first { $0.component.kind == .predictor } }

  /// The event reason of the first failure that has one of its own.
  var eventReason: String? { components.lazy.compactMap { $0.failure?.eventReason }.first }
}

/// What the status of one component is computed from.
struct ComponentObservation {
  var component: Component
  /// Nil where there is a failure.
  var plan: ComponentPlan?
  /// Why nothing was deployed.
  var failure: ServingFailure?
  /// Why a child could not be written.
  var writeFailure: String?
  /// Of its own pair.
  var deployment: KubeObject?
  /// Its Knative Service, where the cluster has Knative.
  var knative: KubeObject?
  /// The workers of a predictor on several nodes.
  var workers: LivePair?
  /// Of its own pair and of those that traffic goes to.
  var pods: [KubeObject] = []
  /// Of canaries that are not ready yet too.
  var allPods: [KubeObject] = []
  /// Warnings about the pods.
  var podEvents: [KubeObject] = []
  /// Whether each Service that traffic goes to has an address that takes requests; nil where that is not
  /// known.
  var hasEndpoint: Bool?

  init(component: Component) { self.component = component }

  var kind: ComponentKind { component.kind }
}
