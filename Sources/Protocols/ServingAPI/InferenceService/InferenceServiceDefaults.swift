internal import Formats
public import KubeProtocol

/// What admission fills in on an InferenceService before it is stored; pure and idempotent.
public enum InferenceServiceDefaults {
  public static func apply(to object: KubeObject, configuration: InferenceServiceConfig) -> KubeObject {
    var result = object
    defaultDeploymentMode(&result, configuration)
    guard var predictor = result.json.at("spec", "predictor"), predictor.object != nil else { return result }
    let mode = result.annotations[ServingAnnotation.deploymentMode]
    if mode.flatMap(DeploymentMode.init(name:)) != .modelMesh { defaultModel(&predictor) }
    defaultPredictorContainer(&predictor, configuration.resources)
    result.json.set(predictor, at: "spec", "predictor")
    if let format = ModelSpec(json: predictor["model"] ?? [:]).formatName.nonEmpty {
      var annotations = result.annotations
      if annotations[ServingAnnotation.modelFormat] == nil {
        annotations[ServingAnnotation.modelFormat] = format
        result.annotations = annotations
      }
    }
    defaultCanaries(&result, mode: mode)
    for component in ["transformer", "explainer"] {
      guard var spec = result.json.at("spec", component), spec.object != nil else { continue }
      defaultOwnContainer(&spec, configuration.resources)
      result.json.set(spec, at: "spec", component)
    }
    if !configuration.automountsServiceAccountToken { turnOffTokenMount(&result) }
    return result
  }

  /// Names of earlier releases become today's; a mode that needs no other system is written down, so that a
  /// later change of the configuration does not move the service.
  private static func defaultDeploymentMode(
    _ object: inout KubeObject, _ configuration: InferenceServiceConfig
  ) {
    var annotations = object.annotations
    if let given = annotations[ServingAnnotation.deploymentMode] {
      guard let mode = DeploymentMode(name: given), mode.rawValue != given else { return }
      annotations[ServingAnnotation.deploymentMode] = mode.rawValue
    } else {
      guard configuration.defaultDeploymentMode != .knative else { return }
      annotations[ServingAnnotation.deploymentMode] = configuration.defaultDeploymentMode.rawValue
    }
    object.annotations = annotations
  }

  /// A framework field becomes `model` with that format, in place of one that is there: a manifest with the
  /// field that is applied again finds the `model` of the first time.
  private static func defaultModel(_ predictor: inout JSONValue) {
    let spec = PredictorSpec(json: predictor)
    if let (framework, fields) = spec.frameworks.first {
      var model: JSONValue = ["modelFormat": ["name": .string(framework.field)]]
      for member in fields.object?.members ?? [] { model[member.key] = member.value }
      if let version = framework.defaultProtocol, ModelSpec(json: model).protocolVersion == nil {
        model["protocolVersion"] = .string(version)
      }
      predictor[framework.field] = nil
      predictor["model"] = model
    }
    if let model = PredictorSpec(json: predictor).model, model.protocolVersion == nil,
      PredictorFramework.modelFormatsWithV2.contains(model.formatName)
    {
      predictor.set("v2", at: "model", "protocolVersion")
    }
  }

  /// Canaries are laid over the stable predictor, which has a `model` by now.
  private static func defaultCanaries(_ object: inout KubeObject, mode: String?) {
    guard mode.flatMap(DeploymentMode.init(name:)) != .modelMesh,
      var canaries = object.json.at("spec", "canary")?.array
    else { return }
    for index in canaries.indices {
      guard var predictor = canaries[index]["predictor"], predictor.object != nil else { continue }
      defaultModel(&predictor)
      canaries[index]["predictor"] = predictor
    }
    object.json.set(.array(canaries), at: "spec", "canary")
  }

  private static func defaultPredictorContainer(_ predictor: inout JSONValue, _ resources: ResourceDefaults) {
    guard PredictorSpec(json: predictor).isCustom, var containers = predictor["containers"]?.array else {
      return
    }
    if containers.count == 1 || (containers[0]["name"]?.string ?? "").isEmpty {
      containers[0]["name"] = .string(ServingPod.modelContainer)
    }
    resources.fill(&containers[0])
    predictor["containers"] = .array(containers)
  }

  private static func defaultOwnContainer(_ spec: inout JSONValue, _ resources: ResourceDefaults) {
    if var containers = spec["containers"]?.array, !containers.isEmpty {
      containers[0]["name"] = .string(ServingPod.modelContainer)
      resources.fill(&containers[0])
      spec["containers"] = .array(containers)
    }
    if var art = spec["art"], art.object != nil {
      art["name"] = .string(ServingPod.modelContainer)
      resources.fill(&art)
      spec["art"] = art
    }
  }

  private static func turnOffTokenMount(_ object: inout KubeObject) {
    for component in ["predictor", "transformer", "explainer"] {
      guard let spec = object.json.at("spec", component), spec.object != nil,
        spec["automountServiceAccountToken"] == nil
      else { continue }
      object.json.set(false, at: "spec", component, "automountServiceAccountToken")
    }
  }
}

extension String {
  /// Nil for the empty text.
  var nonEmpty: String? { isEmpty ? nil : self }
}
