internal import ControllerKit
internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// How requests reach a service whose components are Knative Services: by the names of these, or, where the
/// cluster has Istio, by the service's own name, which a VirtualService leads to them; pure.
struct KnativeRouting: Sendable, Hashable {
  let service: InferenceService
  let configuration: InferenceServiceConfig
  /// Istio's kind; nil where the cluster lacks it.
  let virtualServices: KubeResource?
  var settings = KnativeSettings()
  /// Of the components that the spec declares.
  var parts: [ComponentKind: Part] = [:]
  /// Whether the VirtualService is there.
  var isWritten = false

  /// What is known of one component.
  struct Part: Sendable, Hashable {
    /// Of its condition `Ready`.
    var readiness: Condition.Status
    /// Nil before it was ready once.
    var url: String?
  }

  /// - Parameter services: the Knative Services that are there.
  init(
    _ service: InferenceService, _ configuration: InferenceServiceConfig, virtualServices: KubeResource?,
    settings: KnativeSettings, services: [ComponentKind: KubeObject]
  ) {
    self.service = service
    self.configuration = configuration
    self.virtualServices = virtualServices
    self.settings = settings
    observe(services)
  }

  /// Takes the Knative Services as they are now.
  mutating func observe(_ services: [ComponentKind: KubeObject]) {
    parts = [:]
    for component in service.components {
      let stored = service.object.status?.at("components", component.kind.rawValue)
      guard let object = services[component.kind] else {
        parts[component.kind] = Part(readiness: .unknown, url: stored?["url"]?.string)
        continue
      }
      let status = KnativeStatus(kind: component.kind, object: object)
      parts[component.kind] = Part(readiness: status.ready.status, url: status.url(after: stored))
    }
  }

  private var istio: InferenceServiceConfig.Istio { configuration.ingress.istio }

  /// Whether the service has a name of its own. Without Istio nothing would lead from there to a component:
  /// the entry component's name is the service's.
  var hasOwnName: Bool { virtualServices != nil && !istio.isVirtualHostDisabled }

  /// Whether a VirtualService is wanted that cannot be made before every component is ready; one that is
  /// there stays meanwhile.
  var isPending: Bool { hasOwnName && waiting != nil }

  /// What the configuration asks of a cluster that lacks it.
  var warning: PlanWarning? {
    guard virtualServices == nil, !istio.isVirtualHostDisabled else { return nil }
    return PlanWarning(
      reason: "VirtualServiceCRDNotFound",
      message: "Istio VirtualService CRD not present; VirtualService reconciliation skipped. If you do not "
        + "use Istio, set ingress.disableIstioVirtualHost=true.")
  }

  /// The first component that is not ready.
  private var waiting: (kind: ComponentKind, status: Condition.Status)? {
    for kind in ComponentKind.allCases {
      if let part = parts[kind], part.readiness != .yes { return (kind, part.readiness) }
    }
    return nil
  }

  /// Upstream's reasons. A name that once led somewhere still does: Knative keeps what was ready.
  var condition: Condition {
    if url != nil && (!hasOwnName || isWritten) { return Condition("IngressReady", .yes) }
    let waiting = waiting ?? (service.entry, .unknown)
    return Condition(
      "IngressReady", waiting.status, reason: "\(waiting.kind.title) ingress not created",
      message: "Knative Service \(service.namespace)/\(service.component(waiting.kind)?.name ?? "") is not "
        + "ready")
  }

  // MARK: names

  static func internalHost(_ name: String, _ namespace: String) -> String {
    "\(name).\(namespace).\(ServingHosts.clusterDomain)"
  }

  private var internalHost: String { Self.internalHost(service.name, service.namespace) }

  /// What comes after the scheme of the entry component's URL.
  private var entryHost: String? {
    guard let url = parts[service.entry]?.url, let mark = url.firstRange(of: "://") else { return nil }
    let host = url[mark.upperBound...].prefix { $0 != "/" }
    return host.isEmpty ? nil : String(host)
  }

  /// The service's own: the entry component's without `-predictor` or `-transformer`.
  var host: String? {
    guard let host = entryHost, let component = service.component(service.entry) else { return nil }
    let suffix = "-\(component.kind.rawValue)"
    guard component.name.hasSuffix(suffix) else { return host }
    let base = String(component.name.dropLast(suffix.count))
    // Services of the first releases had a further suffix; a namespace of that name looks alike.
    let former = "\(component.name)-default"
    if service.namespace != "default", host.hasPrefix("\(former).") {
      return base + String(host.dropFirst(former.count))
    }
    if host.hasPrefix(component.name) { return base + String(host.dropFirst(component.name.count)) }
    guard let last = host.ranges(of: suffix).last else { return host }
    return String(host[..<last.lowerBound]) + String(host[last.upperBound...])
  }

  /// Whether nothing outside the cluster is to reach it.
  private var isInternal: Bool {
    service.labels["networking.knative.dev/visibility"] == "cluster-local" || host == internalHost
  }

  /// The service's own name under the further domains of the configuration.
  private var additionalHosts: [String] {
    guard !isInternal, let host else { return [] }
    let known = settings.domains + [configuration.ingress.domain]
    let domain = known.filter { host.hasSuffix(".\($0)") }.max { $0.count < $1.count }
    guard let domain else { return [] }
    let name = host.dropLast(domain.count)
    return configuration.ingress.additionalDomains.map { name + $0 }.filter { DNSName.isSubdomain($0) }
  }

  /// `status.url`; nil until there is something to ask.
  var url: String? {
    guard let entryHost, let host else { return nil }
    let scheme = configuration.ingress.urlScheme
    guard hasOwnName else { return "\(scheme)://\(entryHost)" }
    if let path = try? path() { return "\(scheme)://\(configuration.ingress.domain)\(path)" }
    return "\(scheme)://\(host)"
  }

  /// `status.address`, inside the cluster.
  var address: JSONValue? {
    guard url != nil else { return nil }
    let name = hasOwnName ? service.name : service.component(service.entry)?.name ?? service.name
    return ["url": .string("http://\(Self.internalHost(name, service.namespace))")]
  }

  /// Nil where services have no path; one that is internal has none in a domain that others see.
  private func path() throws(PlaceholderTemplate.Failure) -> String? {
    isInternal ? nil : try ServingHosts.path(service, configuration)
  }

  // MARK: objects

  /// The service's own name inside the cluster: an alias of the gateway that Istio listens at.
  func makeAlias() -> KubeObject? {
    guard hasOwnName else { return nil }
    var object = KubeObject(.services, namespace: service.namespace, name: service.name)
    object.labels = [ServingLabel.inferenceService: service.name]
    object.ownerReferences = [OwnerReference(controller: service.object)]
    object.spec = [
      "type": "ExternalName", "externalName": .string(istio.localGatewayService), "sessionAffinity": "None",
    ]
    return object
  }

  /// Nil before every component is ready.
  func makeVirtualService() throws(PlaceholderTemplate.Failure) -> KubeObject? {
    guard hasOwnName, waiting == nil, let resource = virtualServices, let host else { return nil }
    var hosts = [internalHost]
    var gateways = [istio.localGateway, Self.mesh]
    if !isInternal {
      hosts.append(host)
      gateways.append(istio.ingressGateway)
    }
    var routes = explainRoute(Self.explainMatch, additionalHosts, host)
    routes.append(makeRoute(service.entry, makeMatches(nil, host, additionalHosts)))
    if let path = try path() {
      hosts.append(configuration.ingress.domain)
      routes += makePathRoutes(path)
    }
    for further in additionalHosts where !hosts.contains(further) { hosts.append(further) }
    var object = KubeObject(resource, namespace: service.namespace, name: service.name)
    let hidden = ComponentMetadata.switches.union(configuration.notPropagatedAnnotations)
    object.labels = service.labels.merging([ServingLabel.inferenceService: service.name]) { $1 }
    object.annotations = service.annotations.filter { !hidden.contains($0.key) }
    object.ownerReferences = [OwnerReference(controller: service.object)]
    object.spec = [
      "hosts": .array(hosts.map { .string($0) }), "gateways": .array(gateways.map { .string($0) }),
      "http": .array(routes),
    ]
    return object
  }

  // MARK: routes

  private static let mesh = "mesh"
  private static let explainMatch: JSONValue = ["regex": .string(ServingRoutes.explainPath)]

  private func explainRoute(_ path: JSONValue, _ further: [String], _ host: String) -> [JSONValue] {
    service.explainer == nil ? [] : [makeRoute(.explainer, makeMatches(path, host, further))]
  }

  /// To a component: Knative's own gateway knows it by the name that the request is given.
  private func makeRoute(
    _ kind: ComponentKind, _ matches: [JSONValue], rewrite: JSONValue? = nil
  ) -> JSONValue {
    let backend = service.component(kind)?.name ?? service.name
    var route: JSONValue = [
      "match": .array(matches),
      "route": [
        [
          "destination": [
            "host": .string(istio.knativeLocalGatewayService), "port": ["number": 80],
          ],
          "weight": 100,
        ]
      ],
      "headers": [
        "request": [
          "set": [
            "Host": .string(Self.internalHost(backend, service.namespace)),
            "KServe-Isvc-Name": .string(service.name),
            "KServe-Isvc-Namespace": .string(service.namespace),
          ]
        ]
      ],
    ]
    route["rewrite"] = rewrite
    return route
  }

  /// The inner name at the inner gateways, the others at the outer one.
  private func makeMatches(_ path: JSONValue?, _ host: String, _ further: [String]) -> [JSONValue] {
    var matches = [makeMatch(path, internalHost, [istio.localGateway, Self.mesh])]
    guard !isInternal else { return matches }
    for name in [host] + further {
      let match = makeMatch(path, name, [istio.ingressGateway])
      if !matches.contains(match) { matches.append(match) }
    }
    return matches
  }

  private func makeMatch(_ path: JSONValue?, _ host: String, _ gateways: [String]) -> JSONValue {
    var match: JSONValue = [
      "authority": ["regex": .string(Self.expression(host: host))],
      "gateways": .array(gateways.map { .string($0) }),
    ]
    match["uri"] = path
    return match
  }

  /// Below a path of the common domain; the path is taken off on the way.
  private func makePathRoutes(_ path: String) -> [JSONValue] {
    func match(_ uri: JSONValue) -> JSONValue {
      makeMatch(uri, configuration.ingress.domain, [istio.ingressGateway])
    }
    var routes: [JSONValue] = []
    if service.explainer != nil {
      let expression: JSONValue = .string(Self.quoted(path) + #"(/v1/models/[\w-]+:explain)$"#)
      routes.append(
        makeRoute(
          .explainer, [match(["regex": expression])],
          rewrite: ["uriRegexRewrite": ["match": expression, "rewrite": #"\1"#]]))
    }
    routes.append(
      makeRoute(
        service.entry, [match(["prefix": .string("\(path)/")]), match(["exact": .string(path)])],
        rewrite: ["uri": "/"]))
    return routes
  }

  // MARK: expressions

  /// The host with any port; an inner name in its shorter forms too.
  static func expression(host: String) -> String {
    let port = #"(?::\d{1,5})?"#
    let suffix = ".\(ServingHosts.clusterDomain)"
    guard host.hasSuffix(suffix) else { return "^\(quoted(host))\(port)$" }
    return "^\(quoted(String(host.dropLast(suffix.count))))" + #"(\.svc(\.cluster\.local)?)?"# + "\(port)$"
  }

  private static func quoted(_ text: String) -> String {
    text.reduce(into: "") { quoted, character in
      if #"\.+*?()|[]{}^$"#.contains(character) { quoted.append("\\") }
      quoted.append(character)
    }
  }
}
