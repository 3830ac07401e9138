import ControllerKit
import Formats
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

/// How far the model is, from the predictor's pods: upstream's transitions, a row each.
@Suite struct ModelStatusRulesTests {
  private static func fetch(_ state: String, last: String = "") -> String {
    #"{"initContainerStatuses":[{"name":"storage-initializer","state":\#(state)\#(last.isEmpty ? "" : #","lastState":\#(last)"#)}]}"#
  }

  private static func server(_ state: String, last: String = "") -> String {
    #"{"containerStatuses":[{"name":"kserve-container","ready":false,"state":\#(state)\#(last.isEmpty ? "" : #","lastState":\#(last)"#)}]}"#
  }

  private static let failed = #"{"terminated":{"reason":"Error","exitCode":7,"message":"why"}}"#
  private static let waiting = #"{"waiting":{"reason":"CrashLoopBackOff"}}"#

  @Test(arguments: [
    ("{}", "Pending", "InProgress"), (fetch(#"{"running":{}}"#), "Loading", "InProgress"),
    (fetch(#"{"waiting":{"reason":"PodInitializing"}}"#), "Pending", "InProgress"),
    (fetch(failed), "FailedToLoad", "BlockedByFailedLoad"),
    (fetch(waiting, last: failed), "FailedToLoad", "BlockedByFailedLoad"),
    // Tried again: it has failed until it has not.
    (fetch(#"{"running":{}}"#, last: failed), "FailedToLoad", "BlockedByFailedLoad"),
    (fetch(#"{"terminated":{"reason":"Completed","exitCode":0}}"#), "Pending", "InProgress"),
    (server(#"{"running":{}}"#), "Pending", "InProgress"),
    (server(failed), "FailedToLoad", "BlockedByFailedLoad"),
    (server(waiting, last: failed), "FailedToLoad", "BlockedByFailedLoad"),
    (server(#"{"waiting":{"reason":"ContainerCreating"}}"#), "Pending", "InProgress"),
  ])
  func theNewestPodTells(_ status: String, _ target: String, _ transition: String) throws {
    let model = ModelStatus(pods: [try makePodObject("p", status: status)], now: moment)
    #expect(model.target.rawValue == target && model.transition == transition)
    #expect(model.json.at("states", "activeModelState") == "")
    let info = model.json["lastFailureInfo"]
    #expect((info != nil) == (target == "FailedToLoad"))
    if let info {
      #expect(info["exitCode"] == 7)
      #expect(info["message"]?.string?.contains("why") == true)
      #expect(info["location"] == "p")
    }
  }

  @Test func downloadsThatFailAreModelLoadFailed() throws {
    let model = ModelStatus(
      pods: [try makePodObject("p", status: Self.fetch(Self.failed))], now: moment)
    #expect(model.failureInfo?["reason"] == "ModelLoadFailed")
  }

  @Test func readyPodsAreCountedAndTheNewestDecides() throws {
    let old = try makePodObject("old", created: 1, phase: "Running", ready: true)
    let new = try makePodObject("new", created: 2, phase: "Running", ready: true)
    let failed = try makePodObject("failed", created: 3, status: Self.server(Self.failed))
    let all = ModelStatus(pods: [old, new], now: moment)
    #expect(all.target == .loaded && all.transition == "UpToDate" && all.readyCopies == 2)
    #expect(all.json.at("states", "activeModelState") == "Loaded")
    let one = ModelStatus(pods: [old, failed, new], now: moment)
    #expect(one.target == .failedToLoad && one.isServing && one.failedCopies == 1)
    #expect(one.json["copies"] == ["failedCopies": 1, "totalCopies": 2])
    // Of equally old ones the name decides.
    let first = try makePodObject("a", created: 3, phase: "Running", ready: true)
    #expect(ModelStatus(pods: [failed, first], now: moment).target == .loaded)
  }

  @Test func withoutPodsTheModelIsPending() {
    let model = ModelStatus(pods: [], now: moment)
    #expect(model.target == .pending && model.transition == "InProgress" && model.readyCopies == 0)
  }

  @Test(arguments: [
    (ServingFailure.Reason.noSupportingRuntime, "NoSupportingRuntime"),
    (.runtimeNotRecognized, "RuntimeNotRecognized"), (.runtimeDisabled, "RuntimeDisabled"),
    (.invalidPredictorSpec, "InvalidPredictorSpec"),
  ])
  func anInvalidSpecSaysWhy(_ reason: ServingFailure.Reason, _ expected: String) throws {
    let failure = ServingFailure(reason, message: "short", explanation: "long")
    let ready = try makePodObject("p", phase: "Running", ready: true)
    let model = ModelStatus(failure: failure, pods: [ready])
    #expect(model.transition == "InvalidSpec" && model.target == .failedToLoad)
    #expect(model.failureInfo?["reason"]?.string == expected)
    #expect(model.json.at("states", "activeModelState") == "Loaded", "what serves goes on serving")
  }

  /// Upstream's words for what Knative's Service says: its conditions, created and ready revision, whether
  /// the pod is ready (nil: there is none).
  @Test(
    arguments: [
      ("True", "r1", "r1", true, "Loaded", "UpToDate"),
      ("Unknown", "r2", "r1", true, "Pending", "InProgress"),
      ("True", "r1", "r1", false, "Pending", "InProgress"),
      ("True", "r1", "r1", nil, "Pending", "InProgress"),
      ("Unknown", "r1", "", nil, "Pending", "InProgress"),
      ("False", "r1", "", nil, "FailedToLoad", "BlockedByFailedLoad"),
      ("False", "r1", "r1", false, "Pending", "InProgress"),
    ] as [(String, String, String, Bool?, String, String)])
  func knativesWordCountsBesideThePods(
    _ condition: String, _ created: String, _ ready: String, _ pod: Bool?, _ target: String,
    _ transition: String
  ) throws {
    let service = try makeService(
      #"{"predictor":{"sklearn":{}}}"#, annotations: ["serving.kserve.io/deploymentMode": "Knative"])
    var observed = ServiceObservation(service: service, configuration: embedded, mode: .knative)
    observed.usesKnative = true
    var knative = KubeObject(.services, namespace: "team", name: "iris-predictor")
    knative.status = [
      "latestCreatedRevisionName": .string(created), "latestReadyRevisionName": .string(ready),
      "conditions": [["type": "ConfigurationsReady", "status": .string(condition), "message": "no image"]],
    ]
    observed.components[0].knative = knative
    if let pod {
      observed.components[0].allPods = [try makePodObject("p", phase: "Running", ready: pod)]
    }
    func model() -> JSONValue? { ServiceStatus.make(observed, now: moment)["modelStatus"] }
    #expect(model()?.at("states", "targetModelState")?.string == target)
    #expect(model()?["transitionStatus"]?.string == transition)
    #expect(model()?.at("lastFailureInfo", "message") == (target == "FailedToLoad" ? "no image" : nil))
    observed.service.object.status = ["modelStatus": ["lastFailureInfo": ["message": "of the pod"]]]
    if target == "FailedToLoad" { #expect(model()?.at("lastFailureInfo", "message") == "of the pod") }
  }

  @Test func knativesRevisionIsNamed() throws {
    var pod = try makePodObject("p", status: Self.server(Self.failed))
    pod.labels["serving.knative.dev/revision"] = "iris-predictor-00002"
    #expect(
      ModelStatus(pods: [pod], now: moment).failureInfo?["modelRevisionName"] == "iris-predictor-00002")
  }
}

/// `IngressReady` and stopping: the reasons that no other table has.
@Suite struct IngressRulesTests {
  private func observed(
    _ spec: String, _ annotations: [String: String] = [:],
    configuration: InferenceServiceConfig = embedded
  ) throws -> ServiceObservation {
    let service = try makeService(spec, annotations: annotations)
    var observed = ServiceObservation(service: service, configuration: configuration, mode: .standard)
    observed.hosts = try ServingHosts(service: service, configuration: configuration)
    for index in observed.components.indices {
      var deployment = KubeObject(
        .deployments, namespace: "team", name: observed.components[index].component.name)
      deployment.status = ["conditions": [["type": "Available", "status": "True"]]]
      observed.components[index].deployment = deployment
      observed.components[index].pods = [try makePodObject("p", phase: "Running", ready: true)]
      observed.components[index].hasEndpoint = true
      observed.routes.append(route(observed.components[index].component.baseName))
    }
    observed.routes.append(route(service.name))
    return observed
  }

  private func route(_ name: String) -> KubeObject {
    var route = KubeObject(.httpRoutes, namespace: "team", name: name)
    route.status = [
      "parents": [
        [
          "parentRef": ["name": "kserve-ingress-gateway", "namespace": "kserve"],
          "conditions": [["type": "Accepted", "status": "True"]],
        ]
      ]
    ]
    return route
  }

  private func ingress(_ observed: ServiceObservation) -> Condition? {
    Conditions.get(ServiceStatus.make(observed, now: moment)["conditions"], "IngressReady")
  }

  private static let full = #"""
    {"predictor":{"sklearn":{}},"transformer":{"containers":[{"image":"t"}]},
     "explainer":{"containers":[{"image":"e"}]}}
    """#

  @Test(arguments: [
    (0, "Predictor"), (1, "Transformer"), (2, "Explainer"),
  ])
  func aMissingDeploymentOrRouteIsNamed(_ index: Int, _ title: String) throws {
    var state = try observed(Self.full)
    #expect(ingress(state)?.status == .yes)
    state.components[index].deployment = nil
    #expect(ingress(state)?.reason == "\(title) ingress not created")
    state = try observed(Self.full)
    state.routes.remove(at: index)
    #expect(ingress(state)?.reason == "\(title) HTTPRoute not created")
    #expect(ingress(state)?.status == .no)
    state = try observed(Self.full)
    state.routes[index].status = nil
    #expect(ingress(state)?.reason == "ParentStatusNotAvailable")
    #expect(ingress(state)?.message.hasPrefix("\(title) HttpRouteNotReady") == true)
  }

  @Test func theServicesOwnRouteIsTheTopLevel() throws {
    var state = try observed(Self.full)
    state.routes[3].status = nil
    #expect(ingress(state)?.message.hasPrefix("TopLevel HttpRouteNotReady") == true)
  }

  @Test func whatNobodyOutsideAsksNeedsNoRoute() throws {
    var configuration = embedded
    configuration.ingress.isCreationDisabled = true
    var state = try observed(#"{"predictor":{"sklearn":{}}}"#, configuration: configuration)
    state.routes = []
    #expect(ingress(state)?.status == .yes)
    configuration = embedded
    configuration.ingress.isGatewayAPIEnabled = false
    state = try observed(#"{"predictor":{"sklearn":{}}}"#, configuration: configuration)
    #expect(ingress(state)?.reason == "Predictor ingress not created")
    state.hasIngress = true
    #expect(ingress(state)?.status == .yes)
  }

  @Test(arguments: ["true", "True", "TRUE"])
  func aStoppedServiceSaysSoOfEachPart(_ text: String) throws {
    let spec = #"""
      {"predictor":{"name":"a","sklearn":{"storageUri":"pvc://c/a"}},
       "transformer":{"containers":[{"image":"t"}]},
       "canary":[{"trafficPercent":1,"predictor":{"name":"b","sklearn":{"storageUri":"pvc://c/b"}}}]}
      """#
    let status = ServiceStatus.make(
      try observed(spec, ["serving.kserve.io/stop": text]), now: moment)
    for type in ["PredictorReady", "TransformerReady", "CanaryPredictorReady", "IngressReady", "Ready"] {
      let found = Conditions.get(status["conditions"], type)
      #expect(found?.status == .no && found?.reason == "Stopped", "\(type)")
    }
    #expect(Conditions.isTrue(status["conditions"], "Stopped"))
    #expect(
      Set((status.object ?? [:]).keys) == ["observedGeneration", "deploymentMode", "conditions"])
  }

  @Test(arguments: ["false", "", "yes", "1"])
  func anythingElseDoesNotStop(_ text: String) throws {
    let status = ServiceStatus.make(
      try observed(#"{"predictor":{"sklearn":{}}}"#, ["serving.kserve.io/stop": text]), now: moment)
    #expect(Conditions.get(status["conditions"], "Stopped")?.status == .no)
    #expect(Conditions.isTrue(status["conditions"], "Ready"))
  }
}

/// Where a trained model is asked.
@Suite struct ModelPathRulesTests {
  @Test(arguments: [
    (#"{"sklearn":{}}"#, "/v1/models/m:predict"),
    (#"{"sklearn":{"protocolVersion":"v2"}}"#, "/v2/models/m/infer"),
    (#"{"sklearn":{"protocolVersion":"grpc-v2"}}"#, "/v2/models/m/infer"),
    (#"{"containers":[{"image":"x"}]}"#, "/v1/models/m:predict"),
    (#"{"containers":[{"image":"x","env":[{"name":"PROTOCOL","value":"v2"}]}]}"#, "/v2/models/m/infer"),
  ])
  func aTrainedModelsPathFollowsThePredictorsProtocol(_ predictor: String, _ expected: String) throws {
    let service = try makeService(#"{"predictor":\#(predictor)}"#)
    let parent = TrainedModelParent(service: service, memoryLimit: nil, formats: nil)
    #expect(parent.predictPath("m") == expected)
  }
}
