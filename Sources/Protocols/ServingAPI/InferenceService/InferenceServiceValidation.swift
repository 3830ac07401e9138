internal import Formats
public import KubeProtocol

/// What admission refuses about an InferenceService, in upstream's order and words; pure.
public struct InferenceServiceValidation {
  static let nameFormat = "[a-z]([-a-z0-9]*[a-z0-9])?"
  static let autoscalerClasses: [String] = ["hpa", "external", "keda", "none"]

  let service: InferenceService
  /// What fetches storage of further schemes.
  let storageContainers: [ClusterStorageContainer]
  var causes: [KubeError.Cause] = []

  /// Everything that is wrong; empty where the object may be stored. Expects defaults to be applied.
  /// - Parameters:
  ///   - old: the stored object, on update.
  ///   - customGPUs: resource names of the configuration that count as GPUs.
  ///   - storageContainers: what fetches storage of schemes that are not upstream's own.
  public static func causes(
    _ object: KubeObject, old: KubeObject? = nil, customGPUs: [String] = [],
    storageContainers: [ClusterStorageContainer] = []
  ) -> [KubeError.Cause] {
    var validation = InferenceServiceValidation(
      service: InferenceService(object), storageContainers: storageContainers)
    // Whoever removes finalizers of an object on its way out must not be stopped.
    if object.isBeingDeleted { return [] }
    if let old { validation.checkUpdate(from: InferenceService(old)) }
    validation.checkName()
    validation.checkAnnotations()
    validation.checkEnvironment()
    validation.checkWorkers(configuredGPUs: customGPUs)
    validation.checkPredictor("spec.predictor", validation.service.predictor)
    validation.checkCustomContainers("transformer", service: validation.service.transformer)
    validation.checkExplainer()
    for (path, component) in validation.components {
      validation.checkStorageURIs(path, component)
      validation.checkReplicas(path, component)
      validation.checkLogger(path, component)
      validation.checkAutoscaling(path, component)
    }
    validation.checkCanaries()
    return validation.causes
  }

  /// The same as an error that names the object.
  public static func error(_ object: KubeObject, old: KubeObject? = nil) -> KubeError? {
    let found = causes(object, old: old)
    return found.isEmpty ? nil : KubeError.invalid(object.groupVersionKind, object.name, found)
  }

  private init(service: InferenceService, storageContainers: [ClusterStorageContainer]) {
    self.service = service
    self.storageContainers = storageContainers
  }

  var components: [(path: String, component: ComponentSpec)] {
    var found: [(String, ComponentSpec)] = [("spec.predictor", service.predictor.component)]
    if let transformer = service.transformer { found.append(("spec.transformer", transformer)) }
    if let explainer = service.explainer { found.append(("spec.explainer", explainer.component)) }
    return found
  }

  mutating func add(_ field: String, _ message: String, reason: String = "FieldValueInvalid") {
    causes.append(.init(reason: reason, message: message, field: field))
  }

  // MARK: object

  private mutating func checkUpdate(from old: InferenceService) {
    let stored = old.object.json.at("status", "deploymentMode")?.string ?? ""
    if let storedMode = DeploymentMode(name: stored),
      let wanted = service.annotations[ServingAnnotation.deploymentMode],
      DeploymentMode(name: wanted) != storedMode
    {
      add(
        "metadata.annotations[\(ServingAnnotation.deploymentMode)]",
        "update rejected: deploymentMode cannot be changed from '\(stored)' to '\(wanted)'")
    }
    let before = old.predictor
    let after = service.predictor
    if before.name != after.name, before.model?.storageURI == after.model?.storageURI {
      add("spec.predictor.name", "predictor.name change requires a model change (e.g. storageUri)")
    }
  }

  private mutating func checkName() {
    let name = service.name
    let isValid =
      DNSName.isLabel(name)
      && (name.utf8.first.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) } ?? false)
    if name.utf8.count <= 63 && !isValid {
      add(
        "metadata.name",
        "the InferenceService \"\(name)\" is invalid: a InferenceService name must consist of lower case "
          + "alphanumeric characters or '-', and must start with alphabetical character. (e.g. "
          + "\"my-name\" or "
          + "\"abc-123\", regex used for validation is '\(Self.nameFormat)')")
      return
    }
    let child = service.predictorName
    if child.utf8.count > 63 {
      add(
        "metadata.name",
        "the Service \"\(child)\" that it makes has \(child.utf8.count) characters and Kubernetes allows 63; "
          + "choose a name that is \(child.utf8.count - 63) shorter")
    }
  }

  private mutating func checkAnnotations() {
    if let autoscaler = service.annotations[ServingAnnotation.autoscalerClass],
      !Self.autoscalerClasses.contains(autoscaler)
    {
      add(
        "metadata.annotations[\(ServingAnnotation.autoscalerClass)]",
        "[\(autoscaler)] is not a supported autoscaler class type", reason: "FieldValueNotSupported")
    }
    if let mode = service.annotations[ServingAnnotation.deploymentMode], DeploymentMode(name: mode) == nil {
      add(
        "metadata.annotations[\(ServingAnnotation.deploymentMode)]",
        "[\(mode)] is not a supported deployment mode; supported: Standard, Knative, ModelMesh",
        reason: "FieldValueNotSupported")
    }
  }

  /// `PYTHONPATH` would let a service replace the code of the server that runs it.
  private mutating func checkEnvironment() {
    var parts = service.predictor.containerParts.map { ("spec.predictor.\($0.path)", $0.json) }
    for (index, canary) in service.canaries.enumerated() {
      parts += canary.predictor.containerParts.map {
        ("spec.canary[\(index)].predictor.\($0.path)", $0.json)
      }
    }
    for (path, component) in components.dropFirst() {
      for (index, container) in component.containers.enumerated() {
        parts.append(("\(path).containers[\(index)]", container))
      }
      for (index, container) in component.initContainers.enumerated() {
        parts.append(("\(path).initContainers[\(index)]", container))
      }
      if let art = component.json["art"] { parts.append(("\(path).art", art)) }
    }
    for (path, container) in parts {
      for (index, variable) in (container["env"]?.array ?? []).enumerated()
      where variable["name"]?.string == "PYTHONPATH" {
        let name = container["name"]?.string ?? ServingPod.modelContainer
        add(
          "\(path).env[\(index)]",
          "setting PYTHONPATH in container \"\(name)\" is not allowed for security reasons",
          reason: "FieldValueForbidden")
      }
    }
  }
}
