internal import Formats
internal import KubeProtocol

/// Disruption budgets, quotas, limits, priorities.
enum PolicyStrategies {
  static let disruptionBudget = ResourceStrategy(
    hasGeneration: true,
    validate: { budget, _ in
      let spec = budget.spec ?? [:]
      guard spec["minAvailable"] != nil, spec["maxUnavailable"] != nil else { return [] }
      return [.invalid("spec", spec.encodedText, "minAvailable and maxUnavailable cannot be both set")]
    })

  static let quota = ResourceStrategy(
    validate: { quota, _ in
      (quota.spec?["hard"]?.object ?? [:]).members.flatMap { name, amount in
        QuantityValidation.causes(amount, at: "spec.hard[\(name)]")
      }
    })

  static let limitRange = ResourceStrategy(
    validate: { range, _ in
      var causes: [KubeError.Cause] = []
      for (index, item) in (range.spec?["limits"]?.array ?? []).enumerated() {
        if item["type"]?.string?.isEmpty ?? true { causes.append(.required("spec.limits[\(index)].type")) }
        for field in ["default", "defaultRequest", "max", "min", "maxLimitRequestRatio"] {
          for (name, amount) in item[field]?.object ?? [:] {
            causes += QuantityValidation.causes(amount, at: "spec.limits[\(index)].\(field)[\(name)]")
          }
        }
      }
      return causes
    })

  private static let highestUserPriority: Int64 = 1_000_000_000

  static let priorityClass = ResourceStrategy(
    applyDefaults: { PodDefaults.setDefault(&$0.json, "preemptionPolicy", "PreemptLowerPriority") },
    validate: { priority, old in
      let value = priority["value"]?.int ?? 0
      var causes: [KubeError.Cause] = []
      if value > highestUserPriority, !priority.name.hasPrefix("system-") {
        causes.append(
          .forbidden(
            "value", "maximum allowed value of a user defined priority is \(highestUserPriority)"))
      }
      if let old, old["value"] != priority["value"] {
        causes.append(.forbidden("value", "may not be changed in an update."))
      }
      return causes
        + PodValidation.supported(
          priority.json, "preemptionPolicy", ["PreemptLowerPriority", "Never"], at: "")
    })
}
