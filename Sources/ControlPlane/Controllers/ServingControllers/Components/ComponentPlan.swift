internal import KubeProtocol
internal import ServingAPI

/// What is wanted of one component: its workloads and how traffic is split between them; pure.
struct ComponentPlan: Sendable {
  let component: Component
  var revisions: RevisionPlan
  var workloads: [Workload]
  var targets: [TrafficTarget]
  /// Entries of `spec.canary`, in order.
  var canaries: [CanaryPlan] = []
  /// Pairs from before the predictor was renamed, which are still asked by their names.
  var formerNames: [String]

  /// The ports of its Services.
  var ports: [ServicePort] {
    ServicePort.list(revisions.current.template, serviceName: component.name)
  }

  /// Whether requests go elsewhere than to the component's own pair, or not only there.
  var isSplit: Bool { targets.filter { $0.percent > 0 }.map(\.service) != [component.name] }

  /// - Parameters:
  ///   - canaries: of a predictor, made before.
  ///   - workers: of a predictor on several nodes.
  init(
    _ component: Component, template: PodTemplate, live: LiveComponent, mode: DeploymentMode,
    canaries: [CanaryPlan] = [], workers: (template: PodTemplate, count: Int64)? = nil
  ) {
    self.component = component
    self.canaries = canaries
    formerNames = live.pairs.values.filter { $0.role == .stable && $0.name != component.name }
      .map(\.name).sorted()
    revisions = RevisionPlan(component, template: template, live: live)
    let policy = ScalingPolicy.of(component.spec, of: component.service, mode: mode)
    let bounds = ReplicaBounds(component.spec, policy)
    var stableBounds = bounds
    let readyCanaries = canaries.reduce(0) { $0 + ($1.isReady ? $1.replicas : 0) }
    if readyCanaries > 0 {
      stableBounds.minimum = max(1, bounds.minimum - readyCanaries)
      if !bounds.isScaled { stableBounds.maximum = stableBounds.minimum }
    }
    workloads = [
      Workload(
        role: .stable, name: component.name, revision: revisions.stable.name,
        template: revisions.stable.template, replicas: stableBounds, scaling: policy)
    ]
    if let canary = revisions.canary {
      workloads.append(
        Workload(
          role: .revision, name: canary.name, revision: canary.name, template: canary.template,
          replicas: bounds, scaling: policy))
    }
    workloads += canaries.map(\.workload)
    if let workers {
      workloads.append(
        Workload(
          role: .worker, name: MultiNode.workerName(component), template: workers.template,
          replicas: .fixed(workers.count), scaling: .none))
    }
    targets = Self.targets(revisions.targets, canaries)
  }

  /// The ready canaries get their percent, the rest is split as the revisions say.
  private static func targets(_ own: [TrafficTarget], _ canaries: [CanaryPlan]) -> [TrafficTarget] {
    let taken = min(100, canaries.reduce(0) { $0 + $1.weight })
    if canaries.isEmpty { return own }
    var rest = 100 - taken
    var targets: [TrafficTarget] = []
    for (index, target) in own.enumerated() {
      var target = target
      target.percent = index == own.count - 1 ? rest : target.percent * (100 - taken) / 100
      rest -= target.percent
      targets.append(target)
    }
    return targets
      + canaries.map {
        TrafficTarget(
          service: $0.workload.name, revision: $0.workload.name, percent: $0.weight,
          wantedPercent: $0.trafficPercent, tag: nil, isLatest: false)
      }
  }
}

/// One entry of `spec.canary`: a predictor of its own beside the stable one.
struct CanaryPlan: Sendable {
  var name: String
  var workload: Workload
  var trafficPercent: Int64
  var isReady: Bool

  var replicas: Int64 { workload.replicas.minimum }
  /// Without a ready pod it gets nothing.
  var weight: Int64 { isReady ? min(100, max(0, trafficPercent)) : 0 }
}
