internal import Basics
internal import KubeProtocol

/// How failed pods are followed by new ones. A pod that failed at once fails again: replacements come with
/// growing delays, and only the last few failed pods are kept to be looked at. (Upstream has neither, and
/// relies on kubelets that hardly ever fail a pod.)
enum PodReplacement {
  static let keptPods = 5
  private static let backoff = Backoff(initial: .seconds(1), maximum: .seconds(60))
  /// Failures older than this do not count.
  private static let memory: Duration = .seconds(600)

  /// How long to wait before the next pod is made.
  static func delay(after failed: [KubeObject], now: Timestamp) -> Duration {
    let moments = failed.compactMap(failedAt).filter { now.since($0) < memory }
    guard let last = moments.max() else { return .zero }
    return max(.zero, backoff.delay(attempt: moments.count - 1) - now.since(last))
  }

  /// All but the youngest few.
  static func expendable(_ failed: [KubeObject]) -> [KubeObject] {
    let sorted = failed.sorted { (failedAt($0) ?? now0, $0.name) < (failedAt($1) ?? now0, $1.name) }
    return Array(sorted.dropLast(keptPods))
  }

  private static let now0 = Timestamp(seconds: 0)

  private static func failedAt(_ pod: KubeObject) -> Timestamp? {
    PodState(pod).endedAt ?? pod.creationTimestamp
  }
}
