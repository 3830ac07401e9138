internal import Formats
internal import KubeProtocol

/// Pods: graceful deletion, defaults, the start phase, a template that stays as it was scheduled.
enum PodStrategy {
  static let strategy = ResourceStrategy(
    fieldLabels: [
      "spec.nodeName": ["spec", "nodeName"], "spec.restartPolicy": ["spec", "restartPolicy"],
      "spec.schedulerName": ["spec", "schedulerName"],
      "spec.serviceAccountName": ["spec", "serviceAccountName"], "spec.hostNetwork": ["spec", "hostNetwork"],
      "status.phase": ["status", "phase"], "status.podIP": ["status", "podIP"],
      "status.nominatedNodeName": ["status", "nominatedNodeName"],
    ],
    isDeletedGracefully: true,
    applyDefaults: { pod in
      PodDefaults.change(&pod.json, "spec") { spec in
        PodDefaults.apply(toPodSpec: &spec)
        PodDefaults.setDefault(&spec, "enableServiceLinks", true)
      }
    },
    prepareForCreate: { pod, _ in
      pod.status = ["phase": "Pending", "qosClass": .string(qualityOfService(pod.spec ?? [:]))]
      PodDefaults.change(&pod.json, "spec") { spec in
        PodDefaults.setDefault(&spec, "serviceAccountName", "default")
        PodDefaults.setDefault(&spec, "serviceAccount", spec["serviceAccountName"] ?? "default")
      }
    },
    validate: { pod, old in validate(pod, old) })

  private static func validate(_ pod: KubeObject, _ old: KubeObject?) -> [KubeError.Cause] {
    // Binding to a node changes nothing that is checked here.
    guard old.map({ unbound($0) != unbound(pod) }) ?? true else { return [] }
    return PodValidation.causes(pod.spec ?? [:], at: "spec")
  }

  private static func unbound(_ pod: KubeObject) -> JSONValue? {
    var spec = pod.spec
    spec?["nodeName"] = nil
    return spec
  }

  /// Guaranteed: every container's requests equal its limits for both resources; BestEffort: none has any.
  static func qualityOfService(_ spec: JSONValue) -> String {
    let containers = (spec["containers"]?.array ?? []) + (spec["initContainers"]?.array ?? [])
    var isGuaranteed = !containers.isEmpty
    var isBestEffort = true
    for container in containers {
      for name in ["cpu", "memory"] {
        let limit = container.at("resources", "limits", name)
        let request = container.at("resources", "requests", name)
        if limit != nil || request != nil { isBestEffort = false }
        if limit == nil || limit != request { isGuaranteed = false }
      }
    }
    return isBestEffort ? "BestEffort" : isGuaranteed ? "Guaranteed" : "Burstable"
  }
}
