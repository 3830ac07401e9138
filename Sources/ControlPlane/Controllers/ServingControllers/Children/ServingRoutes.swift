internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// Host names, URLs and HTTPRoutes of a service; pure.
struct ServingRoutes {
  let service: InferenceService
  let configuration: InferenceServiceConfig
  /// Of the service itself and of its predictor.
  let host: String
  let predictorHost: String

  init(service: InferenceService, configuration: InferenceServiceConfig) throws(PlaceholderTemplate.Failure) {
    self.service = service
    self.configuration = configuration
    if service.isClusterLocal || configuration.ingress.domain == Self.clusterDomain {
      host = "\(service.predictorName).\(service.namespace).\(Self.clusterDomain)"
      predictorHost = host
      return
    }
    host = try Self.host(service.name, service, configuration, domain: configuration.ingress.domain)
    predictorHost = try Self.host(
      "\(service.name)-predictor", service, configuration, domain: configuration.ingress.domain)
  }

  static let clusterDomain = "svc.cluster.local"

  private static func host(
    _ name: String, _ service: InferenceService, _ configuration: InferenceServiceConfig, domain: String
  ) throws(PlaceholderTemplate.Failure) -> String {
    try configuration.ingress.domainTemplate.render(
      name: name, namespace: service.namespace, domain: domain, annotations: service.annotations,
      labels: service.labels)
  }

  // MARK: addresses

  var isClusterLocal: Bool { host.hasSuffix(".\(Self.clusterDomain)") }

  /// False where nothing outside the cluster is to reach it.
  var isExposed: Bool { !isClusterLocal && !configuration.ingress.isCreationDisabled }

  /// Carries the gateway's port where clients must name it; cluster-internal names lead past the gateway.
  var url: String {
    isClusterLocal
      ? "http://\(host)" : "\(configuration.ingress.urlScheme)://\(host)\(configuration.portSuffix)"
  }

  var predictorURL: String {
    isClusterLocal ? "http://\(predictorHost)" : "http://\(predictorHost)\(configuration.portSuffix)"
  }

  /// Inside the cluster.
  func address(targetPort: Int64) -> String {
    let host = "http://\(service.predictorName).\(service.namespace).\(Self.clusterDomain)"
    return configuration.isServiceHeadless ? "\(host):\(targetPort)" : host
  }

  // MARK: routes

  /// The predictor's own route and the service's, in that order.
  func makeRoutes() throws(PlaceholderTemplate.Failure) -> [KubeObject] {
    guard isExposed else { return [] }
    var hosts = [host]
    for domain in configuration.ingress.additionalDomains {
      let additional = try Self.host(service.name, service, configuration, domain: domain)
      if !hosts.contains(additional) { hosts.append(additional) }
    }
    let predictor = makeRoute("\(service.name)-predictor", hosts: [predictorHost])
    // Without its transformer the service's own name would give answers of the bare model.
    return service.transformer == nil ? [predictor, makeRoute(service.name, hosts: hosts)] : [predictor]
  }

  private func makeRoute(_ name: String, hosts: [String]) -> KubeObject {
    var route = KubeObject(.httpRoutes, namespace: service.namespace, name: name)
    let hidden = Set(configuration.notPropagatedAnnotations)
    route.labels = service.labels.merging([ServingLabel.inferenceService: service.name]) { $1 }
    route.annotations = service.annotations.filter { !hidden.contains($0.key) }
    route.ownerReferences = [OwnerReference(controller: service.object)]
    let backend: JSONValue = [
      "group": "", "kind": "Service", "name": .string(service.predictorName),
      "namespace": .string(service.namespace), "port": 80, "weight": 1,
    ]
    let headers: JSONValue = [
      ["name": "KServe-Isvc-Name", "value": .string(service.name)],
      ["name": "KServe-Isvc-Namespace", "value": .string(service.namespace)],
    ]
    var rule: JSONValue = [
      "matches": [["path": ["type": "RegularExpression", "value": "^/.*$"]]],
      "filters": [["type": "RequestHeaderModifier", "requestHeaderModifier": ["set": headers]]],
      "backendRefs": [backend],
    ]
    if !configuration.ingress.isRouteTimeoutDisabled {
      let seconds = service.predictor.component.timeoutSeconds ?? 60
      rule["timeouts"] = ["request": .string("\(seconds)s")]
    }
    route.spec = [
      "parentRefs": [
        [
          "group": "gateway.networking.k8s.io", "kind": "Gateway",
          "name": .string(configuration.ingress.gatewayName),
          "namespace": .string(configuration.ingress.gatewayNamespace),
        ]
      ],
      "hostnames": .array(hosts.map { .string($0) }),
      "rules": [rule],
    ]
    return route
  }
}
