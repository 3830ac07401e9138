internal import ServingAPI

/// A new revision that never became ready, told with what keeps it from that.
enum CanaryCause {
  /// - Parameters:
  ///   - revision: the new one.
  ///   - failure: of its newest pod; nil while it is on its way.
  static func make(revision: String, service: String, failure: PodFailure?) -> FailureCause? {
    guard let failure else { return nil }
    return FailureCause(
      .canaryNotReady, value: revision,
      "the new revision \(revision) never became ready and gets no requests: \(failure.cause.cause)",
      fix: "\(failure.cause.fix), or undo it by `apus rollout undo \(service)`",
      details: failure.cause.details.merging(
        ["underlyingCode": failure.cause.code.rawValue, "underlyingValue": failure.cause.value]
      ) { $1 })
  }
}
