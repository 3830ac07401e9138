internal import KubeProtocol
internal import ServingAPI

/// Host names and URLs of a service; pure.
struct ServingHosts: Sendable, Hashable {
  let service: InferenceService
  let configuration: InferenceServiceConfig
  let mode: DeploymentMode
  /// Of the service itself.
  let host: String
  private let componentHosts: [ComponentKind: String]

  static let clusterDomain = "svc.cluster.local"

  init(
    service: InferenceService, configuration: InferenceServiceConfig, mode: DeploymentMode = .standard
  ) throws(PlaceholderTemplate.Failure) {
    self.service = service
    self.configuration = configuration
    self.mode = mode
    var hosts: [ComponentKind: String] = [:]
    let isLocal = service.isClusterLocal || configuration.ingress.domain == Self.clusterDomain
    for component in service.components {
      hosts[component.kind] =
        isLocal
        ? "\(component.host).\(Self.clusterDomain)"
        : try Self.render(component.baseName, service, configuration, mode, configuration.ingress.domain)
    }
    componentHosts = hosts
    host =
      isLocal
      ? hosts[service.entry] ?? ""
      : try Self.render(service.name, service, configuration, mode, configuration.ingress.domain)
  }

  private static func render(
    _ name: String, _ service: InferenceService, _ configuration: InferenceServiceConfig,
    _ mode: DeploymentMode, _ domain: String
  ) throws(PlaceholderTemplate.Failure) -> String {
    if mode == .knative { return "\(name).\(service.namespace).\(domain)" }
    return try configuration.ingress.domainTemplate.render(
      name: name, namespace: service.namespace, domain: domain, annotations: service.annotations,
      labels: service.labels)
  }

  // MARK: hosts

  var isClusterLocal: Bool { host.hasSuffix(".\(Self.clusterDomain)") }

  /// False where nothing outside the cluster is to reach it.
  var isExposed: Bool { !isClusterLocal && !configuration.ingress.isCreationDisabled }

  func host(of kind: ComponentKind) -> String { componentHosts[kind] ?? host }

  /// Every name under which the service itself is asked: the mode's form first, then the other one and the
  /// additional domains.
  func allHosts() throws(PlaceholderTemplate.Failure) -> [String] {
    try allHosts(service.name, primary: host, domains: configuration.ingress.additionalDomains)
  }

  func allHosts(of kind: ComponentKind) throws(PlaceholderTemplate.Failure) -> [String] {
    try allHosts("\(service.name)-\(kind.rawValue)", primary: host(of: kind), domains: [])
  }

  private func allHosts(
    _ name: String, primary: String, domains: [String]
  ) throws(PlaceholderTemplate.Failure) -> [String] {
    var hosts = [primary]
    func add(_ host: String) { if !hosts.contains(host) { hosts.append(host) } }
    // One further domain that is none takes nothing away from the others.
    for domain in [configuration.ingress.domain] + domains.filter({ DNSName.isSubdomain($0) }) {
      add(try Self.render(name, service, configuration, mode, domain))
      let other: DeploymentMode = mode == .knative ? .standard : .knative
      add(try Self.render(name, service, configuration, other, domain))
    }
    return hosts
  }

  /// The names of a Service inside the cluster.
  func insideHosts(service name: String) -> [String] {
    ["", ".svc", ".\(Self.clusterDomain)"].map { "\(name).\(service.namespace)\($0)" }
  }

  /// `latest-iris-predictor-team.localhost`.
  func host(of kind: ComponentKind, tag: String) -> String { "\(tag)-\(host(of: kind))" }

  // MARK: URLs

  /// Carries the gateway's port where clients must name it; cluster-internal names lead past the gateway.
  var url: String {
    isClusterLocal
      ? "http://\(host)" : "\(configuration.ingress.urlScheme)://\(host)\(configuration.portSuffix)"
  }

  func url(of kind: ComponentKind) -> String { plainURL(host(of: kind)) }

  func url(of kind: ComponentKind, tag: String) -> String { plainURL(host(of: kind, tag: tag)) }

  private func plainURL(_ host: String) -> String {
    isClusterLocal ? "http://\(host)" : "http://\(host)\(configuration.portSuffix)"
  }

  /// Inside the cluster.
  func address(targetPort: Int64) -> String {
    let name = service.component(service.entry)?.host ?? service.name
    let host = "http://\(name).\(Self.clusterDomain)"
    return configuration.isServiceHeadless ? "\(host):\(targetPort)" : host
  }
}
