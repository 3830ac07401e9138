internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// An object that a service wants.
struct DesiredChild: Sendable {
  var resource: KubeResource
  var object: KubeObject
  /// Nil for what concerns the whole service.
  var component: ComponentKind?
}

/// Everything that is wanted for a service, or why it cannot be had.
struct ServicePlan: Sendable {
  /// Nil where host names could not be made.
  var hosts: ServingHosts?
  var components: [ComponentKind: ComponentPlan] = [:]
  /// The predictor's failure stands for the service's where nothing could be planned.
  var failures: [ComponentKind: ServingFailure] = [:]
  /// Of the predictor; nil for own containers and before one was found.
  var runtime: ServingRuntime?
  /// Whether its components are Knative Services.
  var usesKnative = false
  /// What has to be there before anything is written; what is there stays meanwhile.
  var isWaitingFor: String?
  /// How requests reach them then.
  var knativeRouting: KnativeRouting?
  /// What was asked for and the cluster cannot do.
  var warnings: [PlanWarning] = []
  /// In the order in which they are to be written.
  var children: [DesiredChild] = []
}

/// Makes the plan of a service; pure.
struct ServicePlanner {
  let service: InferenceService
  let mode: DeploymentMode
  let configuration: InferenceServiceConfig
  let runtimes: (namespace: [ServingRuntime], cluster: [ServingRuntime])
  let credentials: any CredentialInjector
  let live: [ComponentKind: LiveComponent]
  /// Keeps the templates that are there, whatever runtime and configuration say now.
  var isFrozen = false
  var kinds = OptionalKinds()
  /// What the cluster's Knative is set to.
  var knative = KnativeSettings()
  /// By name, as the API lists them.
  var storageContainers: [ClusterStorageContainer] = []

  var pods: ComponentPods {
    ComponentPods(
      configuration: configuration, credentials: credentials, storageContainers: storageContainers,
      modelMesh: mode == .modelMesh ? ModelMeshAddress(service).known : nil)
  }

  /// Those that are planned here: ModelMesh serves its predictors itself.
  private var components: [Component] {
    service.components.filter { mode != .modelMesh || $0.kind != .predictor }
  }

  func plan() -> ServicePlan {
    var plan = ServicePlan()
    do throws(ServingFailure) {
      plan.hosts = try makeHosts()
      try checkService()
    } catch {
      plan.failures[.predictor] = error
      return plan
    }
    if mode == .knative, let resource = kinds.knativeServices {
      planKnative(resource, &plan)
      return plan
    }
    if mode == .modelMesh, !isReady(ModelMeshAddress(service), &plan) { return plan }
    for component in components {
      do throws(ServingFailure) {
        plan.components[component.kind] = try planComponent(component, &plan)
      } catch {
        plan.failures[component.kind] = error
      }
    }
    addChildren(&plan)
    return plan
  }

  private func makeHosts() throws(ServingFailure) -> ServingHosts {
    do throws(PlaceholderTemplate.Failure) {
      return try ServingHosts(service: service, configuration: configuration, mode: mode)
    } catch {
      throw .invalid(error.description)
    }
  }

  private func checkService() throws(ServingFailure) {
    if mode == .modelMesh && kinds.modelMeshPredictors == nil {
      throw .invalid(
        .unsupportedMode, value: mode.rawValue,
        "the deployment mode \(mode.rawValue) needs another system, which is not there",
        fix: "remove the annotation \(ServingAnnotation.deploymentMode) (or set it to Standard) and create "
          + "the service anew")
    }
    let causes = InferenceServiceValidation.causes(service.object, storageContainers: storageContainers)
    if let cause = causes.first {
      throw ServingFailure(AdmissionCause.make(cause, service.name), reason: .invalidPredictorSpec)
    }
  }

  /// Whether the predictor that ModelMesh serves has an address, which the others are told.
  private func isReady(_ address: ModelMeshAddress, _ plan: inout ServicePlan) -> Bool {
    switch address {
    case .known: return true
    case .missing: plan.isWaitingFor = "the predictor's URL, which ModelMesh writes into the status"
    case .unsupported(let scheme):
      for component in components {
        plan.failures[component.kind] = .invalid(
          .unsupportedMode, value: scheme, "Predictor URL Scheme not supported: \(scheme)",
          fix: "let ModelMesh serve it by grpc, http or https")
      }
    }
    return false
  }

  // MARK: components

  private func planComponent(
    _ component: Component, _ plan: inout ServicePlan
  ) throws(ServingFailure) -> ComponentPlan {
    let live = live[component.kind] ?? LiveComponent()
    guard component.kind == .predictor else {
      let template: PodTemplate
      if let kept = kept(live) { template = kept } else { template = try pods.make(component) }
      return ComponentPlan(component, template: template, live: live, mode: mode)
    }
    let choice = try chooseRuntime(service)
    plan.runtime = choice?.runtime
    let template: PodTemplate
    if let kept = kept(live) {
      template = kept
    } else {
      template = try pods.make(component, choice: choice)
    }
    var canaries: [CanaryPlan] = []
    for canary in service.canaries {
      let variant = CanaryPlans.variant(service, canary)
      guard let part = variant.component(.predictor) else { continue }
      let template = try pods.make(part, choice: try chooseRuntime(variant))
      canaries.append(
        CanaryPlans.make(
          canary, variant: part, stable: component.spec, template: template, live: live))
    }
    return ComponentPlan(
      component, template: template, live: live, mode: mode, canaries: canaries,
      workers: try pods.makeWorkers(component, choice: choice, head: template))
  }

  private func kept(_ live: LiveComponent) -> PodTemplate? {
    guard isFrozen, let name = live.rollout.latestCreated else { return nil }
    return live.history[name]?.template
  }

  func chooseRuntime(_ service: InferenceService) throws(ServingFailure) -> RuntimeSelection.Choice? {
    guard let model = service.predictor.model else { return nil }
    return try RuntimeSelection(
      model: model, hasWorkers: service.predictor.workerSpec != nil, namespaceRuntimes: runtimes.namespace,
      clusterRuntimes: runtimes.cluster
    ).choose()
  }

  // MARK: children

  private func addCollector(_ component: Component, _ workload: Workload, _ plan: inout ServicePlan) {
    let collectors = MetricsCollectorChildren(
      component: component, configuration: configuration, workload: workload, kinds: kinds)
    plan.warnings += [collectors.warning].compactMap { $0 }
    guard let made = collectors.make() else { return }
    plan.children.append(
      DesiredChild(resource: made.resource, object: made.object, component: component.kind))
  }

  private func addChildren(_ plan: inout ServicePlan) {
    for kind in ComponentKind.allCases {
      guard let part = plan.components[kind] else { continue }
      let live = live[kind] ?? LiveComponent()
      plan.children.append(
        DesiredChild(
          resource: .controllerRevisions, object: part.revisions.current.makeObject(part.component),
          component: kind))
      for workload in part.workloads {
        let children = WorkloadChildren(
          component: part.component, configuration: configuration, workload: workload,
          existing: live.pairs[workload.name]?.deployment,
          isReachedByGateway: workload.role == .stable && part.component.isCalledInside && part.isSplit
            && live.isRoutedInside)
        // Before the pods: it is put into them when they are made.
        addCollector(part.component, workload, &plan)
        if let deployment = children.makeDeployment() {
          plan.children.append(
            DesiredChild(resource: .deployments, object: deployment, component: kind))
        }
        if workload.role != .worker, let service = children.makeService() {
          plan.children.append(DesiredChild(resource: .services, object: service, component: kind))
        }
        let scaling = AutoscalerChildren(
          component: part.component, configuration: configuration, workload: workload, kinds: kinds)
        plan.warnings += [scaling.warning].compactMap { $0 }
        if let autoscaler = scaling.make() {
          plan.children.append(
            DesiredChild(resource: autoscaler.resource, object: autoscaler.object, component: kind))
        }
      }
    }
    if let predictor = plan.components[.predictor],
      predictor.workloads.contains(where: { $0.role == .worker })
    {
      plan.children += MultiNode.makeServices(predictor.component).map {
        DesiredChild(resource: .services, object: $0, component: .predictor)
      }
    }
    guard let hosts = plan.hosts else { return }
    do throws(PlaceholderTemplate.Failure) {
      let routes = try ServingRoutes(hosts: hosts, plans: plan.components).makeRoutes()
      plan.children += routes.map { DesiredChild(resource: .httpRoutes, object: $0) }
      if let resource = kinds.ingresses,
        let ingress = try IngressChildren(hosts: hosts, plans: plan.components, resource: resource).make()
      {
        plan.children.append(DesiredChild(resource: resource, object: ingress))
      }
    } catch {
      plan.failures[.predictor] = plan.failures[.predictor] ?? .invalid(error.description)
    }
  }
}
