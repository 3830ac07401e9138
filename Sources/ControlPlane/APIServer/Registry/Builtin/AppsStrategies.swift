internal import Formats
internal import KubeProtocol

/// Deployments and ReplicaSets.
enum AppsStrategies {
  static let deployment = ResourceStrategy(
    hasGeneration: true,
    applyDefaults: { deployment in
      PodDefaults.change(&deployment.json, "spec") { spec in
        PodDefaults.setDefault(&spec, "replicas", 1)
        PodDefaults.setDefault(&spec, "revisionHistoryLimit", 10)
        PodDefaults.setDefault(&spec, "progressDeadlineSeconds", 600)
        PodDefaults.setDefault(&spec, "strategy", [:])
        PodDefaults.change(&spec, "strategy", defaultStrategy)
        defaultTemplate(&spec)
      }
    },
    validate: { validate($0, $1) })

  static let replicaSet = ResourceStrategy(
    hasGeneration: true, fieldLabels: ["status.replicas": ["status", "replicas"]],
    applyDefaults: { replicaSet in
      PodDefaults.change(&replicaSet.json, "spec") { spec in
        PodDefaults.setDefault(&spec, "replicas", 1)
        defaultTemplate(&spec)
      }
    },
    validate: { validate($0, $1) })

  private static func defaultStrategy(_ strategy: inout JSONValue) {
    PodDefaults.setDefault(&strategy, "type", "RollingUpdate")
    guard strategy["type"] == "RollingUpdate" else { return }
    PodDefaults.setDefault(&strategy, "rollingUpdate", [:])
    PodDefaults.change(&strategy, "rollingUpdate") { rolling in
      PodDefaults.setDefault(&rolling, "maxUnavailable", "25%")
      PodDefaults.setDefault(&rolling, "maxSurge", "25%")
    }
  }

  static func defaultTemplate(_ spec: inout JSONValue) {
    PodDefaults.change(&spec, "template") { template in
      PodDefaults.change(&template, "spec", PodDefaults.apply(toPodSpec:))
    }
  }

  private static func validate(_ object: KubeObject, _ old: KubeObject?) -> [KubeError.Cause] {
    guard let spec = object.spec else { return [KubeError.Cause.required("spec")] }
    if let old, old.spec == spec { return [] }
    var causes: [KubeError.Cause] = []
    for field in ["minReadySeconds", "progressDeadlineSeconds", "revisionHistoryLimit"] {
      if let number = spec[field]?.int, number < 0 {
        causes.append(.invalid("spec.\(field)", number, "must be greater than or equal to 0"))
      }
    }
    if let replicas = spec["replicas"]?.int, replicas < 0 {
      causes.append(
        KubeError.Cause.invalid("spec.replicas", replicas, "must be greater than or equal to 0"))
    }
    causes += selectorCauses(spec)
    if let old, old.spec?["selector"] != spec["selector"] {
      causes.append(
        KubeError.Cause.invalid(
          "spec.selector", spec["selector"]?.encodedText ?? "null", "field is immutable"))
    }
    let policy = spec.at("template", "spec", "restartPolicy")?.string ?? "Always"
    if policy != "Always" {
      causes.append(.notSupported("spec.template.spec.restartPolicy", policy, ["Always"]))
    }
    if spec.at("strategy", "type")?.string == "Recreate", spec.at("strategy", "rollingUpdate") != nil {
      causes.append(
        KubeError.Cause(
          reason: "FieldValueForbidden",
          message: "Forbidden: may not be specified when strategy `type` is 'Recreate'",
          field: "spec.strategy.rollingUpdate"))
    }
    return causes + PodValidation.templateCauses(spec["template"] ?? [:], at: "spec.template")
  }

  /// The template must carry what the selector asks for, and an empty selector would select everything.
  static func selectorCauses(_ spec: JSONValue) -> [KubeError.Cause] {
    guard let json = spec["selector"] else { return [KubeError.Cause.required("spec.selector")] }
    do {
      let selector = try LabelSelector(json: json)
      if selector.isEmpty {
        return [
          KubeError.Cause.invalid(
            "spec.selector", json.encodedText, "empty selector is invalid for deployment")
        ]
      }
      let labels = KubeObject.stringMap(spec.at("template", "metadata", "labels"))
      if selector.matches(labels) { return [] }
      return [
        KubeError.Cause.invalid(
          "spec.template.metadata.labels",
          JSONValue.object(JSONObject(labels.map { ($0, .string($1)) })).encodedText,
          "`selector` does not match template `labels`")
      ]
    } catch {
      return [KubeError.Cause.invalid("spec.selector", json.encodedText, error.message)]
    }
  }
}
