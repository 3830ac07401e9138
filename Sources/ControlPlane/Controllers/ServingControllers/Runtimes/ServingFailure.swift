/// Why a service cannot be turned into pods: the spec, the runtimes or the configuration do not fit together.
public struct ServingFailure: Error, Sendable, Hashable {
  /// `modelStatus.lastFailureInfo.reason`.
  public enum Reason: String, Sendable, Hashable {
    case noSupportingRuntime = "NoSupportingRuntime"
    case runtimeNotRecognized = "RuntimeNotRecognized"
    case runtimeDisabled = "RuntimeDisabled"
    case invalidPredictorSpec = "InvalidPredictorSpec"
    case modelLoadFailed = "ModelLoadFailed"
    case runtimeUnhealthy = "RuntimeUnhealthy"
  }

  public var reason: Reason
  /// Upstream's words, for `lastFailureInfo.message`.
  public var message: String
  /// One sentence with cause and fix, for the condition.
  public var explanation: String
  /// The reason of the event that tells it, where upstream has one of its own.
  public var eventReason: String?

  public init(_ reason: Reason, message: String, explanation: String) {
    self.reason = reason
    self.message = message
    self.explanation = explanation
  }

  /// A spec that cannot be deployed as it is.
  static func invalid(_ explanation: String) -> ServingFailure {
    ServingFailure(.invalidPredictorSpec, message: explanation, explanation: explanation)
  }
}
