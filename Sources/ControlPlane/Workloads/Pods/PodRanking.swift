internal import Basics
internal import KubeProtocol

/// Which pods go first when there are too many: those that are missed least.
enum PodRanking {
  /// Sorted so that the first ones are to be deleted first: without a node, pending, not ready, cheaper to
  /// delete, ready for a shorter time, restarted more often, younger (upstream's `ActivePodsWithRanks`).
  static func deletionOrder(_ pods: [KubeObject]) -> [KubeObject] {
    pods.map(PodState.init).sorted(by: goesFirst).map(\.pod)
  }

  private static func goesFirst(_ left: PodState, _ right: PodState) -> Bool {
    if left.nodeName.isEmpty != right.nodeName.isEmpty { return left.nodeName.isEmpty }
    let phases = (phaseRank(left.phase), phaseRank(right.phase))
    if phases.0 != phases.1 { return phases.0 < phases.1 }
    if left.isReady != right.isReady { return !left.isReady }
    if left.deletionCost != right.deletionCost { return left.deletionCost < right.deletionCost }
    if left.isReady, left.readySince != right.readySince {
      return isLater(left.readySince, right.readySince)
    }
    if left.restarts != right.restarts { return left.restarts > right.restarts }
    if left.pod.creationTimestamp != right.pod.creationTimestamp {
      return isLater(left.pod.creationTimestamp, right.pod.creationTimestamp)
    }
    return left.pod.name > right.pod.name
  }

  private static func phaseRank(_ phase: String) -> Int {
    switch phase {
    case "Pending", "": 0
    case "Unknown": 1
    default: 2
    }
  }

  /// An unset time counts as the latest.
  private static func isLater(_ left: Timestamp?, _ right: Timestamp?) -> Bool {
    guard let left else { return right != nil }
    guard let right else { return false }
    return left > right
  }
}
