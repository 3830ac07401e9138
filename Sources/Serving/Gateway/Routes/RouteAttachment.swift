internal import Formats
internal import KubeProtocol

/// Which listeners take a route, and for which hosts. Pure.
struct RouteAttachment {
  /// Nil stands for any host.
  var hosts: Set<HostPattern?> = []
  /// Attached listeners per gateway.
  var listeners: [ObjectKey: [String: Int64]] = [:]
  var report: RouteReport

  /// What attachment depends on besides the route.
  struct Frame {
    var gateways: [ObjectKey: GatewaySpec] = [:]
    var namespaces: [String: [String: String]] = [:]
  }

  private struct Outcome {
    var hosts: Set<HostPattern?> = []
    var rejection: Backend.ReferenceProblem?

    static func rejected(_ reason: String, _ message: String) -> Outcome {
      Outcome(rejection: Backend.ReferenceProblem(reason: reason, message: message))
    }
  }

  /// - Parameter problem: the first of the route's references that does not resolve.
  /// - Returns: nil where none of the route's parents is ours.
  init?(_ route: RouteSpec, frame: Frame, problem: Backend.ReferenceProblem?) {
    let parents = route.parents.filter { $0.gateway.map { frame.gateways[$0] != nil } ?? false }
    if parents.isEmpty { return nil }
    report = RouteReport(key: route.key, uid: route.uid, generation: route.generation)
    for parent in parents {
      let outcome = attach(route, to: parent, frame)
      report.parents.append(
        RouteReport.Parent(reference: parent.json, rejection: outcome.rejection, problem: problem))
      if outcome.rejection == nil { hosts.formUnion(outcome.hosts) }
    }
  }

  private mutating func attach(_ route: RouteSpec, to parent: ParentReference, _ frame: Frame) -> Outcome {
    guard let key = parent.gateway, let gateway = frame.gateways[key] else {
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
    let labels = frame.namespaces[route.key.namespace]
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
    var outcome = Outcome()
    for listener in admitting { attach(route, to: listener, of: key, &outcome) }
    if outcome.hosts.isEmpty {
      return .rejected(
        "NoMatchingListenerHostname", "no hostname of the route is one of a listener of gateway \(key)")
    }
    return outcome
  }

  private mutating func attach(
    _ route: RouteSpec, to listener: GatewaySpec.Listener, of gateway: ObjectKey, _ outcome: inout Outcome
  ) {
    var hosts: [HostPattern] = route.hostnames
    if let hostname = listener.hostname {
      hosts = hosts.isEmpty ? [hostname] : hosts.compactMap { hostname.intersection($0) }
      if hosts.isEmpty { return }
    }
    listeners[gateway, default: [:]][listener.name, default: 0] += 1
    outcome.hosts.formUnion(hosts.isEmpty ? [nil] : hosts.map { $0 })
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
