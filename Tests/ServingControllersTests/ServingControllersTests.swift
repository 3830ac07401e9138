import APIServer
import Basics
import ControllerKit
import Formats
import KubeClient
import KubeProtocol
import KubeStore
import Linux
import ServingAPI
import Synchronization
import Testing

@testable import ServingControllers

/// The controller against a real API server in process; Deployments, pods, endpoints and gateways are played.
@Suite(.timeLimit(.minutes(2))) struct ServingControllersTests {
  @Test func aServiceGetsItsChildrenAndBecomesReady() async throws {
    try await withPlatform { platform in
      let created = try await platform.client.create(.inferenceServices, platform.iris())
      #expect(created.annotations["serving.kserve.io/deploymentMode"] == "Standard", "admission has run")
      #expect(created.json.at("spec", "predictor", "model", "modelFormat", "name")?.string == "sklearn")

      let deployment = try await platform.waitFor(.deployments, "iris-predictor") { _ in true }
      #expect(deployment.controllerReference?.uid == created.uid)
      let container = deployment.json.at("spec", "template", "spec", "containers")?[0]
      #expect(
        container?["args"] == ["--model_name=iris", "--model_dir=/mnt/models", "--http_port=8080"])
      _ = try await platform.waitFor(.services, "iris-predictor") { _ in true }
      _ = try await platform.waitFor(.httpRoutes, "iris-predictor") { _ in true }
      _ = try await platform.waitFor(.httpRoutes, "iris") { _ in true }

      try await platform.playPod("iris-predictor-1", ready: true)
      try await platform.playAvailable(true)
      try await platform.playEndpoints()
      try await platform.playAcceptedRoutes()
      let ready = try await platform.waitUntilReady("True")
      #expect(ready.json.at("status", "url")?.string == "http://iris-team.localhost:8081")
      #expect(ready.json.at("status", "observedGeneration")?.int == ready.generation)
      #expect(ready.json.at("status", "modelStatus", "transitionStatus")?.string == "UpToDate")
      let event = try await platform.waitForEvent("InferenceServiceReady")
      #expect(event["message"]?.string == "InferenceService [iris] is Ready")
    }
  }

  /// What the controller may not write is an event with upstream's reason, and done once it may.
  @Test(arguments: [
    ("inferenceservices", "UpdateFailed", "Failed to update status for InferenceService \"iris\": no"),
    ("deployments", "InternalError", "no"),
  ])
  func aRefusedWriteIsAnEvent(_ plural: String, _ reason: String, _ message: String) async throws {
    let transport = Mutex<FaultyTransport?>(nil)
    try await withPlatform(
      through: { inner in
        let faulty = FaultyTransport(inner)
        faulty.refuse(plural, "no")
        transport.withLock { $0 = faulty }
        return faulty
      },
      { platform in
        try await platform.client.create(.inferenceServices, platform.iris())
        let event = try await platform.waitForEvent(reason)
        #expect(event["message"]?.string == message)
        transport.withLock { $0 }?.clear()
        _ = try await platform.waitFor(.deployments, "iris-predictor") { _ in true }
        _ = try await platform.waitFor(.inferenceServices, "iris") { $0.status?["conditions"] != nil }
      })
  }

  /// Watches break again and again: what happened meanwhile is found by listing.
  @Test func cutWatchesChangeNothing() async throws {
    try await withPlatform(through: { CuttingTransport($0, cuts: 24) }) { platform in
      try await platform.makeReady()
      try await platform.client.patch(
        .inferenceServices, namespace: "team", name: "iris",
        ["metadata": ["annotations": ["serving.kserve.io/stop": "true"]]])
      try await platform.waitUntilGone(.deployments, "iris-predictor")
      _ = try await platform.waitUntilReady("False")
    }
  }

  @Test func aPodThatStopsBeingReadyTakesReadyAway() async throws {
    try await withPlatform { platform in
      try await platform.makeReady()
      var pod = try await platform.client.get(.pods, namespace: "team", name: "iris-predictor-1")
      pod.status = try JSONValue(
        parsing: #"""
          {"phase":"Running","conditions":[{"type":"Ready","status":"False"}],"containerStatuses":[
            {"name":"kserve-container","image":"i","imageID":"","ready":false,"restartCount":1,
             "state":{"waiting":{"reason":"CrashLoopBackOff"}},
             "lastState":{"terminated":{"exitCode":4,"reason":"Error",
               "message":"{\"code\":\"Corrupt\",\"message\":\"model.joblib ends too early\"}"}}}]}
          """#)
      try await platform.client.updateStatus(.pods, pod)
      let service = try await platform.waitUntilReady("False")
      let condition = Conditions.get(service.status?["conditions"], "PredictorReady")
      #expect(condition?.reason == "Corrupt")
      #expect(condition?.message.contains("model.joblib ends too early") == true)
      #expect(
        service.json.at("status", "modelStatus", "lastFailureInfo", "message")?.string?
          .contains("model.joblib ends too early") == true)
      let event = try await platform.waitForEvent("InferenceServiceNotReady")
      #expect(
        event["message"]?.string == "InferenceService [iris] is no longer Ready because of: PredictorReady")
    }
  }

  @Test func aServiceWaitsForItsRuntime() async throws {
    try await withPlatform { platform in
      try await platform.client.create(
        .inferenceServices, platform.service(#"{"predictor":{"model":{"modelFormat":{"name":"cobol"}}}}"#))
      let waiting = try await platform.waitUntilReady("False")
      #expect(waiting.json.at("status", "modelStatus", "transitionStatus")?.string == "InvalidSpec")
      #expect(
        waiting.json.at("status", "modelStatus", "lastFailureInfo", "reason")?.string == "NoSupportingRuntime"
      )
      let message = Conditions.get(waiting.status?["conditions"], "Ready")?.message ?? ""
      #expect(message.contains("{cobol}") && message.contains("sklearn"))

      let runtime = try makeRuntime("cobolserver", formats: #"[{"name":"cobol","autoSelect":true}]"#)
      try await platform.client.create(.clusterServingRuntimes, runtime.object)
      _ = try await platform.waitFor(.deployments, "iris-predictor") { _ in true }
      let service = try await platform.waitFor(.inferenceServices, "iris") {
        $0.json.at("status", "clusterServingRuntimeName")?.string == "cobolserver"
      }
      #expect(service.json.at("status", "modelStatus", "lastFailureInfo") == nil)
    }
  }

  @Test func aStoppedServiceLosesItsChildrenAndGetsThemBack() async throws {
    try await withPlatform { platform in
      try await platform.makeReady()
      try await platform.client.patch(
        .inferenceServices, namespace: "team", name: "iris",
        ["metadata": ["annotations": ["serving.kserve.io/stop": "true"]]])
      let stopped = try await platform.waitFor(.inferenceServices, "iris") {
        Conditions.isTrue($0.status?["conditions"], "Stopped")
      }
      #expect(Conditions.get(stopped.status?["conditions"], "Ready")?.reason == "Stopped")
      try await platform.waitUntilGone(.deployments, "iris-predictor")
      try await platform.waitUntilGone(.services, "iris-predictor")
      try await platform.waitUntilGone(.httpRoutes, "iris")
      try await platform.client.patch(
        .inferenceServices, namespace: "team", name: "iris",
        ["metadata": ["annotations": ["serving.kserve.io/stop": .null]]])
      _ = try await platform.waitFor(.deployments, "iris-predictor") { _ in true }
    }
  }

  @Test func aRenamedPredictorLeavesNothingBehind() async throws {
    try await withPlatform { platform in
      try await platform.makeReady()
      try await platform.client.patch(
        .inferenceServices, namespace: "team", name: "iris",
        ["spec": ["predictor": ["name": "v2", "model": ["storageUri": "pvc://samples/other"]]]])
      _ = try await platform.waitFor(.deployments, "iris-v2-predictor") { _ in true }
      let before = try await platform.client.get(.httpRoutes, namespace: "team", name: "iris")
      #expect(
        ServingRoutes.services(of: before) == ["iris-predictor"], "the old one serves until the new one does")
      try await platform.playPod("iris-v2-predictor-1", ready: true, of: "iris-v2-predictor")
      _ = try await platform.waitFor(.httpRoutes, "iris") {
        ServingRoutes.services(of: $0) == ["iris-v2-predictor"]
      }
      _ = try await platform.waitFor(.httpRoutes, "iris-predictor") {
        ServingRoutes.services(of: $0) == ["iris-v2-predictor"]
      }
      try await platform.playAcceptedRoutes()
      try await platform.waitUntilGone(.deployments, "iris-predictor")
      try await platform.waitUntilGone(.services, "iris-predictor")
    }
  }

  @Test func aChangedConfigurationReachesEveryServiceAndAFaultyOneNone() async throws {
    try await withPlatform { platform in
      try await platform.client.create(.inferenceServices, platform.iris())
      _ = try await platform.waitFor(.httpRoutes, "iris") { _ in true }
      try await platform.configure("ingress", "{ not json")
      let event = try await platform.waitForEvent("InvalidConfiguration", namespace: "kserve")
      #expect(event["message"]?.string?.contains("key \"ingress\"") == true)
      #expect(platform.configuration.current.ingress.domain == "localhost")
      try await platform.configure("ingress", #"{"ingressDomain":"models.corp"}"#)
      _ = try await platform.waitFor(.httpRoutes, "iris") {
        $0.spec?["hostnames"] == ["iris-team.models.corp", "iris.team.models.corp"]
      }
    }
  }

  @Test func knativesModeIsBuiltInWhereKnativeIsAbsent() async throws {
    try await withPlatform { platform in
      var service = try platform.iris()
      service.annotations = ["serving.kserve.io/deploymentMode": "Serverless"]
      try await platform.client.create(.inferenceServices, service)
      _ = try await platform.waitFor(.deployments, "iris-predictor") { _ in true }
      let told = try await platform.waitFor(.inferenceServices, "iris") {
        Conditions.get($0.status?["conditions"], "KnativeInstalled") != nil
          && $0.status?["url"] != nil
      }
      #expect(told.annotations["serving.kserve.io/deploymentMode"] == "Knative")
      #expect(told.status?["deploymentMode"] == "Knative")
      #expect(told.status?["url"] == "http://iris.team.localhost:8081")
      #expect(Conditions.get(told.status?["conditions"], "KnativeInstalled")?.reason == "BuiltIn")
    }
  }

  @Test func fieldsThatAreNotUsedAreToldOnce() async throws {
    try await withPlatform { platform in
      try await platform.client.create(
        .inferenceServices,
        platform.service(
          #"{"predictor":{"containers":[{"name":"c","image":"i"}],"logger":{"mode":"all"}}}"#))
      let event = try await platform.waitForEvent("FieldsNotUsed")
      #expect(
        event["message"]?.string == "stored, but not acted on by this release: spec.predictor.logger")
    }
  }

  @Test func admissionRefusesWhatValidationRefuses() async throws {
    try await withPlatform { platform in
      let error = await #expect(throws: KubeError.self) {
        try await platform.client.create(
          .inferenceServices, platform.service(#"{"predictor":{"sklearn":{},"xgboost":{}}}"#))
      }
      #expect(error?.code == 422)
      #expect(error?.message.contains("exactly one of [Name, SKLearn, XGBoost") == true)
    }
  }

  @Test func aDeploymentOfSomebodyElseIsLeftAlone() async throws {
    try await withPlatform { platform in
      var foreign = KubeObject(.deployments, namespace: "team", name: "iris-predictor")
      foreign.ownerReferences = [
        OwnerReference(controller: try await platform.client.get(.namespaces, name: "team"))
      ]
      foreign.spec = try JSONValue(
        parsing: #"""
          {"selector":{"matchLabels":{"a":"b"}},
           "template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}
          """#)
      try await platform.client.create(.deployments, foreign)
      try await platform.client.create(.inferenceServices, platform.iris())
      let service = try await platform.waitFor(.inferenceServices, "iris") {
        Conditions.get($0.status?["conditions"], "PredictorReady")?.reason == "NotAllowed"
      }
      #expect(
        Conditions.get(service.status?["conditions"], "Ready")?.message.contains(
          "belongs to Namespace \"team\"")
          == true)
    }
  }
}

extension ServingControllersTests {
  @Test func aSecondReconcileWritesNothing() async throws {
    try await withPlatform { platform in
      try await platform.makeReady()
      let (reconciler, before) = try await platform.settle()
      for _ in 0..<3 { _ = try await reconciler.reconcile(ObjectKey(namespace: "team", name: "iris")) }
      #expect(try await platform.revisions() == before)
    }
  }

  @Test func aDeletedServiceTakesItsChildrenAlong() async throws {
    try await withPlatform { platform in
      try await platform.makeReady()
      try await platform.client.delete(.inferenceServices, namespace: "team", name: "iris")
      for (resource, name) in [
        (KubeResource.deployments, "iris-predictor"), (.services, "iris-predictor"), (.httpRoutes, "iris"),
        (.httpRoutes, "iris-predictor"),
      ] {
        try await platform.waitUntilGone(resource, name)
      }
    }
  }

  @Test func aFrozenServiceKeepsItsDeploymentWhenItsRuntimeChanges() async throws {
    try await withPlatform { platform in
      try await platform.makeReady()
      try await platform.client.patch(
        .inferenceServices, namespace: "team", name: "iris",
        ["metadata": ["annotations": ["serving.kserve.io/disable-auto-update": "true"]]])
      let (reconciler, before) = try await platform.settle()
      var runtime = try await platform.client.get(.clusterServingRuntimes, name: "kserve-sklearnserver")
      runtime.json.set(["generation": "next"], at: "spec", "labels")
      runtime = try await platform.client.update(.clusterServingRuntimes, runtime)
      while !reconciler.caches.clusterRuntimes.hasObserved(runtime.resourceVersion) { await Task.yield() }
      _ = try await reconciler.reconcile(ObjectKey(namespace: "team", name: "iris"))
      #expect(try await platform.revisions() == before)

      try await platform.client.patch(
        .inferenceServices, namespace: "team", name: "iris",
        ["metadata": ["annotations": ["serving.kserve.io/disable-auto-update": .null]]])
      _ = try await platform.waitFor(.deployments, "iris-predictor") { $0.labels["generation"] == "next" }
    }
  }

  @Test func aFrozenServiceTakesTheUsersOwnChanges() throws {
    var service = try makeService(
      #"{"predictor":{"sklearn":{}}}"#, annotations: ["serving.kserve.io/disable-auto-update": "true"])
    #expect(!InferenceServiceReconciler.isFrozen(service), "it is not ready yet")
    service.object.status = ["observedGeneration": 1, "conditions": [["type": "Ready", "status": "True"]]]
    #expect(InferenceServiceReconciler.isFrozen(service))
    service.object.generation = 2
    #expect(!InferenceServiceReconciler.isFrozen(service))
  }

  @Test func theDefaultsAreInstalledOnceAndTheConfigurationIsTheUsers() async throws {
    try await withPlatform { platform in
      try await platform.configure("ingress", #"{"ingressDomain":"mine.corp"}"#)
      var changed = try await platform.client.get(.clusterServingRuntimes, name: "kserve-sklearnserver")
      changed.json.set(true, at: "spec", "disabled")
      try await platform.client.update(.clusterServingRuntimes, changed)
      try await ServingDefaults.install(
        client: platform.client, platform: platform.configuration.current.platform)
      let configMap = try await platform.client.get(
        .configMaps, namespace: "kserve", name: "inferenceservice-config")
      #expect(configMap.json.at("data", "ingress")?.string == #"{"ingressDomain":"mine.corp"}"#)
      let runtimes = try await platform.client.list(.clusterServingRuntimes)
      #expect(runtimes.items.count == BuiltInRuntimes.all.count)
      let decoded = try InferenceServiceConfig(
        data: KubeObject.stringMap(ServingDefaults.configMap(.init(ingressDomain: "localhost"))["data"]),
        platform: .init(ingressDomain: "localhost"))
      #expect(decoded == InferenceServiceConfig(platform: .init(ingressDomain: "localhost")))
    }
  }

  @Test func nothingThatAUserWritesIsLost() async throws {
    try await withPlatform { platform in
      let spec = try JSONValue(parsing: FullService.spec)
      var service = KubeObject(.inferenceServices, namespace: "team", name: "full")
      service.annotations = ["serving.kserve.io/deploymentMode": "Standard"]
      service.spec = spec
      try await platform.client.create(.inferenceServices, service)
      let stored = try await platform.client.get(.inferenceServices, namespace: "team", name: "full")
      let lost = StructuralDifference.first(desired: spec, existing: stored.spec)
      #expect(lost == nil)
    }
  }
}
