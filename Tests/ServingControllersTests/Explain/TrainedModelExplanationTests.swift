import Basics
import ControllerKit
import Formats
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

/// A TrainedModel, its service, its agent's words: the code, its value, words of the cause.
@Suite struct TrainedModelExplanationTests {
  private static let listed = "2026-11-21T08:15:30Z INFO puller model loaded model=flowers"
  private static let refused =
    "2026-11-21T08:15:31Z ERROR puller model not served model=flowers code=Unreadable cause=\"the server "
    + #"answers 503 to load of "flowers": {"error":"the file is cut off"}" next try="in 1.0 seconds""#

  private func service(ready: Bool = true, cause: String = "") throws -> ServiceEvidence {
    var object = try makeService(#"{"predictor":{"sklearn":{}}}"#, name: "many").object
    object.namespace = "team"
    object.status = [
      "url": "http://many-team.localhost",
      "conditions": [
        [
          "type": "Ready", "status": ready ? "True" : "False", "reason": .string(cause),
          "message": "see there",
        ]
      ],
    ]
    var evidence = ServiceEvidence(service: object)
    evidence.clusterRuntimes = BuiltInRuntimes.all
    return evidence
  }

  private func model(_ conditions: [Condition]) -> KubeObject {
    var object = KubeObject(.trainedModels, namespace: "team", name: "flowers")
    object.spec = [
      "inferenceService": "many",
      "model": ["storageUri": "s3://b/flowers", "framework": "pmml", "memory": "2Gi"],
    ]
    var list: JSONValue?
    for condition in conditions + (conditions.isEmpty ? [] : [TrainedModelPlan.ready(conditions)]) {
      list = Conditions.setting(condition, in: list, now: Timestamp(seconds: 0), style: .knative)
    }
    object.status = ["conditions": list ?? [], "url": "http://many-team.localhost/v1/models/flowers:predict"]
    return object
  }

  private func explain(
    _ conditions: [Condition], parent: TrainedModelEvidence.Parent? = nil, log: [String] = []
  ) throws -> Explanation {
    Explanation(
      TrainedModelEvidence(
        model: model(conditions), parent: try parent ?? .known(service()),
        agentLogs: [.init(pod: "many-1", container: "agent", isPrevious: false, lines: log)]))
  }

  private func no(_ type: String) -> Condition { Condition(type, .no, reason: "Because", message: "of that") }

  @Test func oneThatIsServedHasNothingToSay() throws {
    let fine = try explain(
      [Condition(TrainedModelPlan.serviceReady, .yes)], log: [Self.refused, Self.listed])
    #expect(fine.isHealthy && fine.isReady)
    #expect(fine.kind == "TrainedModel")
    #expect(fine.chain.first?.message == "http://many-team.localhost/v1/models/flowers:predict")
  }

  @Test(
    arguments: [
      (TrainedModelPlan.isMultiModel, FailureCode.invalidSpec, "spec.inferenceService"),
      (TrainedModelPlan.frameworkSupported, .noSupportingRuntime, "pmml"),
      (TrainedModelPlan.memoryAvailable, .outOfMemory, "2Gi"),
      (TrainedModelPlan.serviceReady, .notReadyYet, "many"),
    ])
  func eachConditionHasItsCode(_ type: String, _ code: FailureCode, _ value: String) throws {
    let explanation = try explain([no(type)])
    #expect(explanation.cause?.code == code)
    #expect(explanation.cause?.value == value)
    #expect(explanation.cause?.fix.isEmpty == false)
    #expect(!explanation.isReady)
    #expect(explanation.chain.contains { $0.kind == "condition" && $0.name == type })
  }

  @Test func aServiceThatIsMissingIsTold() throws {
    let explanation = try explain([no(TrainedModelPlan.serviceReady)], parent: .missing)
    #expect(explanation.cause?.code == .invalidSpec)
    #expect(explanation.cause?.cause.contains("no InferenceService \"many\"") == true)
    #expect(explanation.chain.last?.message == "does not exist")
  }

  @Test func theServicesCauseIsTheModelsToo() throws {
    var broken = try service(ready: false, cause: "RuntimeNotRecognized")
    broken.service.json.set("none-such", at: "spec", "predictor", "model", "runtime")
    let own = Explanation(broken)
    let explanation = try explain([no(TrainedModelPlan.serviceReady)], parent: .known(broken))
    #expect(explanation.cause?.code == own.cause?.code)
    #expect(explanation.cause?.value == own.cause?.value)
    #expect(explanation.chain.filter { $0.kind == "InferenceService" }.map(\.depth) == [1])
  }

  @Test func whatTheServerCannotLoadIsToldThoughTheModelIsReady() throws {
    let ready = [Condition(TrainedModelPlan.serviceReady, .yes)]
    let explanation = try explain(ready, log: [Self.listed, Self.refused])
    #expect(!explanation.isReady)
    #expect(explanation.cause?.code == .unreadable)
    #expect(explanation.cause?.value == "s3://b/flowers")
    #expect(explanation.cause?.cause.hasSuffix(#"{"error":"the file is cut off"}"#) == true)
    #expect(explanation.chain.contains { $0.kind == "agent" && $0.state == .failed })
  }

  @Test(arguments: [
    "", " puller model ", "x puller model not served model=flowers",
    "x puller model not served model=flowers code=",
    "x puller model not served model=flowers cause=a",
    "x puller model not served model=flowersx code=A cause=b",
    "x puller model not served model=flower code=A cause=b",
  ])
  func otherLinesSayNothing(_ line: String) {
    #expect(AgentReport(of: "flowers", in: [line]) == nil)
  }

  @Test func aLineThatIsCutOffIsStillRead() {
    let line = #"t ERROR puller model not served model=flowers code=Nonesuch cause="it is too lo"#
    let report = AgentReport(of: "flowers", in: [line])
    #expect(report?.code == .unreadable)
    #expect(report?.text == "it is too lo")
  }

  @Test func whatIsNotTakenUpYetIsWaitedFor() throws {
    #expect(try explain([]).cause?.code == .notReadyYet)
  }

  @Test func graphsAreStoredAndNotRun() {
    var graph = KubeObject(.inferenceGraphs, namespace: "team", name: "chain")
    graph.spec = ["nodes": ["root": ["routerType": "Sequence", "steps": [["serviceName": "iris"]]]]]
    let explanation = Explanation(graph: graph)
    #expect(explanation.cause?.code == .unsupportedMode)
    #expect(explanation.chain.map(\.name) == ["chain", "iris"])
  }
}
