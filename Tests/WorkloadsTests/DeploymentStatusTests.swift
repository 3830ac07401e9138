import Basics
import ControllerKit
import Formats
import KubeProtocol
import Testing

@testable import Workloads

@Suite struct DeploymentStatusTests {
  let start = Timestamp(seconds: 1_000_000)

  private func deployment(_ replicas: Int, deadline: Int = 60) -> KubeObject {
    var object = KubeObject(.deployments, namespace: "n", name: "web")
    object.generation = 3
    object.spec = ["replicas": .int(replicas), "progressDeadlineSeconds": .int(deadline)]
    return object
  }

  private func set(_ replicas: Int, actual: Int, available: Int, name: String = "web-1") -> KubeObject {
    var object = KubeObject(.replicaSets, namespace: "n", name: name)
    object.spec = ["replicas": .int(replicas)]
    object.status = [
      "replicas": .int(actual), "readyReplicas": .int(available), "availableReplicas": .int(available),
    ]
    return object
  }

  private func make(
    _ deployment: KubeObject, new: KubeObject, old: [KubeObject] = [], news: Condition? = nil,
    after seconds: Int64 = 0
  ) -> KubeObject {
    var result = deployment
    result.status = DeploymentStatus.make(
      deployment, new: new, old: old, news: news, now: start.adding(.seconds(seconds)))
    return result
  }

  private var created: Condition {
    Condition(
      "Progressing", .yes, reason: "NewReplicaSetCreated", message: "Created new replica set \"web-1\"")
  }

  @Test func countsAddUpAndZerosAreLeftOut() {
    let made = make(
      deployment(3), new: set(2, actual: 2, available: 1),
      old: [set(1, actual: 1, available: 1, name: "web-0")])
    #expect(made.status?["observedGeneration"] == 3)
    #expect(made.status?["replicas"] == 3)
    #expect(made.status?["updatedReplicas"] == 2)
    #expect(made.status?["readyReplicas"] == 2)
    #expect(made.status?["availableReplicas"] == 2)
    #expect(made.status?["unavailableReplicas"] == 1)
    let empty = make(deployment(0), new: set(0, actual: 0, available: 0))
    #expect(empty.status?.object?.keys == ["observedGeneration", "conditions"])
  }

  @Test func aRolloutIsToldFromItsBeginningToItsEnd() {
    var state = make(deployment(2), new: set(2, actual: 0, available: 0), news: created)
    #expect(state.condition("Progressing")?.reason == "NewReplicaSetCreated")
    #expect(state.condition("Available")?.reason == "MinimumReplicasUnavailable")
    state = make(state, new: set(2, actual: 2, available: 0), after: 10)
    #expect(state.condition("Progressing")?.reason == "ReplicaSetUpdated")
    #expect(state.condition("Progressing")?.message == "ReplicaSet \"web-1\" is progressing.")
    #expect(Conditions.lastTransition(state.status?["conditions"], "Progressing") == start)
    state = make(state, new: set(2, actual: 2, available: 2), after: 20)
    #expect(state.condition("Progressing")?.reason == "NewReplicaSetAvailable")
    #expect(state.condition("Progressing")?.message == "ReplicaSet \"web-1\" has successfully progressed.")
    #expect(state.condition("Available")?.message == "Deployment has minimum availability.")
    // A pod that is lost later is no new rollout.
    state = make(state, new: set(2, actual: 2, available: 1), after: 9999)
    #expect(state.condition("Progressing")?.reason == "NewReplicaSetAvailable")
    #expect(state.condition("Available")?.status == .no)
  }

  @Test func aRolloutThatStandsStillTimesOutAndRecovers() {
    var state = make(deployment(2), new: set(2, actual: 2, available: 0), news: created)
    #expect(
      DeploymentStatus.untilDeadline(state, status: state.status ?? [:], now: start.adding(.seconds(20)))
        == .seconds(41))
    state = make(state, new: set(2, actual: 2, available: 0), after: 60)
    #expect(state.condition("Progressing")?.status == .yes)
    state = make(state, new: set(2, actual: 2, available: 0), after: 61)
    #expect(state.condition("Progressing")?.status == .no)
    #expect(state.condition("Progressing")?.reason == "ProgressDeadlineExceeded")
    #expect(state.condition("Progressing")?.message == "ReplicaSet \"web-1\" has timed out progressing.")
    #expect(DeploymentStatus.untilDeadline(state, status: state.status ?? [:], now: start) == nil)
    state = make(state, new: set(2, actual: 2, available: 2), after: 70)
    #expect(state.condition("Progressing")?.reason == "NewReplicaSetAvailable")
  }

  @Test func eachStepRenewsTheDeadline() {
    var state = make(deployment(3), new: set(3, actual: 1, available: 0), news: created)
    state = make(state, new: set(3, actual: 2, available: 0), after: 50)
    state = make(state, new: set(3, actual: 3, available: 0), after: 100)
    state = make(state, new: set(3, actual: 3, available: 0), after: 159)
    #expect(state.condition("Progressing")?.status == .yes)
    state = make(state, new: set(3, actual: 3, available: 0), after: 161)
    #expect(state.condition("Progressing")?.status == .no)
  }

  @Test func withoutADeadlineThereIsNoProgressCondition() {
    let state = make(deployment(1, deadline: Int(Int32.max)), new: set(1, actual: 1, available: 0))
    #expect(state.condition("Progressing") == nil)
    #expect(state.condition("Available") != nil)
  }

  @Test func aSetThatCannotMakePodsIsToldOfTheDeployment() {
    var broken = set(1, actual: 0, available: 0)
    broken.setCondition(
      Condition("ReplicaFailure", .yes, reason: "FailedCreate", message: "quota"), now: start)
    var state = make(deployment(1), new: broken)
    #expect(state.condition("ReplicaFailure")?.message == "quota")
    state = make(state, new: set(1, actual: 1, available: 0))
    #expect(state.condition("ReplicaFailure") == nil)
  }

  @Test func makingItAgainChangesNothing() {
    let first = make(deployment(2), new: set(2, actual: 2, available: 1), news: created)
    let second = make(first, new: set(2, actual: 2, available: 1), after: 30)
    #expect(first.status == second.status)
  }
}
