import ControllerKit
import Formats
import KubeClient
import KubeProtocol
import Linux
import ServingAPI
import Testing

@testable import ServingControllers

/// What one service costs among many that have nothing to do with it, counted.
@Suite struct ServiceScaleTests {
  private static let others = 100

  @Test func reconcilingOneServiceReadsAsManyObjectsAmongManyAsAmongFew() async throws {
    try await withPlatform { platform in
      try await platform.makeReady()
      _ = try await platform.settle()
      let few = try await objectsRead(platform)
      try await addOthers(platform)
      #expect(try await objectsRead(platform) == few)
      #expect(few < 100)
    }
  }

  /// By one more reconciliation of a service that stands still.
  private func objectsRead(_ platform: Platform) async throws -> Int {
    let informers = SharedInformers(client: platform.client)
    let caches = ServiceCaches(informers)
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await informers.run() }
      defer { group.cancelAll() }
      _ = try await caches.optional.refresh { _ in }
      try await informers.waitUntilSynced()
      let reconciler = InferenceServiceReconciler(
        client: platform.client, caches: caches, configuration: platform.configuration,
        credentials: NoCredentials(), events: EventRecorder(client: platform.client, component: "test"),
        clock: SystemClock(), writer: ObjectWriter(platform.client))
      let all =
        [
          caches.services, caches.namespaceRuntimes, caches.clusterRuntimes, caches.deployments,
          caches.kubeServices, caches.revisions, caches.routes, caches.pods, caches.podEvents,
          caches.endpointSlices, caches.configMap, caches.secrets, caches.serviceAccounts,
        ] + caches.optional.all
      let before = all.reduce(0) { $0 + $1.objectsRead }
      _ = try await reconciler.reconcile(ObjectKey(namespace: "team", name: "iris"))
      return all.reduce(0) { $0 + $1.objectsRead } - before
    }
  }

  /// Services of the same namespace with what belongs to them; stopped, so that nobody works on them.
  private func addOthers(_ platform: Platform) async throws {
    for number in 0..<Self.others {
      var service = try platform.iris()
      service.name = "other-\(number)"
      service.annotations = ["serving.kserve.io/stop": "true"]
      try await platform.client.create(.inferenceServices, service)
      var pod = KubeObject(.pods, namespace: "team", name: "other-\(number)-predictor-1")
      pod.labels = [
        "app": "isvc.other-\(number)-predictor", "serving.kserve.io/inferenceservice": "other-\(number)",
      ]
      pod.spec = ["containers": [["name": "kserve-container", "image": "i"]]]
      try await platform.client.create(.pods, pod)
      var slice = KubeObject(.endpointSlices, namespace: "team", name: "other-\(number)-predictor-abc")
      slice.labels = ["kubernetes.io/service-name": "other-\(number)-predictor"]
      slice["addressType"] = "IPv4"
      slice["endpoints"] = [["addresses": ["127.9.0.2"], "conditions": ["ready": true]]]
      try await platform.client.create(.endpointSlices, slice)
    }
  }
}
