internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// The object that scales a workload by what its pods use: a HorizontalPodAutoscaler or KEDA's ScaledObject;
/// pure. What is scaled by requests has neither.
struct AutoscalerChildren {
  let component: Component
  let configuration: InferenceServiceConfig
  let workload: Workload
  let kinds: OptionalKinds

  private static let defaultUtilization: Int64 = 80

  /// Nil where nothing of the kind is wanted, or the cluster lacks the kind.
  func make() -> (resource: KubeResource, object: KubeObject)? {
    guard workload.role == .stable || workload.role == .revision else { return nil }
    switch workload.scaling {
    case .keda: return kinds.scaledObjects.map { ($0, makeScaledObject($0)) }
    case .hpa: return kinds.podAutoscalers.map { ($0, makePodAutoscaler($0)) }
    case .none, .external, .requests: return nil
    }
  }

  /// What is missing where somebody is to scale the workload who is not there.
  var warning: PlanWarning? {
    guard workload.role == .stable || workload.role == .revision, workload.scaling == .keda,
      kinds.scaledObjects == nil
    else { return nil }
    return PlanWarning(
      reason: "ScaledObjectCRDNotFound",
      message: "the annotation \(ServingAnnotation.autoscalerClass) asks for KEDA, and the cluster has no "
        + "kind ScaledObject: nothing scales Deployment \(workload.name); install KEDA, or take another "
        + "class")
  }

  private var minimum: Int64 { max(1, component.spec.minReplicas ?? 1) }
  private var maximum: Int64 { max(minimum, component.spec.maxReplicas ?? 0) }

  private func makeObject(_ resource: KubeResource) -> KubeObject {
    var object = KubeObject(resource, namespace: component.service.namespace, name: workload.name)
    let template = workload.template
    object.labels = (template?.labels ?? [:])
      .merging([ServingLabel.app: ServingLabel.app(forDeployment: workload.name)]) { $1 }
      .merging([
        ServingLabel.inferenceService: component.service.name,
        ServingLabel.component: component.kind.rawValue,
      ]) { $1 }
    object.annotations = template?.annotations ?? [:]
    object.ownerReferences = [OwnerReference(controller: component.service.object)]
    return object
  }

  // MARK: HorizontalPodAutoscaler

  private func makePodAutoscaler(_ resource: KubeResource) -> KubeObject {
    var object = makeObject(resource)
    object.spec = [
      "scaleTargetRef": ["apiVersion": "apps/v1", "kind": "Deployment", "name": .string(workload.name)],
      "minReplicas": .int(minimum), "maxReplicas": .int(maximum), "metrics": .array(podMetrics),
      "behavior": [:],
    ]
    return object
  }

  private var podMetrics: [JSONValue] {
    if let given = component.spec.autoScaling?.metrics, !given.isEmpty {
      let metrics = given.compactMap { metric -> JSONValue? in
        guard metric.source == .resource, let resource = metric.resource else { return nil }
        return ["type": "Resource", "resource": resourceMetric(resource)]
      }
      if !metrics.isEmpty { return metrics }
    }
    let name = component.spec.scaleMetric == .memory ? "memory" : "cpu"
    return [
      [
        "type": "Resource",
        "resource": [
          "name": .string(name),
          "target": [
            "type": "Utilization",
            "averageUtilization": .int(component.spec.scaleTarget ?? Self.defaultUtilization),
          ],
        ],
      ]
    ]
  }

  private func resourceMetric(_ resource: AutoScalingSpec.Resource) -> JSONValue {
    let type = resource.target.type ?? .utilization
    var target: JSONValue = ["type": .string(type.rawValue)]
    switch type {
    case .utilization:
      target["averageUtilization"] = .int(resource.target.averageUtilization ?? Self.defaultUtilization)
    case .averageValue: target["averageValue"] = resource.target.averageValue.map { .string($0.text) }
    case .value: target["value"] = resource.target.value.map { .string($0.text) }
    }
    return ["name": .string(resource.name), "target": target]
  }

  // MARK: ScaledObject

  private func makeScaledObject(_ resource: KubeResource) -> KubeObject {
    var object = makeObject(resource)
    var spec: JSONValue = [
      "scaleTargetRef": ["name": .string(workload.name)],
      "minReplicaCount": .int(max(0, component.spec.minReplicas ?? 1)), "maxReplicaCount": .int(maximum),
      "triggers": .array(triggers),
    ]
    let scaling = component.spec.autoScaling
    var behavior: JSONValue = [:]
    for (key, given, configured) in [
      (
        "scaleUp", scaling?.scaleUpStabilizationSeconds, configuration.autoscaler.scaleUpStabilizationSeconds
      ),
      (
        "scaleDown", scaling?.scaleDownStabilizationSeconds,
        configuration.autoscaler.scaleDownStabilizationSeconds
      ),
    ] {
      if let seconds = given ?? configured { behavior[key] = ["stabilizationWindowSeconds": .int(seconds)] }
    }
    if behavior.object?.isEmpty == false {
      spec["advanced"] = ["horizontalPodAutoscalerConfig": ["behavior": behavior]]
    }
    object.spec = spec
    return object
  }

  private var triggers: [JSONValue] {
    guard let metrics = component.spec.autoScaling?.metrics, !metrics.isEmpty else {
      let name = component.spec.scaleMetric?.rawValue ?? "cpu"
      let value = String(component.spec.scaleTarget ?? Self.defaultUtilization)
      return [
        ["type": .string(name), "metricType": "Utilization", "metadata": ["value": .string(value)]]
      ]
    }
    return metrics.compactMap { metric in
      switch metric.source {
      case .resource: metric.resource.map(resourceTrigger)
      case .external: metric.external.map(externalTrigger)
      case .podMetric: metric.podMetric.map(podTrigger)
      case nil: nil
      }
    }
  }

  private func resourceTrigger(_ resource: AutoScalingSpec.Resource) -> JSONValue {
    let type = resource.target.type ?? .utilization
    let value: String? =
      switch type {
      case .utilization: resource.target.averageUtilization.map(String.init)
      case .averageValue: resource.target.averageValue?.text
      case .value: resource.target.value?.text
      }
    return [
      "type": .string(resource.name), "metricType": .string(type.rawValue),
      "metadata": ["value": .string(value ?? String(Self.defaultUtilization))],
    ]
  }

  private func externalTrigger(_ external: AutoScalingSpec.External) -> JSONValue {
    var metadata: JSONValue = [:]
    let isPrometheus = external.backend == "prometheus"
    for (key, value) in [
      ("serverAddress", external.serverAddress), ("query", external.query),
      ("threshold", external.target.value?.text), ("namespace", isPrometheus ? external.namespace : nil),
      ("authModes", external.authenticationModes),
    ] { metadata[key] = value.map { .string($0) } }
    var trigger: JSONValue = ["type": .string(external.backend), "metadata": metadata]
    if let name = external.authenticationName { trigger["authenticationRef"] = ["name": .string(name)] }
    return trigger
  }

  private func podTrigger(_ metric: AutoScalingSpec.PodMetric) -> JSONValue {
    let selector =
      "{namespace=\"\(component.service.namespace)\", deployment=\"\(workload.name)\"}"
    var metadata: JSONValue = [
      "metricQuery": .string("sum(\(metric.query ?? "")\(selector))"),
      "scalerAddress": .string(
        metric.serverAddress ?? configuration.openTelemetryCollector.scalerEndpoint),
    ]
    metadata["targetValue"] = metric.target.value.map { .string($0.text) }
    metadata["operationOverTime"] = metric.operationOverTime.map { .string($0) }
    return ["type": "external", "metadata": metadata]
  }
}
