internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeProtocol

/// The next steps of a StatefulSet, from its pods; pure. In order: one pod at a time is made, replaced or
/// removed, and each waits for those before it, unless the set manages its pods in parallel.
struct StatefulSetPlan {
  let spec: StatefulSetSpec
  let updateRevision: String
  let currentRevision: String
  private(set) var create: [Int] = []
  private(set) var delete: [KubeObject] = []
  /// When a pod will have been ready for long enough.
  private(set) var wait: Duration?
  private let pods: [KubeObject]
  private let now: Timestamp

  /// - Parameter pods: the set's own, with those on their way out.
  init(_ spec: StatefulSetSpec, pods: [KubeObject], now: Timestamp) {
    self.spec = spec
    self.pods = pods
    self.now = now
    updateRevision = spec.revisionName
    let stored = spec.set.status?["currentRevision"]?.string ?? ""
    currentRevision = stored.isEmpty ? updateRevision : stored
    decide()
  }

  private mutating func decide() {
    var byOrdinal: [Int: KubeObject] = [:]
    for pod in pods { if let ordinal = spec.ordinal(of: pod) { byOrdinal[ordinal] = pod } }
    for ordinal in spec.ordinals {
      guard let pod = byOrdinal[ordinal] else {
        create.append(ordinal)
        if spec.isParallel { continue }
        return
      }
      if PodState(pod).isTerminal && !pod.isBeingDeleted { delete.append(pod) }
      if !isAvailable(pod), !spec.isParallel { return }
    }
    let surplus = byOrdinal.filter { !spec.ordinals.contains($0.key) }.sorted { $0.key > $1.key }
    if !surplus.isEmpty {
      if spec.isParallel {
        delete += surplus.map(\.value).filter { !$0.isBeingDeleted }
      } else if let last = surplus.first?.value, !last.isBeingDeleted {
        delete.append(last)
      }
      if !spec.isParallel { return }
    }
    update(byOrdinal)
  }

  /// From the last pod to the partition, one at a time, while the others work.
  private mutating func update(_ byOrdinal: [Int: KubeObject]) {
    guard !spec.isUpdatedByHand, create.isEmpty, delete.isEmpty else { return }
    for ordinal in spec.ordinals.reversed() where ordinal >= spec.partition {
      guard let pod = byOrdinal[ordinal] else { return }
      if pod.isBeingDeleted { return }
      if pod.labels[StatefulSetSpec.revisionLabel] != updateRevision {
        delete.append(pod)
        return
      }
      if !isAvailable(pod) { return }
    }
  }

  private mutating func isAvailable(_ pod: KubeObject) -> Bool {
    guard PodState(pod).isActive,
      let left = PodState(pod).untilAvailable(minReadySeconds: spec.minReadySeconds, now: now)
    else { return false }
    if left > .zero { wait = min(wait ?? left, left) }
    return left == .zero
  }

  /// The revision that a new pod is made of.
  func revision(of ordinal: Int) -> String {
    ordinal < spec.partition && !spec.isUpdatedByHand ? currentRevision : updateRevision
  }

  // MARK: status

  func makeStatus() -> JSONValue {
    let live = pods.filter { !PodState($0).isTerminal }
    func isOf(_ revision: String) -> (KubeObject) -> Bool {
      { $0.labels[StatefulSetSpec.revisionLabel] == revision && !$0.isBeingDeleted }
    }
    let updated = live.count(where: isOf(updateRevision))
    let ready = live.filter { PodState($0).isReady && !$0.isBeingDeleted }
    let isComplete =
      updated == spec.replicas && live.count == spec.replicas && ready.count == spec.replicas
    let current = isComplete ? updateRevision : currentRevision
    var status: JSONValue = [
      "replicas": .int(live.count), "observedGeneration": .int(spec.set.generation), "collisionCount": 0,
      "currentRevision": .string(current), "updateRevision": .string(updateRevision),
      "availableReplicas": .int(
        ready.count {
          PodState($0).untilAvailable(minReadySeconds: spec.minReadySeconds, now: now) == .zero
        }),
    ]
    for (key, count) in [
      ("readyReplicas", ready.count), ("updatedReplicas", updated),
      ("currentReplicas", live.count(where: isOf(current))),
    ] where count > 0 { status[key] = .int(count) }
    return status
  }
}
