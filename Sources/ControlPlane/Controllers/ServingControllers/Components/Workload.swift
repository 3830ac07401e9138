internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// A Deployment with its Service, as it is to be.
struct Workload: Sendable, Hashable {
  var role: LivePair.Role
  var name: String
  /// What it is to hold; "" where it is no revision of the component.
  var revision = ""
  /// Nil: the template that is there stays.
  var template: PodTemplate?
  var replicas: ReplicaBounds
  /// Who decides the number of its pods.
  var scaling: ScalingPolicy
}

/// How many pods a Deployment may have, and whether somebody else sets the number.
struct ReplicaBounds: Sendable, Hashable {
  /// Of a new Deployment.
  var initial: Int64
  var minimum: Int64
  /// Nil: no bound.
  var maximum: Int64?
  /// Whether somebody else sets the number within the bounds.
  var isScaled: Bool

  static func fixed(_ count: Int64) -> ReplicaBounds {
    ReplicaBounds(initial: count, minimum: count, maximum: count, isScaled: false)
  }

  init(initial: Int64, minimum: Int64, maximum: Int64?, isScaled: Bool) {
    self.initial = initial
    self.minimum = minimum
    self.maximum = maximum
    self.isScaled = isScaled
  }

  init(_ spec: ComponentSpec, _ policy: ScalingPolicy) {
    let least = max(0, spec.minReplicas ?? 1)
    initial = policy.initialReplicas(spec)
    switch policy {
    case .none: self = .fixed(least)
    case .requests, .external:
      // Whoever decides knows the bounds.
      (minimum, maximum, isScaled) = (0, nil, true)
    case .hpa, .keda:
      minimum = max(1, least)
      maximum = max(minimum, spec.maxReplicas ?? 0)
      isScaled = maximum != minimum
    }
  }

  /// The number to write; nil leaves the one that is there.
  /// - Parameter current: what is there; nil for a new Deployment.
  func count(current: Int64?) -> Int64? {
    guard isScaled else { return minimum }
    guard let current else { return initial }
    if current < minimum { return minimum }
    if let maximum, current > maximum { return maximum }
    return nil
  }
}
