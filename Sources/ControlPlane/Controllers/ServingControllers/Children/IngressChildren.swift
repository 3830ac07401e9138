internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// The plain Ingress of a service, where the configuration has no Gateway API; pure.
struct IngressChildren {
  let hosts: ServingHosts
  let plans: [ComponentKind: ComponentPlan]
  let resource: KubeResource

  /// Nil where nothing is to reach the service from outside, or its entry is not there.
  ///
  /// Hosts of transformer and explainer lead to these (upstream's lead to the predictor). Weights cannot be
  /// told by an Ingress: all requests go to what is rolled out.
  func make() throws(PlaceholderTemplate.Failure) -> KubeObject? {
    let service = hosts.service
    let configuration = hosts.configuration
    guard hosts.isExposed, !configuration.ingress.isGatewayAPIEnabled, let entry = plans[service.entry]
    else { return nil }
    var rules: [JSONValue] = try hosts.allHosts().map { rule($0, entry, explainer: plans[.explainer]) }
    for kind in ComponentKind.allCases {
      guard let plan = plans[kind] else { continue }
      rules += try hosts.allHosts(of: kind).map { rule($0, plan) }
    }
    var object = KubeObject(resource, namespace: service.namespace, name: service.name)
    let hidden = ComponentMetadata.switches.union(configuration.notPropagatedAnnotations)
    object.labels = service.labels.filter { !configuration.notPropagatedLabels.contains($0.key) }
      .merging([ServingLabel.inferenceService: service.name]) { $1 }
    object.annotations = service.annotations.filter { !hidden.contains($0.key) }
    object.ownerReferences = [OwnerReference(controller: service.object)]
    var spec: JSONValue = ["rules": .array(rules)]
    spec["ingressClassName"] = configuration.ingress.className.map { .string($0) }
    object.spec = spec
    return object
  }

  private func rule(_ host: String, _ plan: ComponentPlan, explainer: ComponentPlan? = nil) -> JSONValue {
    var paths = [path("/", plan)]
    if let explainer {
      paths.insert(path("/v1/models/\(hosts.service.name):explain", explainer), at: 0)
    }
    return ["host": .string(host), "http": ["paths": .array(paths)]]
  }

  private func path(_ path: String, _ plan: ComponentPlan) -> JSONValue {
    // What is rolled out has the most of the traffic, but for a promotion that is under way.
    let service = plan.targets.max { $0.percent < $1.percent }?.service ?? plan.component.name
    return [
      "path": .string(path), "pathType": "Prefix",
      "backend": ["service": ["name": .string(service), "port": ["number": 80]]],
    ]
  }
}
