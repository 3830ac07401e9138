import Basics
import ControllerKit
import Formats
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

@Suite struct TrainedModelTests {
  private func parent(
    _ spec: String = #"{"predictor":{"sklearn":{"resources":{"limits":{"memory":"1Gi"}}}}}"#,
    ready: Bool = true, memory: String? = "1Gi", formats: Set<String>? = ["sklearn"]
  ) throws -> TrainedModelParent {
    var object = try makeService(spec, name: "many").object
    object.status = [
      "url": "http://many-team.localhost", "address": ["url": "http://many-predictor.team.svc.cluster.local"],
      "conditions": [["type": "Ready", "status": ready ? "True" : "False"]],
    ]
    return TrainedModelParent(
      service: InferenceService(object), memoryLimit: memory.flatMap { Quantity($0) }, formats: formats)
  }

  private func model(
    _ name: String, memory: String = "400Mi", framework: String = "sklearn", created: Int64 = 0,
    allocated: Bool = false, deleted: Bool = false
  ) throws -> KubeObject {
    var object = KubeObject(.trainedModels, namespace: "team", name: name)
    object.creationTimestamp = Timestamp(seconds: created)
    if allocated { object.labels = ["serving.kserve.io/trainedmodel-allocated": "many"] }
    if deleted { object.deletionTimestamp = Timestamp(seconds: created + 1) }
    object.spec = [
      "inferenceService": "many",
      "model": [
        "storageUri": .string("s3://b/\(name)"), "framework": .string(framework), "memory": .string(memory),
      ],
    ]
    return object
  }

  private func listed(_ plan: TrainedModelPlan) -> [String] { plan.listed.map(\.name) }

  private func reason(_ entry: TrainedModelPlan.Entry) -> String {
    TrainedModelPlan.ready(entry.conditions).reason
  }

  @Test func aModelThatFitsIsListedAndReady() throws {
    let plan = TrainedModelPlan(parent: try parent(), models: [try model("a")])
    #expect(listed(plan) == ["a"])
    #expect(TrainedModelPlan.ready(plan.entries[0].conditions) == Condition("Ready", .yes))
    #expect(
      plan.entries[0].conditions.map(\.type) == [
        "InferenceServiceReady", "IsMMSPredictor", "FrameworkSupported", "MemoryResourceAvailable",
      ])
  }

  @Test func memoryGoesToTheOldestAndStaysWhereItWasGiven() throws {
    let models = [
      try model("young", created: 3), try model("old", created: 1), try model("middle", created: 2),
    ]
    let plan = TrainedModelPlan(parent: try parent(), models: models)
    #expect(listed(plan) == ["old", "middle"])
    #expect(reason(plan.entries[2]) == "MemoryResourceNotAvailable")
    let kept = TrainedModelPlan(
      parent: try parent(),
      models: [try model("late", created: 9, allocated: true), models[0], models[1]])
    #expect(listed(kept) == ["old", "late"])
    // What is on its way out gives its memory back.
    let freed = TrainedModelPlan(
      parent: try parent(),
      models: [try model("a", allocated: true, deleted: true), try model("b", memory: "1Gi")])
    #expect(listed(freed) == ["b"])
  }

  @Test(arguments: ["InferenceServiceNotReady", "IsNotMMSPredictor", "FrameworkNotSupported"])
  func whatIsMissingIsSaid(_ expected: String) throws {
    let single = #"{"predictor":{"sklearn":{"storageUri":"gs://b/m"}}}"#
    let plan =
      switch expected {
      case "InferenceServiceNotReady":
        TrainedModelPlan(parent: try parent(ready: false), models: [try model("a")])
      case "IsNotMMSPredictor": TrainedModelPlan(parent: try parent(single), models: [try model("a")])
      default: TrainedModelPlan(parent: try parent(), models: [try model("a", framework: "onnx")])
      }
    #expect(listed(plan) == [])
    #expect(reason(plan.entries[0]) == expected)
  }

  /// A restart of the predictor must not throw its models out.
  @Test func aListedModelStaysWhileItsServiceIsNotReady() throws {
    let plan = TrainedModelPlan(parent: try parent(ready: false), models: [try model("a", allocated: true)])
    #expect(listed(plan) == ["a"])
    #expect(reason(plan.entries[0]) == "InferenceServiceNotReady")
  }

  @Test(arguments: ["sklearn", "SKLearn", "SKLEARN"])
  func frameworksAreComparedInAnyCase(_ framework: String) throws {
    let plan = TrainedModelPlan(parent: try parent(), models: [try model("a", framework: framework)])
    #expect(listed(plan) == ["a"])
  }

  @Test func withoutALimitNothingFits() throws {
    let plan = TrainedModelPlan(parent: try parent(memory: nil), models: [try model("a")])
    #expect(reason(plan.entries[0]) == "MemoryResourceNotAvailable")
  }

  @Test func theProtocolDecidesThePath() throws {
    #expect(try parent().predictPath("a") == "/v1/models/a:predict")
    #expect(
      try parent(#"{"predictor":{"sklearn":{"protocolVersion":"v2"}}}"#).predictPath("a")
        == "/v2/models/a/infer")
  }

  @Test func thePodGetsTheListAFolderAndTheAgent() throws {
    let service = try makeService(#"{"predictor":{"sklearn":{}}}"#, name: "many")
    var pod: JSONValue = [
      "containers": [["name": "kserve-container", "securityContext": ["runAsNonRoot": true]]]
    ]
    MultiModelPod.complete(&pod, service: service, configuration: embedded, credentials: NoCredentials())
    #expect(
      pod["volumes"] == [
        ["name": "model-config", "configMap": ["name": "modelconfig-many-0"]],
        ["name": "model-dir", "emptyDir": [:]],
      ])
    let server = try #require(pod["containers"]?[0])
    #expect(server["volumeMounts"] == [["name": "model-dir", "mountPath": "/mnt/models"]])
    #expect(server["env"] == [["name": "APUS_SERVER_REPOSITORY", "value": "true"]])
    let agent = try #require(pod["containers"]?[1])
    #expect(agent["name"]?.string == "agent")
    #expect(
      agent["args"] == [
        "--enable-puller", "--config-dir", "/mnt/configs", "--model-dir", "/mnt/models", "--component-port",
        "8080",
      ])
    #expect(agent["securityContext"] == ["runAsNonRoot": true])
    var single: JSONValue = ["containers": [["name": "kserve-container"]]]
    let before = single
    MultiModelPod.complete(
      &single, service: try makeService(#"{"predictor":{"sklearn":{"storageUri":"gs://b/m"}}}"#),
      configuration: embedded, credentials: NoCredentials())
    #expect(single == before)
  }
}
