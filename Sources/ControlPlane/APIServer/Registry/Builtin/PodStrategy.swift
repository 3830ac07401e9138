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
    if old == nil { return PodValidation.causes(pod.spec ?? [:], at: "spec") }
    return []
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

/// Rules for pod specs beyond the schema, as far as a mistake would otherwise show up late.
enum PodValidation {
  static func causes(_ spec: JSONValue, at path: String) -> [KubeError.Cause] {
    var causes: [KubeError.Cause] = []
    var names: Set<String> = []
    let volumes = Set((spec["volumes"]?.array ?? []).compactMap { $0["name"]?.string })
    if spec["containers"]?.array?.isEmpty ?? true {
      causes.append(required("\(path).containers"))
    }
    for field in ["initContainers", "containers"] {
      for (index, container) in (spec[field]?.array ?? []).enumerated() {
        let place = "\(path).\(field)[\(index)]"
        let name = container["name"]?.string ?? ""
        if name.isEmpty {
          causes.append(required("\(place).name"))
        } else if let problem = LabelSyntax.dnsLabelProblems(name).first {
          causes.append(invalid("\(place).name", name, problem))
        } else if !names.insert(name).inserted {
          causes.append(duplicate("\(place).name", name))
        }
        if (container["image"]?.string ?? "").isEmpty { causes.append(required("\(place).image")) }
        for (number, mount) in (container["volumeMounts"]?.array ?? []).enumerated() {
          let volume = mount["name"]?.string ?? ""
          if !volumes.contains(volume) {
            causes.append(
              KubeError.Cause(
                reason: "FieldValueNotFound", message: "Not found: \"\(volume)\"",
                field: "\(place).volumeMounts[\(number)].name"))
          }
        }
      }
    }
    return causes
  }

  static func required(_ field: String) -> KubeError.Cause {
    KubeError.Cause(reason: "FieldValueRequired", message: "Required value", field: field)
  }

  static func invalid(_ field: String, _ value: String, _ problem: String) -> KubeError.Cause {
    KubeError.Cause(
      reason: "FieldValueInvalid", message: "Invalid value: \"\(value)\": \(problem)", field: field)
  }

  static func duplicate(_ field: String, _ value: String) -> KubeError.Cause {
    KubeError.Cause(reason: "FieldValueDuplicate", message: "Duplicate value: \"\(value)\"", field: field)
  }
}
