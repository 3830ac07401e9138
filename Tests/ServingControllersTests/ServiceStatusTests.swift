import Basics
import ControllerKit
import Formats
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

@Suite struct ServiceStatusTests {
  private static let failedFetch = #"""
    {"initContainerStatuses":[{"name":"storage-initializer","state":{"terminated":{"reason":"Error","exitCode":1,
      "finishedAt":"2026-11-21T01:00:00Z","message":"no such bucket"}}}]}
    """#

  private func deployment(_ conditions: String, replicas: Int64 = 1) throws -> KubeObject {
    var object = KubeObject(.deployments, namespace: "team", name: "iris-predictor")
    object.spec = ["replicas": .int(replicas)]
    object.status = ["conditions": try JSONValue(parsing: conditions)]
    return object
  }

  private func route(_ name: String, parents: String, generation: Int64 = 1) throws -> KubeObject {
    var object = KubeObject(.httpRoutes, namespace: "team", name: name)
    object.generation = generation
    object.status = ["parents": try JSONValue(parsing: parents)]
    return object
  }

  private static let accepted = parent(#"{"type":"Accepted","status":"True","observedGeneration":1}"#)
  private static let available = #"[{"type":"Available","status":"True"}]"#

  private static func parent(_ conditions: String) -> String {
    #"[{"parentRef":{"name":"kserve-ingress-gateway","namespace":"kserve"},"conditions":[\#(conditions)]}]"#
  }

  /// A service that is ready in every respect.
  private func observed(_ spec: String = #"{"predictor":{"sklearn":{}}}"#) throws -> ServiceObservation {
    let service = try makeService(spec)
    var observed = ServiceObservation(service: service, configuration: embedded, mode: .standard)
    observed.runtime = builtIn.first { $0.name == "kserve-sklearnserver" }
    observed.hosts = try ServingHosts(service: service, configuration: embedded)
    for index in observed.components.indices {
      let ready = try makePodObject("p", phase: "Running", ready: true)
      observed.components[index].deployment = try deployment(Self.available)
      observed.components[index].pods = [ready]
      observed.components[index].allPods = [ready]
      observed.components[index].hasEndpoint = true
      observed.routes.append(
        try route(observed.components[index].component.baseName, parents: Self.accepted))
    }
    observed.routes.append(try route("iris", parents: Self.accepted))
    return observed
  }

  private func condition(_ status: JSONValue, _ type: String) -> Condition? {
    Conditions.get(status["conditions"], type)
  }

  @Test func aReadyServiceSaysAll() throws {
    let status = ServiceStatus.make(try observed(), now: moment)
    for type in ["PredictorReady", "IngressReady", "Ready"] {
      #expect(condition(status, type) == Condition(type, .yes))
    }
    #expect(condition(status, "Stopped") == Condition("Stopped", .no, severity: "Info"))
    #expect(status["observedGeneration"]?.int == 1)
    #expect(status["deploymentMode"]?.string == "Standard")
    #expect(status["url"]?.string == "http://iris-team.localhost:8081")
    #expect(status["address"] == ["url": "http://iris-predictor.team.svc.cluster.local"])
    #expect(
      status["components"] == ["predictor": ["url": "http://iris-predictor-team.localhost:8081"]])
    #expect(status["clusterServingRuntimeName"]?.string == "kserve-sklearnserver")
    #expect(status["servingRuntimeName"] == nil)
    #expect(
      status["modelStatus"] == [
        "transitionStatus": "UpToDate",
        "states": ["activeModelState": "Loaded", "targetModelState": "Loaded"],
        "copies": ["failedCopies": 0, "totalCopies": 1],
      ])
  }

  @Test(arguments: [
    (#"[{"type":"Available","status":"True"}]"#, "True", ""),
    (
      #"[{"type":"Available","status":"False","reason":"MinimumReplicasUnavailable","message":"m"}]"#,
      "False",
      "MinimumReplicasUnavailable"
    ),
    (
      #"[{"type":"Progressing","status":"True","reason":"ReplicaSetUpdated"}]"#, "Unknown",
      "ReplicaSetUpdated"
    ),
    (#"[{"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable"}]"#, "True", ""),
    (
      #"[{"type":"Available","status":"True"},{"type":"Progressing","status":"True","reason":"ReplicaSetUpdated"}]"#,
      "True", ""
    ),
    (
      #"[{"type":"Available","status":"True"},{"type":"Progressing","status":"False","reason":"ProgressDeadlineExceeded","message":"m"}]"#,
      "False", "ProgressDeadlineExceeded"
    ),
    (
      #"[{"type":"Available","status":"True"},{"type":"ReplicaFailure","status":"True","reason":"FailedCreate","message":"m"}]"#,
      "False", "FailedCreate"
    ),
    ("[]", "Unknown", ""),
  ])
  func deploymentConditionsMapAsUpstreams(_ conditions: String, _ status: String, _ reason: String) throws {
    var state = try observed()
    state.components[0].deployment = try deployment(conditions)
    let found = condition(ServiceStatus.make(state, now: moment), "PredictorReady")
    #expect(found?.status.rawValue == status)
    #expect(found?.reason == reason)
  }

  @Test func anUnreadyOnlyPodTakesReadyAwayAtOnce() throws {
    var state = try observed()
    state.predictorPods = [try makePodObject("p", phase: "Running")]
    let status = ServiceStatus.make(state, now: moment)
    #expect(condition(status, "PredictorReady")?.status == .no)
    #expect(condition(status, "Ready")?.status == .no)
    #expect(status.at("modelStatus", "states", "activeModelState")?.string == "")
    #expect(status.at("modelStatus", "transitionStatus")?.string == "InProgress")
  }

  @Test func aFailureReachesConditionAndModelStatus() throws {
    var state = try observed()
    state.components[0].deployment = try deployment(
      #"[{"type":"Available","status":"False","reason":"MinimumReplicasUnavailable","message":"m"}]"#)
    state.predictorPods = [try makePodObject("p", status: Self.failedFetch)]
    let status = ServiceStatus.make(state, now: moment)
    let text =
      "the model could not be fetched: no such bucket; check the address and this machine's network; the "
      + "download is tried again"
    #expect(
      condition(status, "PredictorReady")
        == Condition("PredictorReady", .no, reason: "DownloadFailed", message: text))
    #expect(condition(status, "Ready")?.message == text)
    #expect(
      status["modelStatus"] == [
        "transitionStatus": "BlockedByFailedLoad",
        "states": ["activeModelState": "", "targetModelState": "FailedToLoad"],
        "copies": ["failedCopies": 1, "totalCopies": 0],
        "lastFailureInfo": [
          "location": "p", "reason": "ModelLoadFailed", "message": .string(text),
          "time": "2026-11-21T01:00:00Z", "exitCode": 1,
        ],
      ])
  }

  @Test func aFailedUpdateLeavesTheOldPodServing() throws {
    var state = try observed()
    state.predictorPods = [
      try makePodObject("old", created: 1, phase: "Running", ready: true),
      try makePodObject("new", created: 2, status: Self.failedFetch),
    ]
    let status = ServiceStatus.make(state, now: moment)
    #expect(condition(status, "Ready")?.status == .yes)
    #expect(status.at("modelStatus", "transitionStatus")?.string == "BlockedByFailedLoad")
    #expect(
      status.at("modelStatus", "states")
        == ["activeModelState": "Loaded", "targetModelState": "FailedToLoad"])
    #expect(status.at("modelStatus", "lastFailureInfo", "location")?.string == "new")
  }

  @Test func fetchingMeansLoading() throws {
    var state = try observed()
    state.predictorPods = [
      try makePodObject(
        "p", status: #"{"initContainerStatuses":[{"name":"storage-initializer","state":{"running":{}}}]}"#)
    ]
    let status = ServiceStatus.make(state, now: moment)
    #expect(status.at("modelStatus", "states", "targetModelState")?.string == "Loading")
    state.predictorPods = []
    #expect(
      ServiceStatus.make(state, now: moment).at("modelStatus", "states", "targetModelState")?.string
        == "Pending")
  }

  @Test func anInvalidSpecIsTold() throws {
    var state = try observed()
    (state.components[0].deployment, state.predictorPods, state.routes, state.runtime) = (nil, [], [], nil)
    state.components[0].failure = ServingFailure(.noSupportingRuntime, message: "short", explanation: "long")
    let status = ServiceStatus.make(state, now: moment)
    #expect(
      condition(status, "Ready")
        == Condition("Ready", .no, reason: "NoSupportingRuntime", message: "short: long"))
    #expect(
      status["modelStatus"] == [
        "transitionStatus": "InvalidSpec",
        "states": ["activeModelState": "", "targetModelState": "FailedToLoad"],
        "copies": ["failedCopies": 0, "totalCopies": 0],
        "lastFailureInfo": ["reason": "NoSupportingRuntime", "message": "short: long"],
      ])
    #expect(status["url"] == nil)
  }

  @Test(arguments: [
    ("[]", "False", "ParentStatusNotAvailable", "Predictor HttpRouteNotReady"),
    (
      parent(#"{"type":"Accepted","status":"False","reason":"NotAllowedByListeners","message":"no"}"#),
      "False",
      "NotAllowedByListeners", "Predictor HttpRouteNotReady"
    ),
    (
      parent(
        #"{"type":"Accepted","status":"True","observedGeneration":1},{"type":"ResolvedRefs","status":"False","reason":"BackendNotFound","message":"m"}"#
      ), "False", "BackendNotFound", "Predictor HttpRouteNotReady"
    ),
    (
      parent(#"{"type":"Accepted","status":"True","observedGeneration":0}"#), "Unknown", "RouteNotObserved",
      "Predictor HttpRouteNotReady"
    ),
    (parent(""), "Unknown", "RouteNotAccepted", "Predictor HttpRouteNotReady"),
    (
      #"[{"parentRef":{"name":"other","namespace":"kserve"},"conditions":[{"type":"Accepted","status":"True"}]}]"#,
      "False", "ParentStatusNotAvailable", "Predictor HttpRouteNotReady"
    ),
  ])
  func theGatewaysWordDecidesIngressReady(
    _ parents: String, _ status: String, _ reason: String, _ message: String
  ) throws {
    var state = try observed()
    state.routes[0] = try route("iris-predictor", parents: parents)
    let found = condition(ServiceStatus.make(state, now: moment), "IngressReady")
    #expect(found?.status.rawValue == status)
    #expect(found?.reason == reason)
    #expect(found?.message.hasPrefix(message) == true)
    #expect(condition(ServiceStatus.make(state, now: moment), "Ready")?.status.rawValue == status)
  }

  /// The spec after the one that is ready, with a route that the gateway has as it was before.
  /// - Parameters:
  ///   - conditions: of the route, which is of generation 2.
  ///   - weight: of a second backend.
  ///   - generation: the one that the status is of.
  @Test(
    arguments: [
      (#"{"type":"Accepted","status":"True","observedGeneration":1}"#, 20, false, "True", 1),
      (#"{"type":"Accepted","status":"True","observedGeneration":2}"#, 20, false, "True", 2),
      // The gateway has refused it, or has had its time.
      (
        #"{"type":"Accepted","status":"False","observedGeneration":2,"reason":"UnsupportedValue"}"#, 20,
        false,
        "False", 2
      ),
      (#"{"type":"Accepted","status":"True","observedGeneration":1}"#, 20, true, "Unknown", 2),
      // It was never accepted.
      ("", 20, false, "Unknown", 2),
      // The gateway does not know the second Service yet.
      (missingBackend, 0, false, "True", 1), (missingBackend, 20, false, "False", 2),
      (missingBackend, 0, true, "False", 2),
    ] as [(String, Int64, Bool, String, Int64)])
  func aChangedSpecIsReadyOnceItsRouteIsInUse(
    _ conditions: String, _ weight: Int64, _ isOverdue: Bool, _ ready: String, _ generation: Int64
  ) throws {
    var state = try observed()
    state.service.object.status = ServiceStatus.make(state, now: moment)
    state.service.object.generation = 2
    state.routes[0] = try route("iris-predictor", parents: Self.parent(conditions), generation: 2)
    state.routes[0].spec = ["rules": [["backendRefs": [["weight": 100], ["weight": .int(weight)]]]]]
    state.areRoutesOverdue = isOverdue
    let status = ServiceStatus.make(state, now: moment)
    #expect(condition(status, "Ready")?.status.rawValue == ready)
    #expect(status["observedGeneration"]?.int == generation)
  }

  /// A route that a change adds is waited for like one that it moves, unless nothing leads to the service.
  @Test(
    arguments: [
      ("iris-predictor-prev", false, "True", 1), ("iris-predictor-prev", true, "False", 2),
      ("iris", false, "False", 2),
    ] as [(String, Bool, String, Int64)])
  func aRouteThatComesIsWaitedFor(
    _ name: String, _ isOverdue: Bool, _ ready: String, _ generation: Int64
  ) throws {
    var state = try observed()
    state.service.object.status = ServiceStatus.make(state, now: moment)
    state.service.object.generation = 2
    state.routes.removeAll { $0.name == name }
    state.routes.append(try route(name, parents: "[]"))
    state.areRoutesOverdue = isOverdue
    let status = ServiceStatus.make(state, now: moment)
    #expect(condition(status, "Ready")?.status.rawValue == ready)
    #expect(status["observedGeneration"]?.int == generation)
  }

  private static let missingBackend =
    #"{"type":"Accepted","status":"True","observedGeneration":2},{"type":"ResolvedRefs","status":"False","observedGeneration":2,"reason":"BackendNotFound"}"#

  @Test func aGatewayHasItsTimeForARoute() {
    let moves = RouteMoves()
    func remaining(_ isMoving: Bool, _ second: Int64) -> Duration? {
      moves.remaining(
        ObjectKey(namespace: "team", name: "iris"), isMoving: isMoving, now: Timestamp(seconds: second))
    }
    #expect(remaining(false, 0) == nil)
    #expect(remaining(true, 100) == .seconds(30))
    #expect(remaining(true, 110) == .seconds(20))
    #expect(remaining(true, 200) == .zero)
    #expect(remaining(false, 210) == nil)
    #expect(remaining(true, 220) == .seconds(30), "another change has a time of its own")
  }

  @Test func withoutAnEndpointNothingIsReady() throws {
    var state = try observed()
    state.components[0].hasEndpoint = false
    let status = ServiceStatus.make(state, now: moment)
    #expect(condition(status, "IngressReady")?.reason == "EndpointsNotReady")
    #expect(condition(status, "Ready")?.status == .unknown)
  }

  @Test(arguments: [
    (#"{"predictor":{"sklearn":{},"minReplicas":2,"maxReplicas":2,"timeout":5}}"#, []),
    (#"{"predictor":{"sklearn":{},"minReplicas":0,"logger":{"mode":"all"},"batcher":{}}}"#, []),
    (
      #"{"predictor":{"sklearn":{},"logger":{"mode":"all","storage":{"path":"p"}}}}"#,
      ["spec.predictor.logger.storage"]
    ),
    (
      #"{"predictor":{"containers":[{"name":"c","image":"i"}],"batcher":{}}}"#, ["spec.predictor.batcher"]
    ),
    (
      #"{"predictor":{"sklearn":{}},"transformer":{"containers":[{"image":"i"}],"logger":{"mode":"all"}}}"#,
      ["spec.transformer.logger"]
    ),
  ])
  func fieldsThatAreNotUsedAreNamed(_ spec: String, _ paths: [String]) throws {
    let service = try makeService(spec)
    #expect(UnusedFields.paths(service) == paths)
    #expect((UnusedFields.message(service) == nil) == paths.isEmpty)
  }

  @Test func aStoppedServiceKeepsItsModeOnly() throws {
    var state = try observed()
    state.service.object.annotations["serving.kserve.io/stop"] = "True"
    let status = ServiceStatus.make(state, now: moment)
    for type in ["PredictorReady", "IngressReady", "Ready"] {
      #expect(condition(status, type) == Condition(type, .no, reason: "Stopped"))
    }
    #expect(condition(status, "Stopped")?.status == .yes)
    #expect(status["deploymentMode"]?.string == "Standard")
    #expect(status["url"] == nil)
    #expect(status["modelStatus"] == nil)
  }

  @Test func transitionTimesMoveOnlyWithTheStatus() throws {
    var state = try observed()
    let first = ServiceStatus.make(state, now: moment)
    state.service.object.status = first
    let later = moment.adding(.seconds(60))
    #expect(ServiceStatus.make(state, now: later) == first, "nothing changed, nothing is written")
    state.components[0].hasEndpoint = false
    let second = ServiceStatus.make(state, now: later)
    #expect(Conditions.lastTransition(second["conditions"], "PredictorReady") == moment)
    #expect(Conditions.lastTransition(second["conditions"], "Ready") == later)
  }
}

extension ServiceObservation {
  fileprivate var predictorPods: [KubeObject] {
    get { components[0].pods }
    set {
      components[0].pods = newValue
      components[0].allPods = newValue
    }
  }
}
