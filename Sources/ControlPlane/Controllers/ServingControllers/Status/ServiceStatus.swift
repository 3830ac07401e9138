internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// Computes `status`, once, at the end of a reconcile; pure.
enum ServiceStatus {
  static func make(_ observed: ServiceObservation, now: Timestamp) -> JSONValue {
    if observed.service.isStopped { return makeStopped(observed, now: now) }
    let old = observed.service.object.status
    // Whoever waits for a changed spec is told of it once the gateway has it.
    let held = observed.isSpecPending ? old?["observedGeneration"] : nil
    var status: JSONValue = [
      "observedGeneration": held ?? .int(observed.service.object.generation),
      "deploymentMode": .string(observed.mode.rawValue),
    ]
    status["conditions"] = conditions(ServiceConditions.make(observed), old: old, now: now)
    if let runtime = observed.runtime {
      status[runtime.isClusterWide ? "clusterServingRuntimeName" : "servingRuntimeName"] = .string(
        runtime.name)
    }
    addAddresses(observed, &status)
    status["components"] = components(observed)
    if observed.isBesideModelMesh { keepPredictor(of: old, in: &status) }
    if let predictor = observed.predictor {
      status["modelStatus"] = modelStatus(predictor, before: old?["modelStatus"], now: now).json
      let canaries = canaryStatuses(predictor, now: now)
      if !canaries.isEmpty { status["canaryStatuses"] = .array(canaries) }
    }
    return status
  }

  private static func modelStatus(
    _ predictor: ComponentObservation, before: JSONValue?, now: Timestamp
  ) -> ModelStatus {
    if let failure = predictor.failure { return ModelStatus(failure: failure, pods: predictor.allPods) }
    var model = ModelStatus(pods: predictor.allPods, events: predictor.podEvents, now: now)
    if let service = predictor.knative {
      model.consider(service, pods: predictor.allPods, before: before)
    }
    return model
  }

  /// Where the service is asked; nothing until there is something to ask.
  private static func addAddresses(_ observed: ServiceObservation, _ status: inout JSONValue) {
    let entry = observed.components.first { $0.kind == observed.service.entry }
    if observed.usesKnative {
      status["url"] = observed.knativeRouting?.url.map { .string($0) }
      status["address"] = observed.knativeRouting?.address
      return
    }
    guard let hosts = observed.hosts, let entry, entry.deployment != nil else { return }
    status["url"] = .string(hosts.url)
    let port = entry.plan?.ports.first { !$0.isGRPC }?.target ?? ServingPod.defaultPort
    status["address"] = ["url": .string(hosts.address(targetPort: port))]
  }

  // MARK: components

  private static func components(_ observed: ServiceObservation) -> JSONValue? {
    let old = observed.service.object.status?["components"]
    var components: JSONValue = [:]
    for part in observed.components {
      let json = component(part, observed.hosts, old: old?[part.kind.rawValue])
      if json.object?.isEmpty == false { components[part.kind.rawValue] = json }
    }
    return components.object?.isEmpty == false ? components : nil
  }

  private static func component(
    _ part: ComponentObservation, _ hosts: ServingHosts?, old: JSONValue?
  ) -> JSONValue {
    if let knative = part.knative {
      return KnativeStatus(kind: part.kind, object: knative).component(after: old)
    }
    var json: JSONValue = [:]
    // What could not be planned keeps its history.
    let state = part.plan?.revisions.state ?? RolloutState(old)
    state.write(into: &json)
    if let hosts, part.deployment != nil {
      json["url"] = .string(hosts.url(of: part.kind))
      if let plan = part.plan { addTraffic(plan, hosts, state, &json) }
    }
    return json
  }

  /// Upstream's form: the spec's shares, the latest one naming the revision that is ready.
  private static func addTraffic(
    _ plan: ComponentPlan, _ hosts: ServingHosts, _ state: RolloutState, _ json: inout JSONValue
  ) {
    guard let ready = state.latestReady else { return }
    let isExposed = hosts.isExposed && hosts.configuration.ingress.isGatewayAPIEnabled
    json["traffic"] = .array(
      plan.targets.filter { $0.isLatest || $0.tag != nil || plan.canaries.isEmpty || $0.percent > 0 }
        .map { target in
          var entry: JSONValue = [
            "revisionName": .string(target.isLatest ? ready : target.revision),
            "latestRevision": .bool(target.isLatest),
            "percent": .int(plan.canaries.isEmpty ? target.wantedPercent : target.percent),
          ]
          if let tag = target.tag {
            entry["tag"] = .string(tag)
            if isExposed { entry["url"] = .string(hosts.url(of: plan.component.kind, tag: tag)) }
          }
          return entry
        })
  }

  private static func canaryStatuses(_ predictor: ComponentObservation, now: Timestamp) -> [JSONValue] {
    (predictor.plan?.canaries ?? []).map { canary in
      let pods = predictor.allPods.filter {
        $0.labels[ServingLabel.app] == ServingLabel.app(forDeployment: canary.workload.name)
      }
      return [
        "name": .string(canary.name), "ready": .bool(canary.isReady),
        "trafficPercent": .int(canary.trafficPercent),
        "modelStatus": ModelStatus(pods: pods, events: predictor.podEvents, now: now).json,
      ]
    }
  }

  // MARK: conditions

  private static func conditions(_ wanted: [Condition], old: JSONValue?, now: Timestamp) -> JSONValue {
    let types = Set(wanted.map(\.type))
    var list: JSONValue = .array(
      (old?["conditions"]?.array ?? []).filter { types.contains($0["type"]?.string ?? "") })
    for condition in wanted { list = Conditions.setting(condition, in: list, now: now, style: .knative) }
    return list
  }

  /// A stopped service keeps its mode and nothing else.
  private static func makeStopped(_ observed: ServiceObservation, now: Timestamp) -> JSONValue {
    let stopped = { (type: String) in Condition(type, .no, reason: "Stopped") }
    var wanted = observed.service.components.map { stopped($0.kind.readyCondition) }
    if !observed.service.canaries.isEmpty { wanted.append(stopped("CanaryPredictorReady")) }
    return [
      "observedGeneration": .int(observed.service.object.generation),
      "deploymentMode": .string(observed.mode.rawValue),
      "conditions": conditions(
        wanted + [
          stopped("IngressReady"), stopped("Ready"), Condition("Stopped", .yes, severity: "Info"),
        ], old: observed.service.object.status, now: now),
    ]
  }
}
