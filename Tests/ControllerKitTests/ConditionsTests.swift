import Basics
import ControllerKit
import Formats
import Testing

@Suite struct ConditionsTests {
  let first = Timestamp(seconds: 1_000)
  let second = Timestamp(seconds: 2_000)

  @Test func theTransitionTimeStaysWhileTheStatusDoes() {
    var list = Conditions.setting(Condition("Ready", .no, reason: "A"), in: nil, now: first)
    list = Conditions.setting(Condition("Ready", .no, reason: "B", message: "b"), in: list, now: second)
    #expect(Conditions.lastTransition(list, "Ready") == first)
    #expect(Conditions.get(list, "Ready")?.reason == "B")
    list = Conditions.setting(Condition("Ready", .yes), in: list, now: second)
    #expect(Conditions.lastTransition(list, "Ready") == second)
  }

  @Test func anEqualConditionChangesNothing() {
    let list = Conditions.setting(Condition("Ready", .no, reason: "A"), in: nil, now: first, style: .workload)
    #expect(
      Conditions.setting(Condition("Ready", .no, reason: "A"), in: list, now: second, style: .workload)
        == list)
  }

  @Test func knativeConditionsAreSortedAndLeaveOutWhatIsEmpty() {
    var list = Conditions.setting(Condition("Ready", .yes), in: nil, now: first, style: .knative)
    list = Conditions.setting(
      Condition("IngressReady", .no, reason: "X", message: "y", severity: "Info"), in: list, now: first,
      style: .knative)
    #expect(list.array?.map { $0["type"] } == ["IngressReady", "Ready"])
    #expect(list[1]?.object?.keys == ["type", "status", "lastTransitionTime"])
    #expect(list[0]?["severity"] == "Info")
  }

  @Test func kubernetesConditionsAlwaysHaveReasonAndMessage() {
    let list = Conditions.setting(Condition("Ready", .yes), in: nil, now: first)
    #expect(list[0]?["reason"] == "")
    #expect(list[0]?["message"] == "")
  }
}
