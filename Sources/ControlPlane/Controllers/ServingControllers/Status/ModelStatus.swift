internal import Basics
internal import Formats
internal import KubeProtocol
internal import ServingAPI

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
  /// - Parameter events: warnings about these pods and any others.
  init(pods: [KubeObject], events: [KubeObject] = [], now: Timestamp) {
    let newest = PodState.newestFirst(pods)
    readyCopies = newest.count(where: PodState.isReady)
    failedCopies = newest.count { PodFailure($0, events: events) != nil }
    isServing = readyCopies > 0
    guard let pod = newest.first else {
      (target, transition) = (.pending, "InProgress")
      return
    }
    if PodState.isReady(pod) {
      (target, transition) = (.loaded, "UpToDate")
    } else if let failure = PodFailure(pod, events: events) {
      // A program that runs may yet answer its probe.
      let mayRecover = [.probeFailing, .transformerUnreachable].contains(failure.cause.code)
      (target, transition) =
        mayRecover ? (.pending, "InProgress") : (.failedToLoad, "BlockedByFailedLoad")
      failureInfo = Self.info(failure, pod)
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

  private static func info(_ failure: PodFailure, _ pod: KubeObject) -> JSONValue {
    var info: JSONValue = [
      "location": .string(failure.pod), "reason": .string(failure.reason.rawValue),
      "message": .string(failure.message),
    ]
    if let revision = pod.labels["serving.knative.dev/revision"] {
      info["modelRevisionName"] = .string(revision)
    }
    if let time = failure.time { info["time"] = .string(time) }
    if let code = failure.exitCode { info["exitCode"] = .int(code) }
    return info
  }
}
