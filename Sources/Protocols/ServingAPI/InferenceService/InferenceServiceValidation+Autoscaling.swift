internal import Formats
internal import KubeProtocol

extension InferenceServiceValidation {
  /// The rules of the autoscaler that the annotations choose. A service without the mode annotation may use
  /// whatever either mode has.
  mutating func checkAutoscaling(_ path: String, _ component: ComponentSpec) {
    let mode = service.annotations[ServingAnnotation.deploymentMode].flatMap(DeploymentMode.init(name:))
    let knativeClass = service.annotations[ServingAnnotation.knativeAutoscalerClass]
    switch (mode, service.autoscalerClass) {
    case (.standard?, "hpa"?), (nil, "hpa"?): checkResourceScaling(path, component)
    case (.standard?, "keda"?), (nil, "keda"?): checkEventScaling(path, component)
    case (.standard?, _): return
    case (nil, _): checkTargets(path, component)
    default:
      if knativeClass == "hpa.autoscaling.knative.dev" {
        checkResourceScaling(path, component)
      } else {
        checkRequestScaling(path, component)
      }
    }
  }

  // MARK: a HorizontalPodAutoscaler

  private mutating func checkResourceScaling(_ path: String, _ component: ComponentSpec) {
    let metric = component.json["scaleMetric"]?.string ?? ScaleMetric.cpu.rawValue
    guard [ScaleMetric.cpu.rawValue, ScaleMetric.memory.rawValue].contains(metric) else {
      return add("\(path).scaleMetric", "[\(metric)] is not a supported metric", reason: notSupported)
    }
    checkTargets(path, component)
    for (index, metric) in (component.autoScaling?.metrics ?? []).enumerated() {
      let field = "\(path).autoScaling.metrics[\(index)]"
      if metric.source != .resource {
        add(
          "\(field).type",
          "invalid HPA metric source type with value [\(metric.json["type"]?.string ?? "")],"
            + "valid metric source types are Resource", reason: notSupported)
      } else if metric.resource == nil {
        add("\(field).resource", "metricSpec.Resource is not set for resource metric source type")
      }
    }
  }

  /// Targets that no autoscaler could keep.
  private mutating func checkTargets(_ path: String, _ component: ComponentSpec) {
    guard let target = component.scaleTarget else { return }
    let metric = component.scaleMetric
    let isResource = service.autoscalerClass == "hpa"
    if metric == .memory {
      if target < 1 { add("\(path).scaleTarget", "the target memory should be greater than 1 MiB") }
    } else if metric == .cpu || (metric == nil && isResource) {
      if !(1...100).contains(target) {
        add("\(path).scaleTarget", "the target utilization percentage should be a [1-100] integer")
      }
    } else if metric == .rps && target < 1 {
      add("\(path).scaleTarget", "the target for rps should be greater than 1")
    }
  }

  // MARK: the scale follows requests

  private mutating func checkRequestScaling(_ path: String, _ component: ComponentSpec) {
    if component.deploymentStrategy != nil {
      add(
        "\(path).deploymentStrategy",
        "customizing deploymentStrategy is only supported for raw deployment mode",
        reason: "FieldValueForbidden")
    }
    let metric = component.json["scaleMetric"]?.string ?? ScaleMetric.concurrency.rawValue
    guard [ScaleMetric.concurrency.rawValue, ScaleMetric.rps.rawValue].contains(metric) else {
      return add("\(path).scaleMetric", "[\(metric)] is not a supported metric", reason: notSupported)
    }
    checkTargets(path, component)
  }

  // MARK: KEDA

  private mutating func checkEventScaling(_ path: String, _ component: ComponentSpec) {
    if component.json["scaleMetric"] != nil {
      add("\(path).scaleMetric", "ScaleMetric is not supported for KEDA", reason: "FieldValueForbidden")
    }
    for (index, metric) in (component.autoScaling?.metrics ?? []).enumerated() {
      let field = "\(path).autoScaling.metrics[\(index)]"
      switch metric.source {
      case .resource?: checkResourceMetric(field, metric.resource)
      case .external?:
        guard let external = metric.external else {
          add("\(field).external", "metricSpec.External is not set for external metric source type")
          continue
        }
        checkQueryMetric("\(field).external", external.query, external.target)
      case .podMetric?:
        guard let podMetric = metric.podMetric else {
          add("\(field).podmetric", "metricSpec.PodMetric is not set for pod metric source type")
          continue
        }
        checkQueryMetric("\(field).podmetric", podMetric.query, podMetric.target)
      case nil:
        add(
          "\(field).type",
          "unknown KEDA metric type with value [\(metric.json["type"]?.string ?? "")]."
            + "Valid types are Resource,External,PodMetric", reason: notSupported)
      }
    }
  }

  private mutating func checkResourceMetric(_ field: String, _ resource: AutoScalingSpec.Resource?) {
    guard let resource else {
      return add("\(field).resource", "metricSpec.Resource is not set for resource metric source type")
    }
    let target = resource.target
    switch resource.name {
    case "cpu":
      if target.type != .utilization {
        add("\(field).resource.target.type", "the cpu target value type should be Utilization")
      }
    case "memory":
      if target.type != .averageValue && target.type != .utilization {
        add(
          "\(field).resource.target.type",
          "the memory target value type should be AverageValue or Utilization")
      } else if target.type == .averageValue, let value = target.averageValue?.quantity,
        let mebibyte = Quantity("1Mi"), value < mebibyte
      {
        add(
          "\(field).resource.target.averageValue", "the memory target value should be greater than 1 MiB")
      }
    default:
      add(
        "\(field).resource.name", "resource type \(resource.name) is not supported", reason: notSupported)
    }
    checkTarget("\(field).resource.target", target)
  }

  private mutating func checkQueryMetric(
    _ field: String, _ query: String?, _ target: AutoScalingSpec.Target
  ) {
    if query == nil { add("\(field).metric.query", "the query should not be empty") }
    if target.value == nil {
      add("\(field).target.value", "the target threshold value should not be empty")
    }
    checkTarget("\(field).target", target)
  }

  private mutating func checkTarget(_ field: String, _ target: AutoScalingSpec.Target) {
    switch target.type {
    case .utilization?:
      if let percent = target.averageUtilization {
        if !(1...100).contains(percent) {
          add(
            "\(field).averageUtilization",
            "the target utilization percentage should be a [1-100] integer")
        }
      } else {
        add("\(field).averageUtilization", "the AverageUtilization type should be set")
      }
    case .averageValue? where target.averageValue == nil:
      add("\(field).averageValue", "the AverageValue type should be set")
    case .value? where target.value == nil: add("\(field).value", "the Value type should be set")
    default: break
    }
    for (name, value) in [("value", target.value), ("averageValue", target.averageValue)] {
      if let value, value.quantity == nil {
        add("\(field).\(name)", "\"\(value.text)\" is no quantity, as 10, 500m or 2Gi")
      }
    }
  }

  private var notSupported: String { "FieldValueNotSupported" }
}
