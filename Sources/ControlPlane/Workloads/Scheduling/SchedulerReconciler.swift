internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeClient
internal import KubeProtocol

/// Gives pods without a node one.
struct SchedulerReconciler: Reconciler {
  static let unscheduledIndex = "unscheduled"
  static let nodeIndex = "node"
  private static let deviceIndex = "node-devices"

  let client: KubeClient
  let pods: Informer
  let nodes: Informer
  let events: EventRecorder
  let clock: any SleepingClock
  let tracker = WriteTracker()

  static func addIndices(to pods: Informer) {
    pods.addIndex(unscheduledIndex) { isWaiting($0) ? [""] : [] }
    pods.addIndex(nodeIndex) { pod in
      nodes(of: pod)
    }
    pods.addIndex(deviceIndex) { pod in
      NodeFit.devices(of: pod).isEmpty ? [] : nodes(of: pod)
    }
  }

  /// The node of a live pod.
  private static func nodes(of pod: KubeObject) -> [String] {
    let state = PodState(pod)
    return state.nodeName.isEmpty || state.isTerminal ? [] : [state.nodeName]
  }

  /// Pods that this scheduler has to place.
  static func isWaiting(_ pod: KubeObject) -> Bool {
    let state = PodState(pod)
    let scheduler = pod.spec?["schedulerName"]?.string ?? ""
    return state.nodeName.isEmpty && state.isActive && (scheduler.isEmpty || scheduler == "default-scheduler")
      && (pod.spec?["schedulingGates"]?.array ?? []).isEmpty
  }

  func reconcile(_ key: ObjectKey) async throws -> ReconcileResult {
    guard let pod = pods.get(key), Self.isWaiting(pod) else {
      tracker.forget(key)
      return .done
    }
    guard tracker.isSettled(key) else { return .requeue(after: .seconds(1)) }
    let nodes = nodes.list()
    let occupancy = Dictionary(
      uniqueKeysWithValues: nodes.map { node in
        let holders = pods.byIndex(Self.deviceIndex, node.name)
        return (
          node.name,
          NodeOccupancy(pods: pods.count(index: Self.nodeIndex, node.name), deviceHolders: holders)
        )
      })
    switch NodeChoice.choose(pod, nodes: nodes, occupancy: occupancy) {
    case .node(let name): try await bind(pod, to: name)
    case .none(let message): try await refuse(pod, message)
    }
    return .done
  }

  private func bind(_ pod: KubeObject, to node: String) async throws {
    do {
      try await client.create(
        .pods, namespace: pod.namespace, name: pod.name, subresource: "binding",
        [
          "apiVersion": "v1", "kind": "Binding",
          "metadata": [
            "name": .string(pod.name), "namespace": .string(pod.namespace), "uid": .string(pod.uid),
          ],
          "target": ["apiVersion": "v1", "kind": "Node", "name": .string(node)],
        ])
      events.record(
        pod, .normal, reason: "Scheduled", message: "Successfully assigned \(pod.key) to \(node)")
      try await setCondition(Condition("PodScheduled", .yes), of: pod)
    } catch let error as KubeError where error.reason == .notFound {
      return
    }
  }

  private func refuse(_ pod: KubeObject, _ message: String) async throws {
    let condition = Condition("PodScheduled", .no, reason: "Unschedulable", message: message)
    if pod.condition("PodScheduled") == condition { return }
    events.record(pod, .warning, reason: "FailedScheduling", message: message)
    do {
      try await setCondition(condition, of: pod)
    } catch let error as KubeError where error.reason == .notFound {
      return
    }
  }

  /// A patch of this one condition: the rest of a pod's status is its node's.
  private func setCondition(_ condition: Condition, of pod: KubeObject) async throws {
    let list = Conditions.setting(condition, in: pod.status?["conditions"], now: clock.now(), style: .pod)
    guard var entry = list.array?.first(where: { $0["type"]?.string == condition.type }) else { return }
    // A patch merges: what is gone must be said.
    for key in ["reason", "message"] where entry[key] == nil { entry[key] = .null }
    let patched = try await client.patch(
      .pods, namespace: pod.namespace, name: pod.name, subresource: "status", type: .strategicMerge,
      ["status": ["conditions": [entry]]])
    tracker.wrote(pod.key, patched, in: pods)
  }
}
