internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeProtocol

/// What controllers read from a pod.
struct PodState {
  let pod: KubeObject

  init(_ pod: KubeObject) { self.pod = pod }

  /// `Pending`, `Running`, `Succeeded`, `Failed`, `Unknown`; "" for a pod nobody has looked at.
  var phase: String { pod.status?["phase"]?.string ?? "" }
  var isTerminal: Bool { phase == "Succeeded" || phase == "Failed" }
  /// Counts as a replica: neither ended nor going away.
  var isActive: Bool { !isTerminal && !pod.isBeingDeleted }
  var isReady: Bool { Conditions.isTrue(pod.status?["conditions"], "Ready") }
  var readySince: Timestamp? { isReady ? Conditions.lastTransition(pod.status?["conditions"], "Ready") : nil }
  var nodeName: String { pod.spec?["nodeName"]?.string ?? "" }
  var address: String { pod.status?["podIP"]?.string ?? "" }

  var restarts: Int64 {
    (pod.status?["containerStatuses"]?.array ?? []).map { $0["restartCount"]?.int ?? 0 }.max() ?? 0
  }

  /// Annotation `controller.kubernetes.io/pod-deletion-cost`; 0 unless set.
  var deletionCost: Int64 {
    pod.annotations["controller.kubernetes.io/pod-deletion-cost"].flatMap { Int64($0) } ?? 0
  }

  /// How long until a ready pod counts as available; zero where it does, nil while it is not ready.
  func untilAvailable(minReadySeconds: Int64, now: Timestamp) -> Duration? {
    guard isReady else { return nil }
    if minReadySeconds <= 0 { return .zero }
    guard let since = readySince else { return nil }
    return max(.zero, since.adding(.seconds(minReadySeconds)).since(now))
  }

  /// When a container of it last ended; nil where none did.
  var endedAt: Timestamp? {
    (pod.status?["containerStatuses"]?.array ?? [])
      .compactMap { $0.at("state", "terminated", "finishedAt")?.string.flatMap(Timestamp.init(rfc3339:)) }
      .max()
  }
}
