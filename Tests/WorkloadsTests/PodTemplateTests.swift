import Basics
import Formats
import KubeProtocol
import Testing

@testable import Workloads

@Suite struct PodTemplateTests {
  private let template: JSONValue = [
    "metadata": ["labels": ["app": "web"]], "spec": ["containers": [["name": "c", "image": "v1"]]],
  ]

  @Test func theHashIsTheSameInEveryProcess() {
    // Written down once: a change of the function would roll out every Deployment again.
    #expect(PodTemplate.hash(template) == PodTemplateTests.known)
  }

  private static let known = "dg6x4bv828"

  @Test func theOrderOfMembersDoesNotCount() {
    let turned: JSONValue = [
      "spec": ["containers": [["image": "v1", "name": "c"]]], "metadata": ["labels": ["app": "web"]],
    ]
    #expect(PodTemplate.hash(turned) == PodTemplate.hash(template))
  }

  @Test func theHashLabelItselfDoesNotCount() {
    let labelled = PodTemplate.withHash(template, "abc")
    #expect(labelled.at("metadata", "labels", "pod-template-hash") == "abc")
    #expect(PodTemplate.hash(labelled) == PodTemplate.hash(template))
    #expect(PodTemplate.areEqual(labelled, template))
  }

  @Test func aChangeOrACollisionGivesAnotherHash() {
    var changed = template
    changed.set("x", at: "spec", "nodeName")
    #expect(PodTemplate.hash(changed) != PodTemplate.hash(template))
    #expect(PodTemplate.hash(template, collisionCount: 1) != PodTemplate.hash(template))
  }

  @Test func podsAreDeletedInTheOrderTheyAreMissedLeast() {
    func pod(
      _ name: String, node: String = "n", phase: String = "Running", readySince: Int64? = nil,
      cost: String? = nil,
      created: Int64 = 0
    ) -> KubeObject {
      var pod = KubeObject(.pods, namespace: "n", name: name)
      pod.creationTimestamp = Timestamp(seconds: created)
      pod.spec = node.isEmpty ? [:] : ["nodeName": .string(node)]
      pod.status = ["phase": .string(phase)]
      if let readySince {
        pod.json.set(
          [
            [
              "type": "Ready", "status": "True",
              "lastTransitionTime": .string(Timestamp(seconds: readySince).rfc3339),
            ]
          ], at: "status", "conditions")
      }
      if let cost { pod.annotations = ["controller.kubernetes.io/pod-deletion-cost": cost] }
      return pod
    }
    let sorted = [
      pod("unassigned", node: "", phase: "Pending"), pod("pending", phase: "Pending"), pod("not-ready"),
      pod("cheap", readySince: 10, cost: "-5"), pod("ready-late", readySince: 50),
      pod("ready-young", readySince: 10, created: 9), pod("ready-old", readySince: 10, created: 5),
    ]
    for _ in 0..<10 {
      #expect(PodRanking.deletionOrder(sorted.shuffled()).map(\.name) == sorted.map(\.name))
    }
  }

  @Test func failedPodsAreReplacedLaterAndLater() {
    func failed(_ at: Int64) -> KubeObject {
      var pod = KubeObject(.pods, namespace: "n", name: "p\(at)")
      pod.creationTimestamp = Timestamp(seconds: at)
      return pod
    }
    let now = Timestamp(seconds: 1000)
    #expect(PodReplacement.delay(after: [], now: now) == .zero)
    #expect(PodReplacement.delay(after: [failed(1000)], now: now) == .seconds(1))
    #expect(PodReplacement.delay(after: [failed(998)], now: now) == .zero)
    #expect(PodReplacement.delay(after: [failed(990), failed(995), failed(999)], now: now) == .seconds(3))
    #expect(PodReplacement.delay(after: (0..<50).map { failed(951 + $0) }, now: now) == .seconds(60))
    #expect(PodReplacement.expendable((0..<7).map { failed(Int64($0)) }).map(\.name) == ["p0", "p1"])
  }
}
