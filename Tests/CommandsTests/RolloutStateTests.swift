import Formats
import KubeProtocol
import Testing

@testable import Commands

@Suite struct RolloutStateTests {
  private func state(_ json: String) throws -> RolloutState {
    RolloutState(service: KubeObject(json: try JSONValue(parsing: json)), component: "predictor")
  }

  private static let canary = #"""
    {"metadata":{"name":"iris","generation":2},"spec":{"predictor":{"canaryTrafficPercent":20}},
     "status":{"observedGeneration":2,"conditions":[{"type":"Ready","status":"True"}],"components":{"predictor":{
      "latestCreatedRevision":"new","latestReadyRevision":"new","latestRolledoutRevision":"old",
      "traffic":[{"revisionName":"new","percent":20,"latestRevision":true},
                 {"revisionName":"old","percent":80,"tag":"prev"}]}}}}
    """#

  @Test func aCanaryIsPromotedUndoneAndPaused() throws {
    let state = try state(Self.canary)
    #expect(try state.percent(for: "promote") == .null)
    #expect(try state.percent(for: "undo") == 0)
    #expect(try state.percent(for: "pause") == 20)
    #expect(state.isSettled)
    #expect(state.text.contains("80 %  old  (tag prev)"))
    #expect(state.said("undo", 0).contains("old"))
  }

  @Test func aComponentThatIsNotDeclaredIsNotWaitedFor() throws {
    var state = try state(Self.canary)
    try state.checkComponent()
    state = RolloutState(service: state.service, component: "transformer")
    let error = #expect(throws: UsageError.self) { try state.checkComponent() }
    #expect(error?.message == "iris has no transformer: --component is predictor")
  }

  @Test func aPauseKeepsTheShareThatIsThere() throws {
    let state = try state(Self.canary.replacing("\"percent\":20", with: "\"percent\":5"))
    #expect(try state.percent(for: "pause") == 5)
  }

  @Test func withoutACanaryThereIsNothingToSteer() throws {
    let state = try state(#"{"metadata":{"name":"iris","generation":1},"spec":{"predictor":{}}}"#)
    for action in ["promote", "undo", "pause"] {
      #expect(throws: UsageError.self) { try state.percent(for: action) }
    }
    #expect(!state.isSettled)
    #expect(state.json["latestCreatedRevision"] == .null)
  }

  @Test func anUnreadyNewestRevisionIsInProgress() throws {
    let state = try state(
      Self.canary.replacing("\"latestReadyRevision\":\"new\"", with: "\"latestReadyRevision\":\"old\""))
    #expect(!state.isSettled)
    #expect(state.text.contains("new is not ready yet"))
  }
}
