internal import ControllerKit
internal import Formats
internal import ServingAPI

/// Fields that are kept as the user wrote them and that this release does not act on: they are told, not
/// passed over.
enum UnusedFields {
  private static let componentFields: [String] = [
    "canaryTrafficPercent", "scaleTarget", "scaleMetric", "autoScaling", "containerConcurrency", "logger",
    "storageContainerName",
  ]

  /// Paths of such fields, in a fixed order.
  static func paths(_ service: InferenceService) -> [String] {
    let predictor = service.predictor
    var found = componentFields.filter { predictor.json[$0] != nil }.map { "spec.predictor.\($0)" }
    // Model servers join requests themselves; what runs in the user's own container does not.
    if predictor.model == nil, predictor.json["batcher"] != nil { found.append("spec.predictor.batcher") }
    let fewest = max(1, predictor.component.minReplicas ?? 1)
    if predictor.component.minReplicas == 0 { found.append("spec.predictor.minReplicas: 0") }
    if let most = predictor.component.maxReplicas, most > fewest {
      found.append("spec.predictor.maxReplicas")
    }
    if predictor.model?.json.at("confidential", "enabled")?.bool == true {
      found.append("spec.predictor.model.confidential")
    }
    if service.transformer != nil { found.append("spec.transformer") }
    if service.explainer != nil { found.append("spec.explainer") }
    if !service.canaries.isEmpty { found.append("spec.canary") }
    return found
  }

  /// One sentence; nil where every field is used.
  static func message(_ service: InferenceService) -> String? {
    let paths = paths(service)
    guard !paths.isEmpty else { return nil }
    return "stored, but not acted on by this release: \(paths.joined(separator: ", "))"
  }

  /// Conditions of whole components that are not deployed. They do not count towards Ready.
  static func conditions(_ service: InferenceService) -> [Condition] {
    var missing: [(type: String, field: String)] = []
    if service.transformer != nil { missing.append(("TransformerReady", "spec.transformer")) }
    if service.explainer != nil { missing.append(("ExplainerReady", "spec.explainer")) }
    if !service.canaries.isEmpty { missing.append(("CanaryPredictorReady", "spec.canary")) }
    return missing.map { entry in
      Condition(
        entry.type, .no, reason: "NotDeployed", message: "\(entry.field) is not deployed by this release",
        severity: "Info")
    }
  }
}
