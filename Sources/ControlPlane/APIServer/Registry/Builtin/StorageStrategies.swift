internal import Formats
internal import KubeProtocol

/// PersistentVolumes, claims and StorageClasses.
enum StorageStrategies {
  private static let accessModes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"]

  static let volume = ResourceStrategy(
    applyDefaults: { volume in
      PodDefaults.change(&volume.json, "spec") { spec in
        PodDefaults.setDefault(&spec, "persistentVolumeReclaimPolicy", "Retain")
        PodDefaults.setDefault(&spec, "volumeMode", "Filesystem")
        PodDefaults.change(&spec, "hostPath") { PodDefaults.setDefault(&$0, "type", "") }
      }
    },
    prepareForCreate: { volume, _ in volume.status = ["phase": "Available"] },
    validate: { volume, _ in
      let spec = volume.spec ?? [:]
      var causes = modeCauses(spec)
      if spec["capacity"]?.object?.isEmpty ?? true {
        causes.append(.required("spec.capacity"))
      } else {
        for (name, amount) in spec["capacity"]?.object ?? [:] {
          causes += QuantityValidation.causes(amount, at: "spec.capacity[\(name)]")
        }
      }
      let sources = (spec.object ?? [:]).members.filter {
        $0.value.object != nil && !notSources.contains($0.key)
      }
      if sources.isEmpty { causes.append(.required("spec", "must specify a volume type")) }
      if sources.count > 1 {
        causes.append(.forbidden("spec.\(sources[1].key)", "may not specify more than 1 volume type"))
      }
      return causes
        + PodValidation.supported(
          spec, "persistentVolumeReclaimPolicy", ["Delete", "Recycle", "Retain"], at: "spec")
    })

  private static let notSources: Set<String> = ["capacity", "claimRef", "nodeAffinity"]

  static let claim = ResourceStrategy(
    applyDefaults: { claim in
      PodDefaults.change(&claim.json, "spec") { PodDefaults.setDefault(&$0, "volumeMode", "Filesystem") }
    },
    prepareForCreate: { claim, _ in claim.status = ["phase": "Pending"] },
    validate: { claim, old in
      let spec = claim.spec ?? [:]
      var causes = modeCauses(spec)
      let storage = spec.at("resources", "requests", "storage")
      if let storage {
        causes += QuantityValidation.causes(storage, at: "spec.resources.requests[storage]")
      } else {
        causes.append(.required("spec.resources[storage]"))
      }
      if let before = old?.spec, frozen(before) != frozen(spec) {
        causes.append(
          .forbidden(
            "spec",
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for"
              + " bound claims"))
      }
      return causes
    })

  private static func frozen(_ spec: JSONValue) -> JSONValue {
    var rest = spec
    rest["resources"] = nil
    rest["volumeName"] = nil
    rest["volumeAttributesClassName"] = nil
    return rest
  }

  static let storageClass = ResourceStrategy(
    applyDefaults: { storageClass in
      PodDefaults.setDefault(&storageClass.json, "reclaimPolicy", "Delete")
      PodDefaults.setDefault(&storageClass.json, "volumeBindingMode", "Immediate")
    },
    validate: { storageClass, old in
      var causes: [KubeError.Cause] = []
      if storageClass["provisioner"]?.string?.isEmpty ?? true { causes.append(.required("provisioner")) }
      if let old {
        for field in ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"]
        where old[field] != storageClass[field] {
          causes.append(.forbidden(field, "updates to \(field) are forbidden."))
        }
      }
      return causes
    })

  private static func modeCauses(_ spec: JSONValue) -> [KubeError.Cause] {
    let modes = (spec["accessModes"]?.array ?? []).compactMap(\.string)
    if modes.isEmpty { return [.required("spec.accessModes", "at least 1 access mode is required")] }
    return modes.filter { !accessModes.contains($0) }.map {
      .notSupported("spec.accessModes", $0, accessModes)
    } + PodValidation.supported(spec, "volumeMode", ["Block", "Filesystem"], at: "spec")
  }
}
