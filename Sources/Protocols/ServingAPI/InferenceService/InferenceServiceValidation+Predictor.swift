internal import Formats
internal import KubeProtocol

extension InferenceServiceValidation {
  /// Members of the predictor's type upstream names in its message.
  private static let implementations: [String] = [
    "Name", "SKLearn", "XGBoost", "Tensorflow", "PyTorch", "Triton", "ONNX", "HuggingFace", "PMML",
    "LightGBM",
    "Paddle", "Model", "StorageUris", "StorageContainerName", "WorkerSpec", "PodSpec",
  ]
  private static let protocolVersions: [String] = ["v1", "v2", "grpc-v1", "grpc-v2"]

  /// - Parameter path: `spec.predictor`, or where a canary's predictor stands.
  mutating func checkPredictor(_ path: String, _ predictor: PredictorSpec) {
    let containers = predictor.component.containers
    for (index, container) in containers.enumerated()
    where container["name"]?.string == ServingPod.transformerContainer
      && container.environmentValue(ServingPod.storageURIVariable) != nil
    {
      add(
        "\(path).containers[\(index)].env",
        "storage uri should not be specified in transformer container",
        reason: "FieldValueForbidden")
    }
    let hasOwnContainer = containers.contains { $0["name"]?.string == ServingPod.modelContainer }
    let specs =
      predictor.frameworks.map { ($0.framework.field, $0.spec) }
      + (predictor.model.map { [("model", $0.json)] } ?? [])
    let count = specs.count + (predictor.isCustom || (hasOwnContainer && !specs.isEmpty) ? 1 : 0)
    if count != 1 {
      add(
        path,
        "exactly one of [\(Self.implementations.joined(separator: ", "))] must be specified in PredictorSpec",
        reason: count == 0 ? "FieldValueRequired" : "FieldValueInvalid")
    }
    for (field, spec) in specs {
      let model = ModelSpec(json: spec)
      checkModel("\(path).\(field)", model, predictor, isModel: field == "model")
      if field != "model" { checkFramework("\(path).\(field)", field, model) }
    }
    if let name = predictor.name,
      !DNSName.isLabel(name) || !(name.utf8.first.map { $0 > UInt8(ascii: "9") } ?? false)
    {
      add("\(path).name", "\"\(name)\" must match ^[a-z]([-a-z0-9]*[a-z0-9])?$")
    }
    if predictor.isCustom { checkCustomContainers("predictor", service: predictor.component, at: path) }
  }

  private mutating func checkModel(
    _ path: String, _ model: ModelSpec, _ predictor: PredictorSpec, isModel: Bool
  ) {
    if let name = model.json["name"]?.string, !name.isEmpty, name != ServingPod.modelContainer {
      add(
        "\(path).name", "the 'name' field is not allowed in standard predictor", reason: "FieldValueForbidden"
      )
    }
    if isModel && model.formatName.isEmpty {
      add(
        "\(path).modelFormat.name", "Required value: names the format of the model",
        reason: "FieldValueRequired")
    }
    if let version = model.protocolVersion, !Self.protocolVersions.contains(version) {
      add(
        "\(path).protocolVersion",
        "invalid protocol \(version). Must be one of [\(Self.protocolVersions.joined(separator: ", "))]",
        reason: "FieldValueNotSupported")
    }
    if model.storageURI != nil && !predictor.component.storageURIs.isEmpty {
      add(
        path.replacingLastField(by: "storageUris"),
        "Setting both StorageURI and StorageURIs is not supported.")
    }
    if model.storageURI?.isEmpty == false, model.storage?.path != nil {
      add("\(path).storage.path", "must provide only one of storageUri and storage.path")
    }
    if let uri = model.storageURI, !uri.isEmpty { checkURI("\(path).storageUri", uri) }
    checkConfidential(path, model)
  }

  mutating func checkExplainer() {
    guard let explainer = service.explainer else { return }
    guard let art = explainer.art else {
      return checkCustomContainers("explainer", service: explainer.component)
    }
    if explainer.isCustom || !explainer.component.containers.isEmpty {
      add(
        "spec.explainer",
        "exactly one of [ART, PodSpec, ComponentExtensionSpec] must be specified in ExplainerSpec")
    }
    if art.type.isEmpty {
      add(
        "spec.explainer.art.type", "Required value: names the attack, as SquareAttack",
        reason: "FieldValueRequired")
    }
    if let uri = art.storageURI {
      checkURI("spec.explainer.art.storageUri", uri)
      if !explainer.component.storageURIs.isEmpty {
        add("spec.explainer.storageUris", "Setting both StorageURI and StorageURIs is not supported.")
      }
    }
  }

  private mutating func checkURI(_ path: String, _ uri: String) {
    do throws(StorageURI.Failure) {
      _ = try StorageURI(uri, containers: storageContainers)
    } catch {
      add(path, error.description)
    }
  }

  private mutating func checkConfidential(_ path: String, _ model: ModelSpec) {
    guard let confidential = model.confidential, confidential.isEnabled else { return }
    if (model.storageURI ?? "").isEmpty {
      add(
        "\(path).storageUri", "confidential model serving requires storageUri to be set",
        reason: "FieldValueRequired")
    }
    guard let identifier = confidential.resourceID else { return }
    if !ConfidentialSpec.isResourceID(identifier) {
      add("\(path).confidential.resourceId", "must be in the format kbs:///<repo>/<type>/<tag>")
    }
  }

  /// Containers that users bring themselves.
  mutating func checkCustomContainers(
    _ name: String, service component: ComponentSpec?, at place: String? = nil
  ) {
    guard let component else { return }
    let path = place ?? "spec.\(name)"
    if name != "predictor" && component.containers.isEmpty {
      add(
        path,
        "exactly one of [\(name == "explainer" ? "ART, " : "")PodSpec, ComponentExtensionSpec] must be "
          + "specified in \(name.capitalizedFirst)Spec",
        reason: "FieldValueRequired")
    }
    for (index, container) in component.containers.enumerated() {
      if let version = container.environmentValue(ServingPod.protocolVariable), !version.isEmpty,
        !["v1", "v2"].contains(version), name == "predictor"
      {
        add(
          "\(path).containers[\(index)].env", "invalid protocol \(version). Must be one of [v1, v2]",
          reason: "FieldValueNotSupported")
      }
      if let uri = container.environmentValue(ServingPod.storageURIVariable), !uri.isEmpty {
        checkURI("\(path).containers[\(index)].env", uri)
        if !component.storageURIs.isEmpty {
          add("\(path).storageUris", "Setting both StorageURI and StorageURIs is not supported.")
        }
      }
    }
  }
}

extension String {
  fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }

  /// A field path whose last member is another one.
  fileprivate func replacingLastField(by name: String) -> String {
    guard let dot = lastIndex(of: ".") else { return name }
    return self[...dot] + name
  }
}
