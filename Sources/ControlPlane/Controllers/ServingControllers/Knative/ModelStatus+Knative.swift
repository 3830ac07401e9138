internal import Formats
internal import KubeProtocol

/// How far a model is whose pods are Knative's: what its Service says beside the pods.
extension ModelStatus {
  /// Without pods a Service that says False of anything has failed, and was not just put to sleep; a revision
  /// is loaded once it is the one that is ready.
  /// - Parameters:
  ///   - pods: of the newest revision.
  ///   - before: `modelStatus` so far: the failure that it tells stays, for want of pods that tell one.
  mutating func consider(_ service: KubeObject, pods: [KubeObject], before: JSONValue?) {
    if pods.allSatisfy(\.isBeingDeleted) {
      let failed = (service.status?["conditions"]?.array ?? []).first { $0["status"]?.string == "False" }
      guard let failed else { return }
      (target, transition) = (.failedToLoad, "BlockedByFailedLoad")
      failureInfo =
        before?["lastFailureInfo"] ?? [
          "reason": .string(ServingFailure.Reason.modelLoadFailed.rawValue),
          "message": .string(failed["message"]?.string ?? failed["reason"]?.string ?? ""),
        ]
    } else if target == .loaded,
      service.status?["latestCreatedRevisionName"] != service.status?["latestReadyRevisionName"]
    {
      (target, transition) = (.pending, "InProgress")
    }
  }
}
