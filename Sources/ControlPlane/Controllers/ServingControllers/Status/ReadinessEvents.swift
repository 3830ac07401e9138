internal import ControllerKit
internal import Formats
internal import KubeProtocol

/// Tells when a service becomes ready and when it stops being so.
enum ReadinessEvents {
  /// - Parameter failureReason: of the event that tells a new failure; nil for the failure's own.
  static func record(
    _ object: KubeObject, _ status: JSONValue, _ events: EventRecorder, failureReason: String? = nil
  ) {
    let before = Conditions.get(object.status?["conditions"], "Ready")?.status
    let after = Conditions.get(status["conditions"], "Ready")?.status
    if after == .yes && before != .yes {
      events.record(
        object, .normal, reason: "InferenceServiceReady",
        message: "InferenceService [\(object.name)] is Ready")
    } else if before == .yes && after != .yes {
      events.record(
        object, .warning, reason: "InferenceServiceNotReady",
        message: "InferenceService [\(object.name)] is no longer Ready because of: \(causes(status))")
    } else if let message = newFailure(object.status, status) {
      events.record(object, .warning, reason: failureReason ?? message.reason, message: message.text)
    }
  }

  /// Types of the conditions that take readiness away, upstream's order.
  static func causes(_ status: JSONValue) -> String {
    let types = ComponentKind.allCases.map(\.readyCondition) + ["IngressReady"]
    let parts = types.compactMap { type -> String? in
      guard let condition = Conditions.get(status["conditions"], type), condition.status != .yes else {
        return nil
      }
      return type
    }
    return parts.joined(separator: ", ")
  }

  /// A cause of failure that was not there before.
  private static func newFailure(_ old: JSONValue?, _ new: JSONValue) -> (reason: String, text: String)? {
    guard let info = new.at("modelStatus", "lastFailureInfo"),
      let condition = Conditions.get(new["conditions"], "PredictorReady"), condition.status == .no,
      old?.at("modelStatus", "lastFailureInfo", "message") != info["message"]
    else { return nil }
    return (info["reason"]?.string ?? "InternalError", condition.message)
  }
}
