internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// What TrainedModels need to know about the service that serves them; pure.
struct TrainedModelParent: Sendable {
  static let parentLabel = "inferenceservice"
  static let allocatedLabel = "serving.kserve.io/trainedmodel-allocated"

  let service: InferenceService
  /// Of the predictor's container; nil where it has none.
  let memoryLimit: Quantity?
  /// Lower-case names of the formats that its runtime takes; nil for an own container, which knows itself.
  let formats: Set<String>?

  var isMultiModel: Bool { service.predictor.isMultiModel }
  var isReady: Bool { Conditions.isTrue(service.object.status?["conditions"], "Ready") }
  var url: String? { service.object.status?["url"]?.string }
  var address: String? { service.object.status?.at("address", "url")?.string }

  /// V1's, unless the predictor speaks V2.
  func predictPath(_ model: String) -> String {
    let container = service.predictor.component.containers.first
    let version =
      service.predictor.model?.protocolVersion ?? container?.environmentValue(ServingPod.protocolVariable)
    return version == "v2" || version == "grpc-v2"
      ? "/v2/models/\(model)/infer" : "/v1/models/\(model):predict"
  }
}

/// Which models a service is given, and what each one's status says; pure.
struct TrainedModelPlan: Sendable {
  static let serviceReady = "InferenceServiceReady"
  static let frameworkSupported = "FrameworkSupported"
  static let memoryAvailable = "MemoryResourceAvailable"
  static let isMultiModel = "IsMMSPredictor"

  struct Entry: Sendable {
    let model: KubeObject
    /// Its memory is given to it, and stays so: it is in the list.
    let isAllocated: Bool
    let conditions: [Condition]
  }

  let parent: TrainedModelParent
  /// Oldest first.
  let entries: [Entry]

  init(parent: TrainedModelParent, models: [KubeObject]) {
    self.parent = parent
    let epoch = Timestamp(seconds: 0)
    let sorted = models.sorted {
      ($0.creationTimestamp ?? epoch, $0.name) < ($1.creationTimestamp ?? epoch, $1.name)
    }
    // Those that have memory keep it; the others get what is left, in order of age.
    var used: Int128 = 0
    for model in sorted where Self.hasMemory(model, parent) && !model.isBeingDeleted {
      used += TrainedModel(model).memory?.billionths ?? 0
    }
    var entries: [Entry] = []
    for model in sorted {
      let hasMemory = Self.hasMemory(model, parent)
      let wanted = TrainedModel(model).memory?.billionths ?? 0
      let fits = hasMemory || used + wanted <= parent.memoryLimit?.billionths ?? 0
      let conditions = Self.conditions(model, parent, fits: fits)
      let isTaken =
        !model.isBeingDeleted && (hasMemory || conditions.allSatisfy { $0.status == .yes })
      if isTaken && !hasMemory { used += wanted }
      entries.append(Entry(model: model, isAllocated: isTaken, conditions: conditions))
    }
    self.entries = entries
  }

  /// What the predictor is to have.
  var listed: [ModelListEntry] {
    parent.isMultiModel ? entries.filter(\.isAllocated).map { TrainedModel($0.model).entry } : []
  }

  private static func hasMemory(_ model: KubeObject, _ parent: TrainedModelParent) -> Bool {
    model.labels[TrainedModelParent.allocatedLabel] == parent.service.name
  }

  private static func conditions(
    _ model: KubeObject, _ parent: TrainedModelParent, fits: Bool
  ) -> [Condition] {
    let name = parent.service.name
    let framework = TrainedModel(model).framework
    let isSupported = parent.formats?.contains(framework.lowercased()) ?? true
    return [
      parent.isReady
        ? Condition(serviceReady, .yes)
        : Condition(
          serviceReady, .no, reason: "InferenceServiceNotReady",
          message: "Inference Service needs to be ready before Trained Model can be ready: see "
            + "InferenceService \"\(name)\""),
      parent.isMultiModel
        ? Condition(isMultiModel, .yes)
        : Condition(
          isMultiModel, .no, reason: "IsNotMMSPredictor",
          message: "Inference Service predictor is not configured for multi-model serving: the predictor of "
            + "\"\(name)\" must have no storageUri, storage or storageUris"),
      isSupported
        ? Condition(frameworkSupported, .yes)
        : Condition(
          frameworkSupported, .no, reason: "FrameworkNotSupported",
          message:
            "Inference Service \"\(name)\" does not support the Framework of the TrainedModel: it takes "
            + "\((parent.formats ?? []).sorted().joined(separator: ", ")), not \(framework)"),
      fits
        ? Condition(memoryAvailable, .yes)
        : Condition(
          memoryAvailable, .no, reason: "MemoryResourceNotAvailable",
          message: "Inference Service does not have enough memory resources for Trained Model: raise the "
            + "memory limit of \"\(name)\", or remove models"),
    ]
  }

  static func ready(_ conditions: [Condition]) -> Condition {
    guard let first = conditions.first(where: { $0.status != .yes }) else { return Condition("Ready", .yes) }
    return Condition("Ready", .no, reason: first.reason, message: first.message)
  }
}
