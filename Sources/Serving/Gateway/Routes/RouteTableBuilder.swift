internal import Formats
internal import KubeProtocol

/// Makes the table of one moment, and what the statuses shall say of it. Pure but for the registry of
/// endpoints.
struct RouteTableBuilder {
  /// What was made.
  struct Result: Sendable {
    var table: RouteTable
    var routes: [RouteReport]
    /// Attached routes per gateway and listener.
    var attached: [ObjectKey: [String: Int64]]
  }

  private let gateways: [ObjectKey: GatewaySpec]
  private let namespaceLabels: [String: [String: String]]
  private var catalog: ServiceCatalog
  private var registry: EndpointRegistry
  private var exact: [String: [CompiledRule]] = [:]
  private var wildcards: [String: [CompiledRule]] = [:]
  private var anyHost: [CompiledRule] = []
  private var attached: [ObjectKey: [String: Int64]] = [:]

  static func build(
    routes: [RouteSpec], gateways: [GatewaySpec], namespaceLabels: [String: [String: String]] = [:],
    catalog: ServiceCatalog, registry: inout EndpointRegistry
  ) -> Result {
    var builder = RouteTableBuilder(
      gateways: Dictionary(gateways.map { ($0.key, $0) }) { first, _ in first },
      namespaceLabels: namespaceLabels,
      catalog: catalog, registry: registry)
    let reports = routes.compactMap { builder.add($0) }
    registry = builder.registry
    return Result(
      table: RouteTable(
        exact: builder.exact, wildcards: builder.wildcards.map { (suffix: $0.key, rules: $0.value) },
        anyHost: builder.anyHost, gated: builder.catalog.gated),
      routes: reports, attached: builder.attached)
  }

  private init(
    gateways: [ObjectKey: GatewaySpec], namespaceLabels: [String: [String: String]], catalog: ServiceCatalog,
    registry: EndpointRegistry
  ) {
    self.gateways = gateways
    self.namespaceLabels = namespaceLabels
    self.catalog = catalog
    self.registry = registry
  }

  /// - Returns: nil where none of the route's parents is ours.
  private mutating func add(_ route: RouteSpec) -> RouteReport? {
    let parents = route.parents.filter { $0.gateway.map { gateways[$0] != nil } ?? false }
    if parents.isEmpty { return nil }
    var problem: Backend.ReferenceProblem?
    let rules = compile(route, problem: &problem)
    var hosts: Set<HostPattern> = []
    var takesAnyHost = false
    var report = RouteReport(key: route.key, uid: route.uid, generation: route.generation)
    for parent in parents {
      let attachment = attach(route, to: parent)
      report.parents.append(
        RouteReport.Parent(reference: parent.json, rejection: attachment.rejection, problem: problem))
      guard attachment.rejection == nil else { continue }
      hosts.formUnion(attachment.hosts)
      takesAnyHost = takesAnyHost || attachment.takesAnyHost
    }
    for host in hosts {
      switch host {
      case .exact(let name): exact[name, default: []] += rules
      case .wildcard(let suffix): wildcards[suffix, default: []] += rules
      }
    }
    if takesAnyHost { anyHost += rules }
    return report
  }

  // MARK: rules

  private mutating func compile(_ route: RouteSpec, problem: inout Backend.ReferenceProblem?)
    -> [CompiledRule]
  {
    var compiled: [CompiledRule] = []
    for (index, rule) in route.rules.enumerated() {
      var backends: [(Backend, RouteFilters, weight: Int64)] = []
      for reference in rule.backends {
        let backend = catalog.backend(reference, routeNamespace: route.key.namespace, registry: &registry)
        if problem == nil { problem = backend.problem }
        backends.append((backend, reference.filters, reference.weight))
      }
      for match in rule.matches {
        var prefix = ""
        if case .elements(let text) = match.path { prefix = text }
        let target = RouteTarget(
          route: route.key, filters: rule.filters, timeout: rule.timeout, backends: backends,
          matchedPrefix: prefix)
        compiled.append(CompiledRule(match: match, target: target, created: route.created, ruleIndex: index))
      }
    }
    return compiled
  }

  // MARK: parents

  private struct Attachment {
    var hosts: Set<HostPattern> = []
    var takesAnyHost = false
    var rejection: Backend.ReferenceProblem?

    static func rejected(_ reason: String, _ message: String) -> Attachment {
      Attachment(rejection: Backend.ReferenceProblem(reason: reason, message: message))
    }
  }

  private mutating func attach(_ route: RouteSpec, to parent: ParentReference) -> Attachment {
    guard let key = parent.gateway, let gateway = gateways[key] else {
      return .rejected("NoMatchingParent", "gateway \(parent.namespace)/\(parent.name) does not exist")
    }
    let named = gateway.listeners.filter { listener in
      (parent.sectionName.map { $0 == listener.name } ?? true)
        && (parent.port.map { $0 == listener.port } ?? true)
    }
    guard !named.isEmpty else {
      let section = parent.sectionName.map { " named '\($0)'" } ?? ""
      let port = parent.port.map { " on port \($0)" } ?? ""
      return .rejected("NoMatchingParent", "gateway \(key) has no listener\(section)\(port)")
    }
    if let problem = route.problem { return .rejected("UnsupportedValue", problem) }
    let labels = namespaceLabels[route.key.namespace]
    let admitting = named.filter {
      $0.problem == nil && $0.admits(route.key.namespace, of: key, labels: labels)
    }
    guard !admitting.isEmpty else {
      return .rejected(
        "NotAllowedByListeners",
        "gateway \(key) takes no routes from namespace \(route.key.namespace); "
          + "see its listeners' allowedRoutes"
      )
    }
    var attachment = Attachment()
    for listener in admitting { attach(route, to: listener, of: key, &attachment) }
    if attachment.hosts.isEmpty && !attachment.takesAnyHost {
      return .rejected(
        "NoMatchingListenerHostname", "no hostname of the route is one of a listener of gateway \(key)")
    }
    return attachment
  }

  private mutating func attach(
    _ route: RouteSpec, to listener: GatewaySpec.Listener, of gateway: ObjectKey,
    _ attachment: inout Attachment
  ) {
    var hosts: [HostPattern] = route.hostnames
    if let hostname = listener.hostname {
      hosts = hosts.isEmpty ? [hostname] : hosts.compactMap { hostname.intersection($0) }
      if hosts.isEmpty { return }
    }
    attached[gateway, default: [:]][listener.name, default: 0] += 1
    if hosts.isEmpty { attachment.takesAnyHost = true }
    attachment.hosts.formUnion(hosts)
  }
}

/// What the status of one HTTPRoute shall say.
struct RouteReport: Sendable {
  struct Parent: Sendable {
    /// The parent reference as the route has it.
    var reference: JSONValue
    /// Why the route is not accepted there; nil where it is.
    var rejection: Backend.ReferenceProblem?
    /// The first reference that does not resolve.
    var problem: Backend.ReferenceProblem?
  }

  var key: ObjectKey
  var uid: String
  var generation: Int64
  var parents: [Parent] = []
}
