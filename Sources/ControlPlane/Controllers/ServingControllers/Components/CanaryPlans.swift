internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// Makes the predictors of `spec.canary`; pure.
enum CanaryPlans {
  /// The service as it would be with this canary as its predictor.
  static func variant(_ service: InferenceService, _ canary: CanarySpec) -> InferenceService {
    var object = service.object
    object.json.set(merged(service.predictor.json, canary.predictor.json), at: "spec", "predictor")
    object.json.set(nil, at: "spec", "canary")
    return InferenceService(object)
  }

  /// Objects are merged, everything else is taken from the canary.
  private static func merged(_ base: JSONValue, _ overlay: JSONValue) -> JSONValue {
    guard base.object != nil, let members = overlay.object?.members else { return overlay }
    var result = base
    for member in members {
      result[member.key] = base[member.key].map { merged($0, member.value) } ?? member.value
    }
    return result
  }

  /// As many as the canary asks for, else its share of the stable ones, rounded up.
  static func replicas(_ canary: CanarySpec, stable: ComponentSpec) -> Int64 {
    if let given = canary.predictor.component.minReplicas { return max(0, given) }
    let minimum = max(1, stable.minReplicas ?? 1)
    let percent = min(100, max(0, canary.trafficPercent))
    return max(1, (minimum.multipliedReportingOverflow(by: percent).partialValue + 99) / 100)
  }

  static func make(
    _ canary: CanarySpec, variant: Component, stable: ComponentSpec, template: PodTemplate,
    live: LiveComponent
  ) -> CanaryPlan {
    let pair = live.pairs[variant.name]
    return CanaryPlan(
      name: canary.name,
      workload: Workload(
        role: .canary, name: variant.name, template: template,
        replicas: .fixed(replicas(canary, stable: stable)), scaling: .none),
      trafficPercent: canary.trafficPercent,
      isReady: pair?.role == .canary || pair?.role == .stable ? pair?.isServing ?? false : false)
  }
}
