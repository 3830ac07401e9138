internal import ControllerKit
internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// The condition `IngressReady`; pure.
struct IngressReadiness {
  let service: InferenceService
  let configuration: InferenceServiceConfig
  /// What was written; in order, the predictor's first.
  let routes: [KubeObject]
  /// False where no routes are wanted.
  let isExposed: Bool
  /// Whether a plain Ingress stands in for them.
  let hasIngress: Bool
  let components: [ComponentObservation]
  /// Whether the gateway has had its time to take the routes as they are.
  var isOverdue = false

  func condition(areComponentsReady: Bool) -> Condition {
    guard isExposed else { return Condition("IngressReady", .yes) }
    guard configuration.ingress.isGatewayAPIEnabled else {
      // Nobody says of a plain Ingress whether it works; being there is all there is to know.
      if hasIngress { return Condition("IngressReady", .yes) }
      return no(
        "Predictor ingress not created",
        "ingress.enableGatewayApi is false in ConfigMap "
          + "\(ServingPlatform.namespace)/\(ServingPlatform.configMap) and the cluster has no kind Ingress; "
          + "set it to true")
    }
    for part in components
    where part.failure == nil && !routes.contains(where: { $0.name == part.component.baseName }) {
      return no("\(part.kind.title) HTTPRoute not created", "")
    }
    for route in routes {
      if let problem = problem(of: route, subject(of: route)) { return problem }
    }
    if areComponentsReady, let part = components.first(where: { $0.hasEndpoint == false }) {
      return Condition(
        "IngressReady", .unknown, reason: "EndpointsNotReady",
        message: "Service \(part.component.name) has no ready address yet")
    }
    return Condition("IngressReady", .yes)
  }

  /// Whether there are routes that the gateway has accepted in an earlier form only, which it serves until it
  /// takes or refuses the one that there is now, or further ones that it has not looked at yet.
  var isMoving: Bool {
    guard isExposed, configuration.ingress.isGatewayAPIEnabled else { return false }
    return routes.contains { route in
      isNew(route) || parents(of: route).contains { isPending(route, $0) }
    }
  }

  /// Whether the service is as ready as it was while its routes move; what its status says of its spec then
  /// is held back.
  var isHeld: Bool {
    !isOverdue && isMoving && Conditions.isTrue(service.object.status?["conditions"], "IngressReady")
  }

  /// A route that a change has just added, as for the revision before a canary: the service itself is reached
  /// by another one.
  private func isNew(_ route: KubeObject) -> Bool {
    guard route.name != service.name, route.generation <= 1, parents(of: route).isEmpty else { return false }
    return routes.contains { entry in
      entry.name == service.name
        && parents(of: entry).contains { Conditions.isTrue($0["conditions"], "Accepted") }
    }
  }

  private func isPending(_ route: KubeObject, _ parent: JSONValue) -> Bool {
    let conditions = parent["conditions"]
    guard Conditions.get(conditions, "Accepted")?.status == .yes else { return false }
    return (conditions?.array ?? []).compactMap(Condition.init(json:)).contains {
      ($0.observedGeneration.map { $0 < route.generation } ?? false) || isAhead(of: $0, route)
    }
  }

  /// A Service that has just been made may reach the gateway after the route that names it. It gets no
  /// requests before it works.
  private func isAhead(of condition: Condition, _ route: KubeObject) -> Bool {
    guard condition.status == .no, condition.reason == "BackendNotFound" else { return false }
    return (route.spec?["rules"]?.array ?? []).contains { rule in
      (rule["backendRefs"]?.array ?? []).contains { $0["weight"]?.int == 0 }
    }
  }

  private func subject(of route: KubeObject) -> String {
    if route.name == service.name { return "TopLevel" }
    let part = components.first { route.name.hasPrefix($0.component.baseName) }
    return part?.kind.title ?? ComponentKind.predictor.title
  }

  private func problem(of route: KubeObject, _ subject: String) -> Condition? {
    let parents = parents(of: route)
    if parents.isEmpty {
      if isHeld && isNew(route) { return nil }
      return no(
        "ParentStatusNotAvailable",
        "\(subject) HttpRouteNotReady: no gateway has accepted HTTPRoute \(route.key) yet; Gateway "
          + "\(configuration.ingress.gatewayNamespace)/\(configuration.ingress.gatewayName) must exist "
          + "and a gateway "
          + "must run")
    }
    for parent in parents {
      for entry in parent["conditions"]?.array ?? [] {
        guard let condition = Condition(json: entry) else { continue }
        if condition.status == .no, !(isHeld && isAhead(of: condition, route)) {
          return no(
            condition.reason, "\(subject) HttpRouteNotReady: HTTPRoute \(route.key): \(condition.message)")
        }
        if let seen = condition.observedGeneration, seen < route.generation, !isHeld {
          return Condition(
            "IngressReady", .unknown, reason: "RouteNotObserved",
            message:
              "\(subject) HttpRouteNotReady: the gateway has not yet taken the last change of HTTPRoute "
              + "\(route.key)")
        }
      }
      let accepted = Conditions.get(parent["conditions"], "Accepted")
      if accepted?.status != .yes {
        return Condition(
          "IngressReady", .unknown, reason: "RouteNotAccepted",
          message: "\(subject) HttpRouteNotReady: the gateway has not accepted HTTPRoute \(route.key) yet")
      }
    }
    return nil
  }

  private func parents(of route: KubeObject) -> [JSONValue] {
    (route.status?["parents"]?.array ?? []).filter { isOurs($0["parentRef"]) }
  }

  /// A route may keep the words of a gateway that it was once bound to.
  private func isOurs(_ reference: JSONValue?) -> Bool {
    reference?["name"]?.string == configuration.ingress.gatewayName
      && (reference?["namespace"]?.string ?? service.namespace) == configuration.ingress.gatewayNamespace
  }

  private func no(_ reason: String, _ message: String) -> Condition {
    Condition("IngressReady", .no, reason: reason, message: message)
  }
}

extension IngressReadiness {
  init(_ observed: ServiceObservation, _ hosts: ServingHosts) {
    self.init(
      service: observed.service, configuration: observed.configuration, routes: observed.routes,
      isExposed: hosts.isExposed, hasIngress: observed.hasIngress, components: observed.components,
      isOverdue: observed.areRoutesOverdue)
  }
}

extension ServiceObservation {
  private var ingress: IngressReadiness? {
    usesKnative ? nil : hosts.map { IngressReadiness(self, $0) }
  }

  /// Whether routes that the gateway has taken before wait for it to take their last change.
  var areRoutesMoving: Bool { ingress?.isMoving ?? false }

  /// Whether the status is not yet of the spec as it is now: its routes are not in use, and those in use are
  /// of the spec before it.
  var isSpecPending: Bool { ingress?.isHeld ?? false }
}
