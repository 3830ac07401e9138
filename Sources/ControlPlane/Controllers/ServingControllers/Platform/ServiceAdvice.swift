internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// What there is to say about a manifest that may be stored as it is: what is deprecated in it, and what is
/// kept and not acted on. One sentence each; pure. Admission's warnings and plans say the same.
enum ServiceAdvice {
  /// - Parameters:
  ///   - manifest: as the user has it; defaults are not applied.
  ///   - configuration: in force.
  static func texts(_ manifest: KubeObject, configuration: InferenceServiceConfig) -> [String] {
    switch manifest.kind {
    case KubeResource.inferenceServices.kind:
      let service = InferenceService(
        InferenceServiceDefaults.apply(to: manifest, configuration: configuration))
      return deprecations(manifest) + unused(service)
    case KubeResource.servingRuntimes.kind, KubeResource.clusterServingRuntimes.kind:
      return ofRuntime(manifest)
    case KubeResource.llmInferenceServices.kind:
      return ["this release stores and checks LLMInferenceServices and does not run them"]
        + ofLLMService(manifest)
    case KubeResource.inferenceGraphs.kind:
      return ["this release stores and checks InferenceGraphs and does not run them"]
    default: return []
    }
  }

  // MARK: InferenceServices

  static func deprecations(_ manifest: KubeObject) -> [String] {
    var texts = InferenceService(manifest).predictor.frameworks.map { entry in
      "spec.predictor.\(entry.framework.field) is deprecated: write spec.predictor.model with "
        + "modelFormat.name \(entry.framework.field)"
    }
    let mode = manifest.annotations[ServingAnnotation.deploymentMode] ?? ""
    if let newName = ["RawDeployment": "Standard", "Serverless": "Knative"][mode] {
      texts.append("the deployment mode \(mode) is deprecated: write \(newName)")
    }
    return texts
  }

  /// - Parameter service: with defaults.
  static func unused(_ service: InferenceService) -> [String] {
    var texts = [UnusedFields.message(service)].compactMap { $0 }
    for component in service.components {
      let path = "spec.\(component.kind.rawValue)"
      if component.spec.json.at("batcher", "timeout") != nil {
        texts.append("\(path).batcher.timeout is read by nobody: write maxLatency (milliseconds)")
      }
      let behavior = component.spec.json.at("autoScaling", "behavior")
      if behavior?.object?.isEmpty == false, service.autoscalerClass != "keda" {
        texts.append("\(path).autoScaling.behavior counts with autoscalerClass keda only")
      }
    }
    if let model = service.predictor.model, model.confidential?.isEnabled == true, let uri = model.storageURI,
      let scheme = ["oci", "pvc"].first(where: { uri.hasPrefix("\($0)://") || uri.hasPrefix("\($0)+") })
    {
      texts.append(
        "spec.predictor.model.confidential: what lies at \(scheme):// is mounted as it is, and not decrypted")
    }
    return texts
  }

  // MARK: other kinds

  private static let modelMeshFields: [String] = [
    "grpcEndpoint", "grpcDataEndpoint", "httpDataEndpoint", "replicas", "storageHelper", "builtInAdapter",
  ]

  private static func ofRuntime(_ manifest: KubeObject) -> [String] {
    let fields = modelMeshFields.filter { manifest.spec?[$0] != nil }.map { "spec.\($0)" }
    var texts =
      fields.isEmpty ? [] : ["read by ModelMesh only, which is not there: \(fields.joined(separator: ", "))"]
    if manifest.spec?["hostIPC"]?.bool == true { texts.append("spec.hostIPC does not reach the pods") }
    return texts
  }

  private static func ofLLMService(_ manifest: KubeObject) -> [String] {
    let router = manifest.spec?["router"]
    func names(_ list: JSONValue?) -> Set<String> {
      Set(
        (list?.array ?? []).map {
          "\($0["namespace"]?.string ?? manifest.namespace)/\($0["name"]?.string ?? "")"
        })
    }
    let parents = names(router?.at("route", "http", "spec", "parentRefs"))
    guard !parents.isEmpty, parents == names(router?.at("gateway", "refs")) else { return [] }
    return [
      "spec.router.route.http.spec.parentRefs says the same as spec.router.gateway.refs: "
        + "leave one of them out"
    ]
  }
}
