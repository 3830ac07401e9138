internal import Formats
internal import KubeProtocol

/// StatefulSets, DaemonSets and ControllerRevisions.
enum StatefulStrategies {
  static let statefulSet = ResourceStrategy(
    hasGeneration: true,
    applyDefaults: { set in
      PodDefaults.change(&set.json, "spec") { spec in
        PodDefaults.setDefault(&spec, "replicas", 1)
        PodDefaults.setDefault(&spec, "revisionHistoryLimit", 10)
        PodDefaults.setDefault(&spec, "podManagementPolicy", "OrderedReady")
        PodDefaults.setDefault(&spec, "serviceName", "")
        PodDefaults.setDefault(&spec, "updateStrategy", [:])
        PodDefaults.change(&spec, "updateStrategy") { strategy in
          PodDefaults.setDefault(&strategy, "type", "RollingUpdate")
          guard strategy["type"] == "RollingUpdate" else { return }
          PodDefaults.setDefault(&strategy, "rollingUpdate", [:])
          PodDefaults.change(&strategy, "rollingUpdate") { PodDefaults.setDefault(&$0, "partition", 0) }
        }
        PodDefaults.setDefault(&spec, "persistentVolumeClaimRetentionPolicy", [:])
        PodDefaults.change(&spec, "persistentVolumeClaimRetentionPolicy") { policy in
          PodDefaults.setDefault(&policy, "whenDeleted", "Retain")
          PodDefaults.setDefault(&policy, "whenScaled", "Retain")
        }
        PodDefaults.changeElements(of: &spec, "volumeClaimTemplates") { claim in
          PodDefaults.setDefault(&claim, "apiVersion", "v1")
          PodDefaults.setDefault(&claim, "kind", "PersistentVolumeClaim")
          PodDefaults.change(&claim, "spec") { PodDefaults.setDefault(&$0, "volumeMode", "Filesystem") }
          PodDefaults.setDefault(&claim, "status", ["phase": "Pending"])
        }
        AppsStrategies.defaultTemplate(&spec)
      }
    },
    validate: { set, old in
      var causes = podOwnerCauses(set, old)
      let spec = set.spec ?? [:]
      causes += PodValidation.supported(
        spec, "podManagementPolicy", ["OrderedReady", "Parallel"], at: "spec")
      causes += PodValidation.supported(
        spec["updateStrategy"] ?? [:], "type", ["OnDelete", "RollingUpdate"], at: "spec.updateStrategy")
      if let before = old?.spec, changesFrozen(spec, before) {
        causes.append(
          .forbidden(
            "spec",
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template',"
              + " 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and"
              + " 'minReadySeconds' are forbidden"))
      }
      return causes
    })

  private static func changesFrozen(_ spec: JSONValue, _ old: JSONValue) -> Bool {
    ["selector", "serviceName", "podManagementPolicy", "volumeClaimTemplates"].contains {
      spec[$0] != old[$0]
    }
  }

  static let daemonSet = ResourceStrategy(
    hasGeneration: true,
    applyDefaults: { set in
      PodDefaults.change(&set.json, "spec") { spec in
        PodDefaults.setDefault(&spec, "revisionHistoryLimit", 10)
        PodDefaults.setDefault(&spec, "updateStrategy", [:])
        PodDefaults.change(&spec, "updateStrategy") { strategy in
          PodDefaults.setDefault(&strategy, "type", "RollingUpdate")
          guard strategy["type"] == "RollingUpdate" else { return }
          PodDefaults.setDefault(&strategy, "rollingUpdate", [:])
          PodDefaults.change(&strategy, "rollingUpdate") { rolling in
            PodDefaults.setDefault(&rolling, "maxUnavailable", 1)
            PodDefaults.setDefault(&rolling, "maxSurge", 0)
          }
        }
        AppsStrategies.defaultTemplate(&spec)
      }
    },
    validate: { set, old in
      var causes = podOwnerCauses(set, old)
      if let old, old.spec?["selector"] != set.spec?["selector"] {
        causes.append(
          .invalid("spec.selector", set.spec?["selector"]?.encodedText ?? "", "field is immutable"))
      }
      return causes
    })

  static let controllerRevision = ResourceStrategy(
    validate: { revision, old in
      if let number = revision["revision"]?.int, number < 0 {
        return [.invalid("revision", number, "must be greater than or equal to 0")]
      }
      guard let old, old["data"] != revision["data"] else { return [] }
      return [.invalid("data", revision["data"]?.encodedText ?? "null", "field is immutable")]
    })

  /// What every kind with a selector and a template that always restarts must hold to.
  private static func podOwnerCauses(_ object: KubeObject, _ old: KubeObject?) -> [KubeError.Cause] {
    guard let spec = object.spec else { return [.required("spec")] }
    if let old, old.spec == spec { return [] }
    var causes = AppsStrategies.selectorCauses(spec)
    for field in ["replicas", "minReadySeconds", "revisionHistoryLimit"] {
      if let number = spec[field]?.int, number < 0 {
        causes.append(.invalid("spec.\(field)", number, "must be greater than or equal to 0"))
      }
    }
    let policy = spec.at("template", "spec", "restartPolicy")?.string ?? "Always"
    if policy != "Always" {
      causes.append(.notSupported("spec.template.spec.restartPolicy", policy, ["Always"]))
    }
    return causes + PodValidation.templateCauses(templateWithClaims(spec), at: "spec.template")
  }

  /// The template with the volumes that its pods get from `volumeClaimTemplates`.
  private static func templateWithClaims(_ spec: JSONValue) -> JSONValue {
    var template = spec["template"] ?? [:]
    let claims = (spec["volumeClaimTemplates"]?.array ?? []).compactMap { $0.at("metadata", "name")?.string }
    guard !claims.isEmpty else { return template }
    let others = (template.at("spec", "volumes")?.array ?? []).filter {
      !claims.contains($0["name"]?.string ?? "")
    }
    let made = claims.map { claim -> JSONValue in
      ["name": .string(claim), "persistentVolumeClaim": ["claimName": .string(claim)]]
    }
    template.set(.array(others + made), at: "spec", "volumes")
    return template
  }
}
