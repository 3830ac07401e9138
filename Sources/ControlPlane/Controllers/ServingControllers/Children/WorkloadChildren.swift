internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// Deployment and Service of a workload; pure.
struct WorkloadChildren {
  let component: Component
  let configuration: InferenceServiceConfig
  let workload: Workload
  /// The Deployment that is there.
  var existing: KubeObject?
  /// Whether requests that come by the Service's name are to be split as routes say.
  var isReachedByGateway = false

  private var name: String { workload.name }

  private var template: PodTemplate? {
    workload.template ?? PodTemplate(json: existing?.json.at("spec", "template"))
  }

  private func labels(_ template: PodTemplate) -> [String: String] {
    template.labels.merging([ServingLabel.app: ServingLabel.app(forDeployment: name)]) { $1 }
  }

  /// Nil where there is no template at all.
  func makeDeployment() -> KubeObject? {
    guard let template else { return nil }
    let labels = labels(template)
    var object = makeObject(.deployments, template)
    object.annotations[LivePair.roleAnnotation] = workload.role.rawValue
    if !workload.revision.isEmpty { object.annotations[Revision.label] = workload.revision }
    var pods = template
    pods.labels = labels
    var spec: JSONValue = [
      "selector": ["matchLabels": [ServingLabel.app: .string(ServingLabel.app(forDeployment: name))]],
      "template": pods.json, "strategy": strategy, "revisionHistoryLimit": 10,
      "progressDeadlineSeconds": 600,
    ]
    let current = existing.map { $0.spec?["replicas"]?.int ?? 1 }
    if let count = workload.replicas.count(current: current) { spec["replicas"] = .int(count) }
    object.spec = spec
    return object
  }

  private var strategy: JSONValue {
    if workload.role == .worker {
      // Half of a group is worth nothing: all new ones come before any old one goes.
      return ["type": "RollingUpdate", "rollingUpdate": ["maxSurge": "100%", "maxUnavailable": "0%"]]
    }
    if let given = component.spec.deploymentStrategy { return given }
    var rollout: JSONValue = ["maxSurge": "25%", "maxUnavailable": "25%"]
    if configuration.defaultDeploymentMode == .standard, let configured = configuration.defaultRollout {
      for member in configured.object?.members ?? [] { rollout[member.key] = member.value }
    }
    return ["type": "RollingUpdate", "rollingUpdate": rollout]
  }

  func makeService() -> KubeObject? {
    guard let template else { return nil }
    var object = makeObject(.services, template)
    if isReachedByGateway { object.annotations[GatewayAnnotation.reachedBy] = GatewayAnnotation.gateway }
    object.spec = [
      "selector": [ServingLabel.app: .string(ServingLabel.app(forDeployment: name))],
      "ports": .array(ServicePort.list(template, serviceName: name).map(\.json)), "type": "ClusterIP",
    ]
    if configuration.isServiceHeadless { object.json.set("None", at: "spec", "clusterIP") }
    return object
  }

  private func makeObject(_ resource: KubeResource, _ template: PodTemplate) -> KubeObject {
    var object = KubeObject(resource, namespace: component.service.namespace, name: name)
    object.labels = labels(template)
    object.annotations = template.annotations
      .merging(workload.scaling.serviceAnnotations(component.spec)) { $1 }
    object.ownerReferences = [OwnerReference(controller: component.service.object)]
    return object
  }
}
