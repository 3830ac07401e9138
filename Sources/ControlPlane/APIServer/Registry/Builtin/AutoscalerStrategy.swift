internal import Formats
internal import KubeProtocol

/// HorizontalPodAutoscalers: defaults, validation, and the way between their two versions.
enum AutoscalerStrategy {
  static let strategy = ResourceStrategy(
    hasGeneration: true,
    applyDefaults: { autoscaler in
      let isSecond = autoscaler.apiVersion == "autoscaling/v2"
      PodDefaults.change(&autoscaler.json, "spec") { spec in
        PodDefaults.setDefault(&spec, "minReplicas", 1)
        guard isSecond, spec["metrics"]?.array?.isEmpty ?? true else { return }
        spec["metrics"] = [cpuMetric(80)]
      }
    },
    validate: { autoscaler, _ in causes(autoscaler.spec ?? [:]) })

  private static func cpuMetric(_ percentage: JSONValue) -> JSONValue {
    [
      "type": "Resource",
      "resource": ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": percentage]],
    ]
  }

  private static func causes(_ spec: JSONValue) -> [KubeError.Cause] {
    var causes: [KubeError.Cause] = []
    let minimum = spec["minReplicas"]?.int ?? 1
    let maximum = spec["maxReplicas"]?.int ?? 0
    if minimum < 1 {
      causes.append(.invalid("spec.minReplicas", minimum, "must be greater than or equal to 1"))
    }
    if maximum < 1 { causes.append(.invalid("spec.maxReplicas", maximum, "must be greater than 0")) }
    if maximum < minimum {
      causes.append(
        .invalid("spec.maxReplicas", maximum, "must be greater than or equal to `minReplicas`"))
    }
    for field in ["kind", "name"] where spec.at("scaleTargetRef", field)?.string?.isEmpty ?? true {
      causes.append(.required("spec.scaleTargetRef.\(field)"))
    }
    for (index, metric) in (spec["metrics"]?.array ?? []).enumerated() {
      let type = metric["type"]?.string ?? ""
      let sources = [
        "ContainerResource": "containerResource", "External": "external", "Object": "object", "Pods": "pods",
        "Resource": "resource",
      ]
      guard let source = sources[type] else {
        causes.append(.notSupported("spec.metrics[\(index)].type", type, sources.keys.sorted()))
        continue
      }
      if metric[source] == nil {
        causes.append(
          .required(
            "spec.metrics[\(index)].\(source)", "must populate information for the given metric source"))
      }
    }
    if let percentage = spec["targetCPUUtilizationPercentage"]?.int, percentage < 1 {
      causes.append(.invalid("spec.targetCPUUtilizationPercentage", percentage, "must be greater than 0"))
    }
    return causes
  }

  // MARK: versions

  private static let metricsAnnotation = "autoscaling.alpha.kubernetes.io/metrics"
  private static let behaviorAnnotation = "autoscaling.alpha.kubernetes.io/behavior"
  private static let statusAnnotation = "autoscaling.alpha.kubernetes.io/current-metrics"

  /// `autoscaling/v1` knows one CPU target; what else version 2 has goes through annotations.
  static func convert(_ object: KubeObject, to version: String) -> KubeObject {
    version == "v1" ? first(object) : second(object)
  }

  private static func second(_ object: KubeObject) -> KubeObject {
    var result = object
    guard var spec = object.spec else { return result }
    var annotations = object.annotations
    func take(_ name: String) -> JSONValue? {
      annotations.removeValue(forKey: name).flatMap { try? JSONValue(parsing: $0) }
    }
    var metrics = take(metricsAnnotation)?.array ?? []
    if let percentage = spec["targetCPUUtilizationPercentage"] {
      metrics.insert(cpuMetric(percentage), at: 0)
    }
    spec["targetCPUUtilizationPercentage"] = nil
    spec["metrics"] = metrics.isEmpty ? nil : .array(metrics)
    if let behavior = take(behaviorAnnotation) { spec["behavior"] = behavior }
    if let current = take(statusAnnotation) { result.json.set(current, at: "status", "currentMetrics") }
    if var status = result.status {
      status["currentCPUUtilizationPercentage"] = nil
      result.status = status
    }
    result.spec = spec
    result.annotations = annotations
    return result
  }

  private static func first(_ object: KubeObject) -> KubeObject {
    var result = object
    guard var spec = object.spec else { return result }
    var annotations = object.annotations
    var others = spec["metrics"]?.array ?? []
    if let position = others.firstIndex(where: isCPU) {
      let metric = others.remove(at: position)
      spec["targetCPUUtilizationPercentage"] = metric.at("resource", "target", "averageUtilization")
    }
    if !others.isEmpty { annotations[metricsAnnotation] = JSONValue.array(others).encodedText }
    if let behavior = spec["behavior"] { annotations[behaviorAnnotation] = behavior.encodedText }
    spec["metrics"] = nil
    spec["behavior"] = nil
    if var status = object.status {
      let current = status["currentMetrics"]?.array ?? []
      let utilization = current.first { $0.at("resource", "name") == "cpu" }?
        .at("resource", "current", "averageUtilization")
      if let utilization { status["currentCPUUtilizationPercentage"] = utilization }
      if !current.isEmpty { annotations[statusAnnotation] = JSONValue.array(current).encodedText }
      status["currentMetrics"] = nil
      status["conditions"] = nil
      result.status = status
    }
    result.spec = spec
    result.annotations = annotations
    return result
  }

  private static func isCPU(_ metric: JSONValue) -> Bool {
    metric.at("resource", "name") == "cpu" && metric.at("resource", "target", "averageUtilization") != nil
  }
}
