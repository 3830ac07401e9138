import Basics
import ControllerKit
import Formats
import KubeClient
import KubeProtocol
import Testing

@testable import Workloads

@Suite(.timeLimit(.minutes(1))) struct SchedulerTests {
  private func node(
    _ name: String, ready: Bool = true, labels: [String: String] = [:], spec: JSONValue = [:],
    allocatable: JSONValue = [:]
  ) -> KubeObject {
    var node = KubeObject(.nodes, name: name)
    node.labels = labels
    node.spec = spec
    node.status = [
      "conditions": [["type": "Ready", "status": ready ? "True" : "False"]], "allocatable": allocatable,
    ]
    return node
  }

  private func pod(_ spec: JSONValue = [:]) -> KubeObject {
    var pod = KubeObject(.pods, namespace: "n", name: "p")
    pod.spec = spec
    return pod
  }

  @Test func theLeastLoadedReadyNodeIsChosen() {
    let choice = NodeChoice.choose(
      pod(), nodes: [node("a"), node("b"), node("c", ready: false)],
      occupancy: ["a": NodeOccupancy(pods: 2), "b": NodeOccupancy(pods: 1)])
    #expect(choice == .node("b"))
  }

  @Test func withoutNodesTheReasonSaysSo() {
    #expect(
      NodeChoice.choose(pod(), nodes: [], occupancy: [:]) == .none("no nodes available to schedule pods"))
  }

  @Test func theReasonCountsTheNodesByCause() {
    let choice = NodeChoice.choose(
      pod(["nodeSelector": ["gpu": "yes"]]), nodes: [node("a"), node("b"), node("c", labels: ["gpu": "no"])],
      occupancy: [:])
    #expect(
      choice == .none("0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector."))
  }

  @Test func devicesAreCountedAndCPUIsNot() {
    let wants: JSONValue = [
      "containers": [["resources": ["limits": ["nvidia.com/gpu": "1"], "requests": ["cpu": "64"]]]]
    ]
    let machine = node("a", allocatable: ["cpu": "2", "nvidia.com/gpu": "1"])
    #expect(NodeChoice.choose(pod(wants), nodes: [machine], occupancy: [:]) == .node("a"))
    #expect(
      NodeChoice.choose(
        pod(wants), nodes: [machine], occupancy: ["a": NodeOccupancy(pods: 1, deviceHolders: [pod(wants)])])
        == .none("0/1 nodes are available: 1 Insufficient nvidia.com/gpu."))
  }

  @Test func taintsNeedTolerations() {
    let tainted = node("a", spec: ["taints": [["key": "k", "value": "v", "effect": "NoSchedule"]]])
    #expect(
      NodeChoice.choose(pod(), nodes: [tainted], occupancy: [:])
        == .none("0/1 nodes are available: 1 node(s) had untolerated taint {k: v}."))
    let tolerant = pod(["tolerations": [["key": "k", "operator": "Exists"]]])
    #expect(NodeChoice.choose(tolerant, nodes: [tainted], occupancy: [:]) == .node("a"))
  }

  @Test func requiredAffinityHoldsForOneTermAtLeast() {
    let wants: JSONValue = [
      "affinity": [
        "nodeAffinity": [
          "requiredDuringSchedulingIgnoredDuringExecution": [
            "nodeSelectorTerms": [
              ["matchExpressions": [["key": "zone", "operator": "In", "values": ["x"]]]],
              ["matchExpressions": [["key": "disk", "operator": "Exists"]]],
            ]
          ]
        ]
      ]
    ]
    let nodes = [node("a"), node("b", labels: ["disk": ""])]
    #expect(NodeChoice.choose(pod(wants), nodes: nodes, occupancy: [:]) == .node("b"))
  }

  @Test func aPodThatFitsNowhereSaysWhyAndIsPlacedOnceItFits() async throws {
    try await TestCluster.run { cluster in
      var pod = KubeObject(.pods, namespace: "default", name: "p")
      pod.spec = ["nodeSelector": ["disk": "fast"], "containers": [["name": "c", "image": "v1"]]]
      try await cluster.client.create(.pods, pod)
      try await cluster.until { cluster.get(.pods, "p")?.condition("PodScheduled") != nil }
      let refused = cluster.get(.pods, "p")?.condition("PodScheduled")
      #expect(refused?.status == .no)
      #expect(refused?.reason == "Unschedulable")
      #expect(
        refused?.message
          == "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.")
      try await cluster.addNode("fast", labels: ["disk": "fast"])
      try await cluster.until {
        guard let pod = cluster.get(.pods, "p") else { return false }
        return PodState(pod).nodeName == "fast" && pod.condition("PodScheduled")?.status == .yes
      }
      #expect(cluster.get(.pods, "p")?.condition("PodScheduled")?.message == "")
    }
  }
}
