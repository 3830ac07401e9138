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

  /// Whether the service was ready as its spec is now: moving its traffic takes nothing away meanwhile.
  private var isInTransition: Bool {
    let status = service.object.status
    return status?["observedGeneration"]?.int == service.object.generation
      && Conditions.isTrue(status?["conditions"], "IngressReady")
  }

  private func subject(of route: KubeObject) -> String {
    if route.name == service.name { return "TopLevel" }
    let part = components.first { route.name.hasPrefix($0.component.baseName) }
    return part?.kind.title ?? ComponentKind.predictor.title
  }

  private func problem(of route: KubeObject, _ subject: String) -> Condition? {
    let parents = (route.status?["parents"]?.array ?? []).filter { isOurs($0["parentRef"]) }
    if parents.isEmpty {
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
        if condition.status == .no {
          return no(
            condition.reason, "\(subject) HttpRouteNotReady: HTTPRoute \(route.key): \(condition.message)")
        }
        if let seen = condition.observedGeneration, seen < route.generation, !isInTransition {
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

  /// A route may keep the words of a gateway that it was once bound to.
  private func isOurs(_ reference: JSONValue?) -> Bool {
    reference?["name"]?.string == configuration.ingress.gatewayName
      && (reference?["namespace"]?.string ?? service.namespace) == configuration.ingress.gatewayNamespace
  }

  private func no(_ reason: String, _ message: String) -> Condition {
    Condition("IngressReady", .no, reason: reason, message: message)
  }
}
