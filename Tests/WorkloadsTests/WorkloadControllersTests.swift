import Basics
import ControllerKit
import Formats
import KubeClient
import KubeProtocol
import KubeTestSupport
import Synchronization
import Testing

@testable import Workloads

@Suite(.timeLimit(.minutes(1))) struct WorkloadControllersTests {
  @Test func aDeploymentComesToAvailablePods() async throws {
    try await TestCluster.run { cluster in
      try await cluster.client.create(.deployments, TestCluster.deployment("web", replicas: 3))
      try await cluster.until { cluster.isComplete("web", replicas: 3) }
      #expect(cluster.livePods.count == 3)
      let deployment = try #require(cluster.get(.deployments, "web"))
      #expect(deployment.condition("Available")?.status == .yes)
      #expect(deployment.condition("Available")?.reason == "MinimumReplicasAvailable")
      let set = try #require(cluster.replicaSets.first)
      #expect(cluster.replicaSets.count == 1)
      #expect(
        deployment.condition("Progressing")?.message
          == "ReplicaSet \"\(set.name)\" has successfully progressed.")
      #expect(deployment.annotations["deployment.kubernetes.io/revision"] == "1")
      #expect(set.name == "web-\(set.labels["pod-template-hash"] ?? "")")
      #expect(
        cluster.livePods.allSatisfy { $0.name.hasPrefix("\(set.name)-") && PodState($0).nodeName == "node" })
    }
  }

  /// Which pods the scheduler has looked at in vain, kept change by change: there are hundreds.
  private final class WaitingPods: Sendable {
    private let state = Mutex((new: Set<String>(), refused: Set<String>()))

    func take(_ change: InformerChange) {
      let name = change.object.name
      let status = change.object.condition("PodScheduled")?.status
      state.withLock { state in
        state.new.remove(name)
        state.refused.remove(name)
        if change.isDeletion { return }
        if status == nil { state.new.insert(name) }
        if status == .no { state.refused.insert(name) }
      }
    }

    func areAll(atLeast count: Int) -> Bool {
      state.withLock { $0.new.isEmpty && $0.refused.count >= count }
    }
  }

  @Test func podsThatNoNodeTakesAreMadeInBoundedNumber() async throws {
    try await TestCluster.run { cluster in
      var deployment = TestCluster.deployment("web", replicas: 100_000)
      deployment.json.set(["disk": "none-has-this"], at: "spec", "template", "spec", "nodeSelector")
      let waiting = WaitingPods()
      cluster.view.informer(.pods).onChange { change in
        waiting.take(change)
        cluster.changed.signal()
      }
      try await cluster.client.create(.deployments, deployment)
      try await cluster.until { waiting.areAll(atLeast: ReplicaSetReconciler.waitingLimit) }
      let made = cluster.pods.count
      // A later change of the set makes it look again, and it still waits.
      try await cluster.scale("web", to: 100_001)
      try await cluster.until { cluster.replicaSets.first?.spec?["replicas"] == 100_001 }
      try await cluster.until { cluster.replicaSets.first?.status?["observedGeneration"] == 2 }
      #expect(cluster.pods.count == made)
      #expect(made <= 1000)
    }
  }

  @Test func scalesUpAndDown() async throws {
    try await TestCluster.run { cluster in
      try await cluster.client.create(.deployments, TestCluster.deployment("web", replicas: 1))
      try await cluster.until { cluster.isComplete("web", replicas: 1) }
      try await cluster.scale("web", to: 5)
      try await cluster.until { cluster.isComplete("web", replicas: 5) && cluster.livePods.count == 5 }
      try await cluster.scale("web", to: 2)
      try await cluster.until { cluster.isComplete("web", replicas: 2) && cluster.pods.count == 2 }
      try await cluster.scale("web", to: 0)
      try await cluster.until { cluster.isComplete("web", replicas: 0) && cluster.pods.isEmpty }
      #expect(cluster.replicaSets.count == 1)
    }
  }

  /// What the number of pods was at its worst.
  private final class Extremes: Sendable {
    private struct State {
      var pods: [String: KubeObject] = [:]
      var leastAvailable = Int.max
      var most = 0
    }
    private let state = Mutex(State())

    func take(_ change: InformerChange) {
      state.withLock { state in
        state.pods[change.object.uid] = change.isDeletion ? nil : change.object
        let active = state.pods.values.map(PodState.init).filter(\.isActive)
        state.leastAvailable = min(state.leastAvailable, active.filter(\.isReady).count)
        state.most = max(state.most, active.count)
      }
    }

    /// Counts from here.
    func reset() {
      state.withLock { state in
        state.leastAvailable = .max
        state.most = 0
      }
    }

    var worst: (available: Int, total: Int) { state.withLock { ($0.leastAvailable, $0.most) } }
  }

  @Test(arguments: [
    (4, JSONValue.int(1), JSONValue.int(0)), (4, .int(0), .int(1)), (5, "40%", "20%"), (1, "25%", "25%"),
  ])
  func aRollingUpdateKeepsItsBounds(_ replicas: Int, _ surge: JSONValue, _ unavailable: JSONValue)
    async throws
  {
    try await TestCluster.run { cluster in
      let strategy: JSONValue = [
        "type": "RollingUpdate", "rollingUpdate": ["maxSurge": surge, "maxUnavailable": unavailable],
      ]
      let wanted = TestCluster.deployment("web", replicas: replicas, strategy: strategy)
      let bounds = DeploymentSpec(wanted).bounds
      try await cluster.client.create(.deployments, wanted)
      try await cluster.until { cluster.isComplete("web", replicas: replicas) }
      let extremes = Extremes()
      cluster.view.informer(.pods).onChange { extremes.take($0) }
      extremes.reset()
      try await cluster.setImage("web", "v2")
      try await cluster.until {
        cluster.isComplete("web", replicas: replicas)
          && cluster.images() == Array(repeating: "v2", count: replicas)
      }
      #expect(extremes.worst.available >= replicas - bounds.unavailable)
      #expect(extremes.worst.total <= replicas + bounds.surge)
      #expect(cluster.replicaSets.count == 2)
      #expect(cluster.get(.deployments, "web")?.annotations["deployment.kubernetes.io/revision"] == "2")
    }
  }

  @Test func aBrokenTemplateStopsTheRolloutAndGoingBackUsesTheOldSet() async throws {
    let isReady: @Sendable (KubeObject) -> Bool = { $0.spec?["containers"]?[0]?["image"] != "broken" }
    try await TestCluster.run(isReady: isReady) { cluster in
      try await cluster.client.create(.deployments, TestCluster.deployment("web", replicas: 4))
      try await cluster.until { cluster.isComplete("web", replicas: 4) }
      let first = try #require(cluster.replicaSets.first)
      try await cluster.setImage("web", "broken")
      // One more and one less than four, as 25 % allow: two broken pods, three that work.
      try await cluster.until {
        cluster.images() == ["v1", "v1", "v1"] && cluster.livePods.count == 5
          && DeploymentStatus(json: cluster.get(.deployments, "web")?.status).updated == 2
      }
      try await cluster.setImage("web", "v1")
      try await cluster.until {
        cluster.isComplete("web", replicas: 4) && cluster.images() == Array(repeating: "v1", count: 4)
      }
      #expect(cluster.replicaSets.count == 2)
      let again = try #require(cluster.replicaSets.first { $0.uid == first.uid })
      #expect(again.annotations["deployment.kubernetes.io/revision"] == "3")
      #expect(again.annotations["deployment.kubernetes.io/revision-history"] == "1")
    }
  }

  @Test func recreateHasNoTwoVersionsAtATime() async throws {
    try await TestCluster.run { cluster in
      try await cluster.client.create(
        .deployments, TestCluster.deployment("web", replicas: 3, strategy: ["type": "Recreate"]))
      try await cluster.until { cluster.isComplete("web", replicas: 3) }
      let mixed = Mutex((pods: [String: String](), wasMixed: false))
      cluster.view.informer(.pods).onChange { change in
        mixed.withLock { state in
          let image = change.object.spec?["containers"]?[0]?["image"]?.string
          state.pods[change.object.uid] = change.isDeletion ? nil : image
          if Set(state.pods.values).count > 1 { state.wasMixed = true }
        }
      }
      try await cluster.setImage("web", "v2")
      try await cluster.until {
        cluster.isComplete("web", replicas: 3) && cluster.images() == ["v2", "v2", "v2"]
      }
      #expect(!mixed.withLock { $0.wasMixed })
    }
  }

  @Test func aDeletedPodIsReplaced() async throws {
    try await TestCluster.run { cluster in
      try await cluster.client.create(.deployments, TestCluster.deployment("web", replicas: 2))
      try await cluster.until { cluster.isComplete("web", replicas: 2) }
      let victim = try #require(cluster.livePods.first)
      try await cluster.client.delete(.pods, namespace: "default", name: victim.name)
      try await cluster.until {
        cluster.isComplete("web", replicas: 2) && cluster.pods.count == 2
          && !cluster.pods.contains { $0.uid == victim.uid }
      }
    }
  }

  @Test func aDeletedDeploymentTakesItsChildrenWithIt() async throws {
    try await TestCluster.run { cluster in
      try await cluster.client.create(.deployments, TestCluster.deployment("web", replicas: 2))
      try await cluster.until { cluster.isComplete("web", replicas: 2) }
      try await cluster.client.delete(.deployments, namespace: "default", name: "web")
      try await cluster.until { cluster.pods.isEmpty && cluster.replicaSets.isEmpty }
      #expect(cluster.get(.deployments, "web") == nil)
    }
  }

  @Test func oldSetsAreKeptUpToTheHistoryLimit() async throws {
    try await TestCluster.run { cluster in
      var deployment = TestCluster.deployment("web", replicas: 1)
      deployment.json.set(2, at: "spec", "revisionHistoryLimit")
      try await cluster.client.create(.deployments, deployment)
      for version in 2...6 {
        try await cluster.until { cluster.isComplete("web", replicas: 1) }
        try await cluster.setImage("web", "v\(version)")
      }
      try await cluster.until { cluster.isComplete("web", replicas: 1) && cluster.replicaSets.count == 3 }
      let revisions = cluster.replicaSets.map { RevisionAnnotations.number(of: $0) }.sorted()
      #expect(revisions == [4, 5, 6])
    }
  }

  @Test func aPausedDeploymentIsScaledButNotRolledOut() async throws {
    try await TestCluster.run { cluster in
      try await cluster.client.create(.deployments, TestCluster.deployment("web", replicas: 1))
      try await cluster.until { cluster.isComplete("web", replicas: 1) }
      try await cluster.client.patch(
        .deployments, namespace: "default", name: "web", ["spec": ["paused": true]])
      try await cluster.until {
        cluster.get(.deployments, "web")?.condition("Progressing")?.reason == "DeploymentPaused"
      }
      try await cluster.setImage("web", "v2")
      try await cluster.scale("web", to: 3)
      try await cluster.until { cluster.images() == ["v1", "v1", "v1"] }
      #expect(cluster.replicaSets.count == 1)
      try await cluster.client.patch(
        .deployments, namespace: "default", name: "web", ["spec": ["paused": false]])
      try await cluster.until {
        cluster.isComplete("web", replicas: 3) && cluster.images() == ["v2", "v2", "v2"]
      }
    }
  }

  @Test(arguments: 1...12)
  func whateverFailsIsRetriedToTheRightEnd(_ seed: Int) async throws {
    let random = RandomFaults(seed: UInt64(seed), count: 40)
    try await TestCluster.run(faults: { random.fault(for: $0) }) { cluster in
      var service = KubeObject(.services, namespace: "default", name: "web")
      service.spec = ["selector": ["app": "web"], "ports": [["port": 80, "targetPort": "http"]]]
      try await cluster.client.create(.services, service)
      try await cluster.client.create(.deployments, TestCluster.deployment("web", replicas: 3))
      try await cluster.until { cluster.isComplete("web", replicas: 3) }
      try await cluster.setImage("web", "v2")
      try await cluster.until {
        cluster.isComplete("web", replicas: 3) && cluster.images() == ["v2", "v2", "v2"]
      }
      try await cluster.scale("web", to: 4)
      try await cluster.until {
        guard cluster.isComplete("web", replicas: 4), cluster.pods.count == 4 else { return false }
        let addresses = Set(cluster.pods.map { PodState($0).address })
        let slices = cluster.view.informer(.endpointSlices).list(namespace: "default")
        let listed = slices.flatMap { $0["endpoints"]?.array ?? [] }
          .compactMap { $0["addresses"]?[0]?.string }
        return Set(listed) == addresses && listed.count == addresses.count
      }
      #expect(cluster.replicaSets.count == 2)
    }
  }
}
