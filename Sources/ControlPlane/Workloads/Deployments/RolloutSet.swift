internal import Basics
internal import KubeProtocol

/// One ReplicaSet in the arithmetic of a rollout.
struct RolloutSet: Hashable, Sendable {
  var name: String
  var created = Timestamp(seconds: 0)
  /// What the set asks for.
  var replicas: Int
  /// How many of its pods are available.
  var available: Int
  /// How many pods it has by its status; more than it asks for while it is deleting some.
  var pods: Int
  /// `deployment.kubernetes.io/max-replicas` at its last scaling.
  var maxReplicas: Int?

  init(
    name: String, created: Timestamp = Timestamp(seconds: 0), replicas: Int, available: Int,
    pods: Int = 0, maxReplicas: Int? = nil
  ) {
    self.name = name
    self.created = created
    self.replicas = replicas
    self.available = available
    self.pods = pods
    self.maxReplicas = maxReplicas
  }

  init(_ set: KubeObject) {
    let spec = ReplicaSetSpec(set)
    name = set.name
    created = set.creationTimestamp ?? Timestamp(seconds: 0)
    replicas = spec.replicas
    available = spec.availableReplicas
    pods = spec.statusReplicas
    maxReplicas = set.annotations[RevisionAnnotations.maxReplicas].flatMap { Int($0) }
  }
}
