internal import Formats
public import KubeProtocol
public import ServingAPI

/// What would become of a service: runtime, revisions, traffic, objects, needs, before it is applied; pure.
public struct ServiceForecast: Sendable {
  /// What is there now, and what it is decided by.
  public struct Surroundings: Sendable {
    /// `data` of the ConfigMap.
    public var configuration: [String: String] = [:]
    public var namespaceRuntimes: [KubeObject] = []
    public var clusterRuntimes: [KubeObject] = []
    public var storageContainers: [KubeObject] = []
    /// Of the service.
    public var deployments: [KubeObject] = []
    public var pods: [KubeObject] = []
    public var controllerRevisions: [KubeObject] = []
    /// Of the service's namespace; nil where nothing is known of them: then credentials are left out.
    public var secrets: [KubeObject]?
    public var serviceAccounts: [KubeObject] = []
    /// What could not be read and is left out, one sentence each.
    public var gaps: [String] = []

    public init() {}

    fileprivate func credentials(_ names: InferenceServiceConfig.Credentials) -> any CredentialInjector {
      guard let secrets else { return NoCredentials() }
      func lookup(_ objects: [KubeObject]) -> StorageCredentials.Lookup {
        { namespace, name in
          objects.first { $0.name == name && ($0.namespace.isEmpty || $0.namespace == namespace) }
        }
      }
      return StorageCredentials(
        secret: lookup(secrets), serviceAccount: lookup(serviceAccounts), names: { names })
    }
  }

  public struct Share: Sendable, Hashable {
    public var component: String
    public var revision: String
    /// Once the revision is ready.
    public var percent: Int64
    public var isNew: Bool
  }

  /// What the pods of one Deployment ask for, all together.
  public struct Need: Sendable, Hashable {
    public var deployment: String
    public var replicas: Int64
    public var cpu: String
    public var memory: String
    public var memoryLimit: String
  }

  public struct Child: Sendable {
    public var resource: KubeResource
    public var object: KubeObject
  }

  public private(set) var runtime: ServingRuntime?
  public private(set) var runtimes: [Explanation.RuntimeVerdict] = []
  public private(set) var traffic: [Share] = []
  public private(set) var needs: [Need] = []
  /// Fetched into each pod, at its start.
  public private(set) var downloads: [String] = []
  public private(set) var children: [Child] = []
  /// Why it could not be deployed.
  public private(set) var cause: FailureCause?
  /// What is deprecated or ignored, one sentence each.
  public private(set) var notes: [String] = []

  /// - Parameters:
  ///   - manifest: as it would be stored; nothing needs to be defaulted.
  ///   - written: as the user has it, where that is another form.
  public init(
    _ manifest: KubeObject, written: KubeObject? = nil, _ around: Surroundings,
    platform: InferenceServiceConfig.Platform
  ) {
    let configuration: InferenceServiceConfig
    do throws(ConfigurationError) {
      configuration = try InferenceServiceConfig(data: around.configuration, platform: platform)
    } catch {
      cause = ConfigurationCause.make(error)
      return
    }
    let service = InferenceService(
      InferenceServiceDefaults.apply(to: manifest, configuration: configuration))
    notes = ServiceAdvice.deprecations(written ?? manifest) + ServiceAdvice.unused(service)
    notes += around.gaps
    var evidence = ServiceEvidence(service: service.object)
    evidence.namespaceRuntimes = around.namespaceRuntimes
    evidence.clusterRuntimes = around.clusterRuntimes
    runtimes = Explanation(evidence).runtimes
    let plan = ServicePlanner(
      service: service, mode: service.deploymentMode(default: configuration.defaultDeploymentMode),
      configuration: configuration,
      runtimes: (
        around.namespaceRuntimes.map(ServingRuntime.init), around.clusterRuntimes.map(ServingRuntime.init)
      ), credentials: around.credentials(configuration.credentials), live: Self.live(service, around),
      storageContainers: around.storageContainers.map(ClusterStorageContainer.init)
        .sorted { $0.name < $1.name }
    ).plan()
    runtime = plan.runtime
    cause = ComponentKind.allCases.lazy.compactMap { plan.failures[$0]?.cause }.first
    children = plan.children.map { Child(resource: $0.resource, object: $0.object) }
    addComponents(plan, around)
  }

  private mutating func addComponents(_ plan: ServicePlan, _ around: Surroundings) {
    let known = Set(around.controllerRevisions.map(\.name))
    for kind in ComponentKind.allCases {
      guard let component = plan.components[kind] else { continue }
      for target in component.targets {
        traffic.append(
          Share(
            component: kind.rawValue, revision: target.revision, percent: target.wantedPercent,
            isNew: !known.contains(target.revision)))
      }
    }
    for child in children where child.resource == .deployments {
      let replicas = child.object.spec?["replicas"]?.int ?? 1
      let pod = child.object.spec?.at("template", "spec") ?? [:]
      needs.append(
        Need(
          deployment: child.object.name, replicas: replicas,
          cpu: Self.sum(pod, "requests", "cpu", replicas),
          memory: Self.sum(pod, "requests", "memory", replicas),
          memoryLimit: Self.sum(pod, "limits", "memory", replicas)))
      for container in pod["initContainers"]?.array ?? []
      where container["name"]?.string == ServingPod.storageInitializer {
        let arguments = (container["args"]?.array ?? []).compactMap(\.string)
        downloads += stride(from: 0, to: arguments.count, by: 2).map { arguments[$0] }
      }
    }
  }

  /// Over all pods, in the API's units; "" where a container says nothing.
  private static func sum(_ pod: JSONValue, _ list: String, _ name: String, _ replicas: Int64) -> String {
    var total: Int128 = 0
    for container in pod["containers"]?.array ?? [] {
      guard let amount = container.at("resources", list, name).flatMap(Quantity.init(json:)) else {
        return ""
      }
      total += amount.billionths * Int128(replicas)
    }
    return Quantity.text(billionths: total)
  }

  private static func live(
    _ service: InferenceService, _ around: Surroundings
  ) -> [ComponentKind: LiveComponent] {
    var live: [ComponentKind: LiveComponent] = [:]
    for kind in ComponentKind.allCases {
      let pairs = around.deployments.filter { ServiceCaches.component(of: $0) == kind }.map { deployment in
        let app = ServingLabel.app(forDeployment: deployment.name)
        return LivePair(
          deployment: deployment, pods: around.pods.filter { $0.labels[ServingLabel.app] == app })
      }
      let history = around.controllerRevisions.filter { ServiceCaches.component(of: $0) == kind }
        .compactMap(Revision.init)
      live[kind] = LiveComponent(
        pairs: pairs, history: history,
        rollout: RolloutState(service.object.status?.at("components", kind.rawValue)))
    }
    return live
  }
}
