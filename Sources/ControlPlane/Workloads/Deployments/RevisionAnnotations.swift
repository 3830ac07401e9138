internal import KubeProtocol

/// The annotations by which Deployments and ReplicaSets know of revisions and of their last scaling.
enum RevisionAnnotations {
  static let revision = "deployment.kubernetes.io/revision"
  static let desiredReplicas = "deployment.kubernetes.io/desired-replicas"
  static let maxReplicas = "deployment.kubernetes.io/max-replicas"
  private static let history = "deployment.kubernetes.io/revision-history"
  private static let notCopied: Set<String> = [
    "kubectl.kubernetes.io/last-applied-configuration", revision, history, desiredReplicas, maxReplicas,
    "deprecated.deployment.rollback.to",
  ]

  static func number(of object: KubeObject) -> Int64 {
    object.annotations[revision].flatMap { Int64($0) } ?? 0
  }

  /// The annotations of a Deployment's newest ReplicaSet.
  static func make(
    for set: [String: String], deployment: KubeObject, oldSets: [KubeObject]
  ) -> [String: String] {
    var annotations = set
    for (key, value) in deployment.annotations where !notCopied.contains(key) { annotations[key] = value }
    let next = (oldSets.map(number).max() ?? 0) &+ 1
    let current = set[revision].flatMap { Int64($0) } ?? 0
    if current < next {
      if let previous = set[revision] {
        annotations[history] = set[history].map { "\($0),\(previous)" } ?? previous
      }
      annotations[revision] = "\(next)"
    }
    return annotations
  }

  /// What each scaling notes on a set.
  static func scaling(_ spec: DeploymentSpec) -> [String: String] {
    [
      desiredReplicas: "\(spec.replicas)",
      maxReplicas: "\(spec.replicas + spec.bounds.surge)",
    ]
  }
}
