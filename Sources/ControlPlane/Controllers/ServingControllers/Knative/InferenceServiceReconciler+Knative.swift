internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import ServingAPI

/// What there is of a service whose components are Knative Services.
extension InferenceServiceReconciler {
  func observeKnative(_ plan: ServicePlan, _ observed: inout ServiceObservation) {
    var services: [ComponentKind: KubeObject] = [:]
    for index in observed.components.indices {
      observeKnative(&observed.components[index], plan)
      services[observed.components[index].kind] = observed.components[index].knative
    }
    guard var routing = plan.knativeRouting else { return }
    routing.observe(services)
    if let resource = routing.virtualServices {
      routing.isWritten =
        plan.children.contains { $0.resource == resource }
        || caches.informer(of: resource)?.get(observed.service.object.key) != nil
    }
    observed.knativeRouting = routing
  }

  private func observeKnative(_ part: inout ComponentObservation, _ plan: ServicePlan) {
    guard let child = plan.children.first(where: { $0.component == part.kind }) else { return }
    part.knative = caches.informer(of: child.resource)?.get(child.object.key)
    guard let revision = part.knative?.status?["latestCreatedRevisionName"]?.string else { return }
    part.allPods = caches.pods(ofKnativeRevision: revision, namespace: child.object.namespace)
    part.podEvents = caches.warnings(about: part.allPods)
  }
}
