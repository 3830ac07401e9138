internal import Formats
internal import KubeProtocol

extension InferenceServiceValidation {
  /// `spec.canary`: further predictors with fixed replicas, in Standard mode.
  mutating func checkCanaries() {
    let canaries = service.canaries
    guard !canaries.isEmpty else { return }
    if let mode = service.annotations[ServingAnnotation.deploymentMode],
      DeploymentMode(name: mode) != .standard
    {
      add(
        "spec.canary", "canary is only supported in Standard deployment mode", reason: "FieldValueForbidden")
    }
    if service.predictor.model == nil && service.predictor.frameworks.isEmpty && storageVariable == nil {
      add(
        "spec.canary",
        "canary requires a stable predictor with a model (multi-model serving is not supported with canary)")
    }
    var names: Set<String> = []
    var total: Int64 = 0
    for (index, canary) in canaries.enumerated() {
      let path = "spec.canary[\(index)]"
      guard !canary.name.isEmpty else {
        add(
          "\(path).predictor.name", "canary[\(index)] predictor.name is required",
          reason: "FieldValueRequired")
        continue
      }
      if !names.insert(canary.name).inserted {
        add(
          "\(path).predictor.name", "canary predictor.name \"\(canary.name)\" is duplicated",
          reason: "FieldValueDuplicate")
      }
      if canary.name == service.predictor.name ?? "" {
        add(
          "\(path).predictor.name",
          "canary predictor.name \"\(canary.name)\" conflicts with stable predictor name")
      }
      if !(0...100).contains(canary.trafficPercent) {
        add(
          "\(path).trafficPercent",
          "canary \"\(canary.name)\" trafficPercent must be between 0 and 100, got \(canary.trafficPercent)")
      }
      total = total.addingReportingOverflow(canary.trafficPercent).partialValue
      checkCanary("\(path).predictor", canary)
    }
    if total > 100 {
      add("spec.canary", "sum of canary trafficPercent values (\(total)) must be <= 100")
    }
  }

  private mutating func checkCanary(_ path: String, _ canary: CanarySpec) {
    let component = canary.predictor.component
    let fixed = "(canary uses fixed replicas)"
    if canary.predictor.workerSpec != nil {
      add(
        "\(path).workerSpec",
        "canary \"\(canary.name)\" must not set workerSpec (multi-node is not yet supported for canary)",
        reason: "FieldValueForbidden")
    }
    var set: [String] = []
    if (component.maxReplicas ?? 0) > 0 { set.append("maxReplicas") }
    for field in ["scaleTarget", "scaleMetric", "autoScaling"]
    where component.json[field].map({ !$0.isNull }) ?? false {
      set.append(field)
    }
    for field in set {
      add(
        "\(path).\(field)", "canary \"\(canary.name)\" must not set \(field) \(fixed)",
        reason: "FieldValueForbidden")
    }
    let stable = service.predictor.component.minReplicas ?? 1
    if let wanted = component.minReplicas, wanted > stable {
      add(
        "\(path).minReplicas",
        "canary \"\(canary.name)\" minReplicas (\(wanted)) must not exceed stable predictor minReplicas "
          + "(\(stable))")
    }
    checkPredictor(path, canary.predictor)
    checkStorageURIs(path, component)
    checkReplicas(path, component)
    checkLogger(path, component)
  }

  private var storageVariable: String? {
    service.predictor.component.containers.first?.environmentValue(ServingPod.storageURIVariable)
  }
}
