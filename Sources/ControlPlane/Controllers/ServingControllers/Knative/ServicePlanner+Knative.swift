internal import KubeProtocol
internal import ServingAPI

/// Where the cluster has Knative it does the rest.
extension ServicePlanner {
  func planKnative(_ resource: KubeResource, _ plan: inout ServicePlan) {
    plan.usesKnative = true
    for component in service.components {
      do throws(ServingFailure) {
        let choice = component.kind == .predictor ? try chooseRuntime(service) : nil
        if let choice { plan.runtime = choice.runtime }
        let live = live[component.kind] ?? LiveComponent()
        let children = KnativeChildren(
          component: component, resource: resource, template: try pods.make(component, choice: choice),
          rollout: live.rollout, settings: knative, hiddenLabels: configuration.notPropagatedLabels,
          existing: live.knative)
        plan.children.append(
          DesiredChild(resource: resource, object: children.make(), component: component.kind))
      } catch {
        plan.failures[component.kind] = error
      }
    }
    let routing = KnativeRouting(
      service, configuration, virtualServices: kinds.virtualServices, settings: knative,
      services: live.compactMapValues(\.knative))
    plan.knativeRouting = routing
    plan.warnings += [routing.warning].compactMap { $0 }
    if let alias = routing.makeAlias() {
      plan.children.append(DesiredChild(resource: .services, object: alias))
    }
    do throws(PlaceholderTemplate.Failure) {
      if let resource = routing.virtualServices, let object = try routing.makeVirtualService() {
        plan.children.append(DesiredChild(resource: resource, object: object))
      }
    } catch {
      plan.failures[.predictor] = plan.failures[.predictor] ?? .invalid(error.description)
    }
  }
}
