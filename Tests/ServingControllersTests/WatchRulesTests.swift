import ControllerKit
import Formats
import KubeClient
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

/// What the controller sees without being told, and what it takes away: through the API.
@Suite(.timeLimit(.minutes(2))) struct WatchRulesTests {
  @Test func whatSomebodyDeletesOrChangesComesBack() async throws {
    try await withPlatform { platform in
      try await platform.makeReady()
      for (resource, name) in [
        (KubeResource.deployments, "iris-predictor"), (.services, "iris-predictor"),
        (.httpRoutes, "iris-predictor"), (.httpRoutes, "iris"),
      ] {
        let before = try await platform.client.get(resource, namespace: "team", name: name)
        try await platform.client.delete(resource, namespace: "team", name: name)
        let after = try await platform.waitFor(resource, name) { $0.uid != before.uid }
        #expect(after.controllerReference?.kind == "InferenceService")
      }
      try await platform.client.patch(
        .services, namespace: "team", name: "iris-predictor", ["spec": ["selector": ["app": "other"]]])
      _ = try await platform.waitFor(.services, "iris-predictor") {
        $0.spec?["selector"] == ["app": "isvc.iris-predictor"]
      }
    }
  }

  @Test func aDownloadThatFailsIsSeen() async throws {
    try await withPlatform { platform in
      try await platform.client.create(.inferenceServices, platform.iris())
      _ = try await platform.waitFor(.deployments, "iris-predictor") { _ in true }
      try await platform.playPod("iris-predictor-1", ready: false)
      for (state, expected) in [
        (#"{"running":{}}"#, "Loading"),
        (#"{"terminated":{"exitCode":1,"reason":"Error","message":"no such bucket"}}"#, "FailedToLoad"),
      ] {
        var pod = try await platform.client.get(.pods, namespace: "team", name: "iris-predictor-1")
        pod.status = try JSONValue(
          parsing: #"""
            {"phase":"Pending","initContainerStatuses":[{"name":"storage-initializer","image":"i","imageID":"",
              "ready":false,"restartCount":0,"state":\#(state)}]}
            """#)
        try await platform.client.updateStatus(.pods, pod)
        _ = try await platform.waitFor(.inferenceServices, "iris") {
          $0.json.at("status", "modelStatus", "states", "targetModelState")?.string == expected
        }
      }
    }
  }

  /// Unknown is not ready either.
  @Test func aServiceWithoutAddressesIsNoLongerReady() async throws {
    try await withPlatform { platform in
      try await platform.makeReady()
      try await platform.client.delete(.endpointSlices, namespace: "team", name: "iris-predictor-abc")
      _ = try await platform.waitUntilReady("Unknown")
      let event = try await platform.waitForEvent("InferenceServiceNotReady")
      #expect(
        event["message"]?.string == "InferenceService [iris] is no longer Ready because of: IngressReady")
      #expect(event["type"] == "Warning")
    }
  }

  /// A runtime that the status names is followed; its new image makes new pods.
  @Test func aChangedRuntimeReachesItsServices() async throws {
    try await withPlatform { platform in
      try await platform.makeReady()
      let service = try await platform.client.get(.inferenceServices, namespace: "team", name: "iris")
      let name = try #require(service.json.at("status", "clusterServingRuntimeName")?.string)
      var runtime = try await platform.client.get(.clusterServingRuntimes, name: name)
      var containers = runtime.spec?["containers"]?.array ?? []
      containers[0]["image"] = "corp/next:1"
      runtime.json.set(.array(containers), at: "spec", "containers")
      try await platform.client.update(.clusterServingRuntimes, runtime)
      _ = try await platform.waitFor(.deployments, "iris-predictor") {
        $0.json.at("spec", "template", "spec", "containers")?[0]?["image"] == "corp/next:1"
      }
    }
  }

  /// Everything that is the service's own goes; an object of another owner under such a name stays.
  @Test func stoppingTakesTheServicesOwnObjectsOnly() async throws {
    let autoscalers = KubeResource(
      group: "autoscaling", version: "v2", plural: "horizontalpodautoscalers",
      kind: "HorizontalPodAutoscaler", isNamespaced: true)
    try await withPlatform { platform in
      try await platform.client.create(.inferenceServices, platform.iris())
      _ = try await platform.waitFor(autoscalers, "iris-predictor") { _ in true }
      _ = try await platform.waitFor(.httpRoutes, "iris") { _ in true }
      var foreign = KubeObject(.services, namespace: "team", name: "iris-transformer")
      foreign.labels = ["serving.kserve.io/inferenceservice": "iris", "component": "transformer"]
      foreign.spec = ["selector": ["app": "x"], "ports": [["port": 80]]]
      try await platform.client.create(.services, foreign)

      func stop(_ text: JSONValue) async throws {
        try await platform.client.patch(
          .inferenceServices, namespace: "team", name: "iris",
          ["metadata": ["annotations": ["serving.kserve.io/stop": text]]])
      }
      try await stop("TRUE")
      for (resource, name) in [
        (autoscalers, "iris-predictor"), (.deployments, "iris-predictor"), (.services, "iris-predictor"),
        (.httpRoutes, "iris"), (.httpRoutes, "iris-predictor"),
      ] {
        try await platform.waitUntilGone(resource, name)
      }
      _ = try await platform.waitFor(.inferenceServices, "iris") {
        Conditions.isTrue($0.status?["conditions"], "Stopped") && $0.status?["url"] == nil
      }
      _ = try await platform.client.get(.services, namespace: "team", name: "iris-transformer")

      try await stop("false")
      _ = try await platform.waitFor(autoscalers, "iris-predictor") { _ in true }
      _ = try await platform.waitFor(.inferenceServices, "iris") {
        Conditions.get($0.status?["conditions"], "Stopped")?.status == .no && $0.status?["url"] != nil
      }
    }
  }
}
