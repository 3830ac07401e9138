public import ServingAPI

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

    public init(_ code: FailureCode) { self = Reason(rawValue: code.entry.reason) ?? .runtimeUnhealthy }
  }

  public var reason: Reason
  public var cause: FailureCause
  /// The reason of the event that tells it, where upstream has one of its own.
  public var eventReason: String?

  /// For `lastFailureInfo.message`.
  public var message: String { cause.sentence }
  /// For the condition: the same sentence.
  public var explanation: String { cause.sentence }

  /// - Parameter reason: nil for that of the code.
  public init(_ cause: FailureCause, reason: Reason? = nil) {
    self.cause = cause
    self.reason = reason ?? Reason(cause.code)
  }

  /// - Parameters:
  ///   - message: upstream's words, with which the sentence begins.
  ///   - explanation: what there is to add, with the fix.
  public init(_ reason: Reason, message: String, explanation: String) {
    self.reason = reason
    cause = FailureCause(
      FailureCode(reason: reason.rawValue) ?? .invalidSpec, value: "",
      explanation.hasPrefix(message) ? explanation : "\(message): \(explanation)", fix: "")
  }

  /// A spec that cannot be deployed as it is; the sentence has the fix.
  static func invalid(_ explanation: String) -> ServingFailure {
    ServingFailure(FailureCause(.invalidSpec, value: "", explanation, fix: ""))
  }

  /// The same with the field or value that is at fault.
  static func invalid(
    _ code: FailureCode = .invalidSpec, value: String, _ cause: String, fix: String? = nil
  ) -> ServingFailure {
    ServingFailure(FailureCause(code, value: value, cause, fix: fix), reason: .invalidPredictorSpec)
  }
}
