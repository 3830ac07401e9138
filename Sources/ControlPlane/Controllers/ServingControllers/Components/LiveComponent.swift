internal import ControllerKit
internal import Formats
internal import KubeProtocol

/// A Deployment of a component as it is now, with its pods.
struct LivePair: Sendable, Hashable {
  var deployment: KubeObject
  var pods: [KubeObject] = []

  /// What a Deployment is for; an annotation on it.
  enum Role: String, Sendable, Hashable {
    /// Holds what is rolled out, under the component's own name.
    case stable
    /// Holds one further revision.
    case revision
    /// An entry of `spec.canary`.
    case canary
    /// The workers of a predictor on several nodes.
    case worker
  }

  static let roleAnnotation = "apus.dev/role"

  var name: String { deployment.name }
  var role: Role { deployment.annotations[Self.roleAnnotation].flatMap(Role.init(rawValue:)) ?? .stable }
  var revision: String? { deployment.annotations[Revision.label] }
  var wantedReplicas: Int64 { deployment.spec?["replicas"]?.int ?? 1 }

  private func count(_ key: String) -> Int64 { deployment.status?[key]?.int ?? 0 }

  private var isObserved: Bool {
    (deployment.status?["observedGeneration"]?.int ?? 0) >= deployment.generation
  }

  /// Whether requests can be sent to it. One that was scaled to nothing is woken by them.
  var isServing: Bool {
    if wantedReplicas == 0 { return Conditions.isTrue(deployment.status?["conditions"], "Available") }
    return pods.contains(where: PodState.isReady)
  }

  /// Whether all of its pods are of its template, and as many of them work as are wanted.
  var isRolledOut: Bool {
    isObserved && count("updatedReplicas") >= wantedReplicas
      && count("replicas") == count("updatedReplicas") && count("availableReplicas") >= wantedReplicas
  }
}

/// What there is of a component before anything is written.
struct LiveComponent: Sendable {
  /// Deployments by name.
  var pairs: [String: LivePair] = [:]
  /// Revisions by name.
  var history: [String: Revision] = [:]
  var rollout = RolloutState()
  /// Whether the gateway has taken a route that knows the component by its names inside the cluster.
  var isRoutedInside = false
  /// Its Knative Service, where the cluster has Knative.
  var knative: KubeObject?

  init() {}

  init(pairs: [LivePair], history: [Revision], rollout: RolloutState) {
    self.pairs = Dictionary(pairs.map { ($0.name, $0) }) { first, _ in first }
    self.history = Dictionary(history.map { ($0.name, $0) }) { first, _ in first }
    self.rollout = rollout
  }
}
