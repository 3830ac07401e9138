internal import Basics
internal import Formats
internal import KubeProtocol

/// `status.modelStatus`: how far the newest pod is with its model; pure.
struct ModelStatus {
  enum Target: String {
    case pending = "Pending"
    case loading = "Loading"
    case loaded = "Loaded"
    case failedToLoad = "FailedToLoad"
  }

  var transition: String
  var target: Target
  var isServing: Bool
  var failureInfo: JSONValue?
  var readyCopies: Int
  var failedCopies: Int

  /// From the pods of the predictor.
  init(pods: [KubeObject], now: Timestamp) {
    let newest = PodState.newestFirst(pods)
    readyCopies = newest.count(where: PodState.isReady)
    failedCopies = newest.count { PodFailure($0) != nil }
    isServing = readyCopies > 0
    guard let pod = newest.first else {
      (target, transition) = (.pending, "InProgress")
      return
    }
    if PodState.isReady(pod) {
      (target, transition) = (.loaded, "UpToDate")
    } else if let failure = PodFailure(pod) {
      (target, transition) = (.failedToLoad, "BlockedByFailedLoad")
      failureInfo = Self.info(failure)
    } else {
      (target, transition) = (PodState.isFetching(pod) ? .loading : .pending, "InProgress")
    }
  }

  /// For a service that no pod can be made of.
  init(failure: ServingFailure, pods: [KubeObject]) {
    readyCopies = pods.count(where: PodState.isReady)
    failedCopies = 0
    isServing = readyCopies > 0
    target = .failedToLoad
    transition = "InvalidSpec"
    failureInfo = ["reason": .string(failure.reason.rawValue), "message": .string(failure.message)]
  }

  var json: JSONValue {
    var json: JSONValue = [
      "transitionStatus": .string(transition),
      "states": [
        "activeModelState": .string(isServing ? Target.loaded.rawValue : ""),
        "targetModelState": .string(target.rawValue),
      ],
      "copies": ["failedCopies": .int(failedCopies), "totalCopies": .int(readyCopies)],
    ]
    if let failureInfo { json["lastFailureInfo"] = failureInfo }
    return json
  }

  private static func info(_ failure: PodFailure) -> JSONValue {
    var info: JSONValue = [
      "location": .string(failure.pod), "reason": .string(failure.reason.rawValue),
      "message": .string(failure.message),
    ]
    if let time = failure.time { info["time"] = .string(time) }
    if let code = failure.exitCode { info["exitCode"] = .int(code) }
    return info
  }
}
