internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// Facts of a pod's status that several parts ask for.
enum PodState {
  static func isReady(_ pod: KubeObject) -> Bool {
    guard !pod.isBeingDeleted, pod.status?["phase"]?.string == "Running" else { return false }
    return (pod.status?["conditions"]?.array ?? []).contains {
      $0["type"]?.string == "Ready" && $0["status"]?.string == "True"
    }
  }

  /// Newest first, then by name; without those on their way out.
  static func newestFirst(_ pods: [KubeObject]) -> [KubeObject] {
    pods.filter { !$0.isBeingDeleted }.sorted { left, right in
      let times = (left.creationTimestamp, right.creationTimestamp)
      if times.0 != times.1 {
        guard let first = times.0, let second = times.1 else { return times.0 != nil }
        return first > second
      }
      return left.name < right.name
    }
  }

  /// True while the model is being fetched.
  static func isFetching(_ pod: KubeObject) -> Bool {
    (pod.status?["initContainerStatuses"]?.array ?? []).contains {
      $0["name"]?.string == ServingPod.storageInitializer && $0.at("state", "running") != nil
    }
  }
}
