import ControllerKit
import Formats
import KubeClient
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

/// What the controller writes for TrainedModels: through the API.
@Suite(.timeLimit(.minutes(2))) struct TrainedModelRulesTests {
  private static let many = #"{"predictor":{"sklearn":{"protocolVersion":"v2"}}}"#

  private func model(_ name: String, memory: JSONValue = "1Gi") -> KubeObject {
    var model = KubeObject(.trainedModels, namespace: "team", name: name)
    model.spec = [
      "inferenceService": "iris",
      "model": ["storageUri": .string("s3://b/\(name)"), "framework": "sklearn", "memory": memory],
    ]
    return model
  }

  private func waitForList(_ platform: Platform, _ text: String) async throws -> KubeObject {
    try await platform.waitFor(.configMaps, "modelconfig-iris-0") {
      $0.json.at("data", "models.json")?.string == text
    }
  }

  @Test func aModelIsMarkedListedAndAddressed() async throws {
    try await withPlatform { platform in
      // The server is a repository before there is anything in it.
      let service = try await platform.client.create(.inferenceServices, platform.service(Self.many))
      try await platform.client.create(.trainedModels, model("a"))
      let marked = try await platform.waitFor(.trainedModels, "a") {
        $0.finalizers == ["trainedmodel.finalizer"]
      }
      #expect(marked.labels["inferenceservice"] == "iris")
      let waiting = try await platform.waitFor(.trainedModels, "a") { $0.status?["conditions"] != nil }
      #expect(
        Conditions.get(waiting.status?["conditions"], "InferenceServiceReady")?.status == .no)
      #expect(waiting.labels["serving.kserve.io/trainedmodel-allocated"] == nil, "its service is not ready")
      let empty = try await waitForList(platform, "[]")
      #expect(empty.controllerReference?.uid == service.uid)

      _ = try await platform.waitFor(.deployments, "iris-predictor") { _ in true }
      _ = try await platform.waitFor(.httpRoutes, "iris") { _ in true }
      try await platform.playPod("iris-predictor-1", ready: true)
      try await platform.playAvailable(true)
      try await platform.playEndpoints()
      try await platform.playAcceptedRoutes()
      let ready = try await platform.waitFor(.trainedModels, "a") {
        Conditions.isTrue($0.status?["conditions"], "Ready")
      }
      for type in [
        "InferenceServiceReady", "IsMMSPredictor", "FrameworkSupported", "MemoryResourceAvailable",
      ] {
        #expect(Conditions.isTrue(ready.status?["conditions"], type), "\(type)")
      }
      #expect(ready.labels["serving.kserve.io/trainedmodel-allocated"] == "iris")
      #expect(ready.status?["url"] == "http://iris-team.localhost:8081/v2/models/a/infer")
      #expect(
        ready.status?.at("address", "url")
          == "http://iris-predictor.team.svc.cluster.local/v2/models/a/infer")
      _ = try await waitForList(
        platform,
        #"[{"modelName":"a","modelSpec":{"storageUri":"s3://b/a","framework":"sklearn","memory":"1Gi"}}]"#)

      // The runtime's limit is 2Gi: what does not fit beside the first is told, and not listed.
      try await platform.client.create(.trainedModels, model("b", memory: "1100Mi"))
      _ = try await platform.waitFor(.trainedModels, "b") {
        Conditions.get($0.status?["conditions"], "MemoryResourceAvailable")?.status == .no
      }
      try await platform.client.delete(.trainedModels, namespace: "team", name: "a")
      try await platform.waitUntilGone(.trainedModels, "a")
      _ = try await platform.waitFor(.trainedModels, "b") {
        Conditions.isTrue($0.status?["conditions"], "Ready")
      }
    }
  }

  @Test func anEmptyMultiModelServiceHasAnEmptyList() async throws {
    try await withPlatform { platform in
      try await platform.client.create(.inferenceServices, platform.service(Self.many))
      _ = try await waitForList(platform, "[]")
    }
  }

  /// Upstream deletes it; here a file may name the model before its service.
  @Test func aModelWithoutItsServiceWaits() async throws {
    try await withPlatform { platform in
      try await platform.client.create(.trainedModels, model("a"))
      let waiting = try await platform.waitFor(.trainedModels, "a") { $0.status?["conditions"] != nil }
      let condition = Conditions.get(waiting.status?["conditions"], "Ready")
      #expect(condition?.reason == "InferenceServiceNotFound")
      #expect(waiting.finalizers.isEmpty)
    }
  }
}
