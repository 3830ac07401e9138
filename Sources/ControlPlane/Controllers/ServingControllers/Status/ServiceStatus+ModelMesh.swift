internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// Services whose predictor ModelMesh serves: what its controller says of it is kept.
extension ServiceStatus {
  private static let explanation =
    "the deployment mode is ModelMesh: ModelMesh's own controller serves the predictor, and says here how "
    + "far it is"

  /// Until ModelMesh has its say.
  static func makeInitial(_ observed: ServiceObservation, now: Timestamp) -> JSONValue {
    var list: JSONValue = []
    for type in [ComponentKind.predictor.readyCondition, "Ready"] {
      list = Conditions.setting(
        Condition(type, .unknown, reason: "ModelMesh", message: explanation), in: list, now: now,
        style: .knative)
    }
    return [
      "deploymentMode": .string(observed.mode.rawValue), "conditions": list,
      "modelStatus": ModelStatus(pods: [], now: now).json,
    ]
  }

  /// What is not Apus's to say.
  static func keepPredictor(of old: JSONValue?, in status: inout JSONValue) {
    let predictor = ComponentKind.predictor.rawValue
    if let kept = old?.at("components", predictor) { status.set(kept, at: "components", predictor) }
    for member in ["modelStatus", "servingRuntimeName", "clusterServingRuntimeName"] {
      status[member] = old?[member]
    }
  }
}

extension ServiceConditions {
  /// The predictor's, as ModelMesh has written it.
  static func ofModelMesh(_ observed: ServiceObservation) -> Condition {
    let type = ComponentKind.predictor.readyCondition
    return Conditions.get(observed.service.object.status?["conditions"], type)
      ?? Condition(
        type, .unknown, reason: "ModelMesh", message: "ModelMesh has said nothing of the predictor yet")
  }
}
