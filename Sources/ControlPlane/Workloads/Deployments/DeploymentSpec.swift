internal import Basics
internal import Formats
internal import KubeProtocol

/// What the controller reads from a Deployment.
struct DeploymentSpec {
  enum Strategy: Hashable { case rollingUpdate, recreate }

  let deployment: KubeObject

  init(_ deployment: KubeObject) { self.deployment = deployment }

  var replicas: Int { ReplicaSetSpec.count(deployment.spec?["replicas"], default: 1) }
  var template: JSONValue { deployment.spec?["template"] ?? [:] }
  var isPaused: Bool { deployment.spec?["paused"]?.bool ?? false }
  var minReadySeconds: Int64 { max(0, deployment.spec?["minReadySeconds"]?.int ?? 0) }
  var revisionHistoryLimit: Int {
    ReplicaSetSpec.count(deployment.spec?["revisionHistoryLimit"], default: 10)
  }

  /// Nil for no deadline (upstream: the largest 32-bit number).
  var progressDeadline: Duration? {
    let seconds = deployment.spec?["progressDeadlineSeconds"]?.int ?? 600
    return seconds >= Int64(Int32.max) ? nil : .seconds(max(0, seconds))
  }

  var strategy: Strategy {
    deployment.spec?.at("strategy", "type")?.string == "Recreate" ? .recreate : .rollingUpdate
  }

  var collisionCount: Int64 { deployment.status?["collisionCount"]?.int ?? 0 }

  /// How many pods there may be over the wanted number, and how many may be missing (upstream's
  /// `ResolveFenceposts`): surge rounds up, unavailable rounds down, and both being 0 would stop every
  /// update, so then one may be missing.
  var bounds: RolloutBounds {
    let parameters = deployment.spec?.at("strategy", "rollingUpdate")
    guard strategy == .rollingUpdate else { return RolloutBounds(surge: 0, unavailable: 0) }
    let surge = (IntOrPercent(parameters?["maxSurge"]) ?? .percent(25)).resolved(of: replicas, roundUp: true)
    var unavailable = (IntOrPercent(parameters?["maxUnavailable"]) ?? .percent(25))
      .resolved(of: replicas, roundUp: false)
    if surge == 0 && unavailable == 0 { unavailable = 1 }
    return RolloutBounds(surge: surge, unavailable: min(unavailable, replicas))
  }

  /// The hash that names the template's ReplicaSet.
  var templateHash: String { PodTemplate.hash(template, collisionCount: collisionCount) }
}

/// The limits of a rolling update, in pods.
struct RolloutBounds: Hashable, Sendable {
  var surge: Int
  var unavailable: Int
}
