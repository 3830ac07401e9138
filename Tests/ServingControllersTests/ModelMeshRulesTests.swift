import ControllerKit
import Formats
import KubeClient
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

private let predictors = KubeResource(
  group: "serving.kserve.io", version: "v1alpha1", plural: "predictors", kind: "Predictor", isNamespaced: true
)
private let modelMesh = ["serving.kserve.io/deploymentMode": "ModelMesh"]
private let alone = #"{"predictor":{"sklearn":{"storageUri":"s3://b/m"}}}"#
private let both = #"""
  {"predictor":{"sklearn":{"storageUri":"s3://b/m"}},
   "transformer":{"containers":[{"image":"t","args":["--mine"]}],"minReplicas":2}}
  """#

/// Services of the mode ModelMesh: what is left to it and what is not, a row each.
@Suite struct ModelMeshRulesTests {
  private func service(_ spec: String, url: String? = nil) throws -> InferenceService {
    var service = try makeService(spec, annotations: modelMesh)
    if let url {
      service.object.status = [
        "components": ["predictor": ["url": .string(url), "latestReadyRevision": "r"]]
      ]
    }
    return service
  }

  private func plan(_ service: InferenceService, hasModelMesh: Bool = true) -> ServicePlan {
    var kinds = OptionalKinds()
    if hasModelMesh { kinds.modelMeshPredictors = predictors }
    return ServicePlanner(
      service: service, mode: .modelMesh, configuration: embedded, runtimes: ([], builtIn),
      credentials: NoCredentials(), live: [:], kinds: kinds
    ).plan()
  }

  @Test(arguments: [
    ("grpc://modelmesh.team:8033", "modelmesh.team:8033", "grpc-v2"),
    ("http://modelmesh.team:8008", "modelmesh.team:8008", "v2"),
    ("https://modelmesh.team/path", "modelmesh.team", "v2"),
  ])
  func theTransformerIsToldTheAddress(_ url: String, _ host: String, _ version: String) throws {
    let plan = plan(try service(both, url: url))
    #expect(plan.failures.isEmpty && plan.isWaitingFor == nil)
    #expect(plan.names(.deployments) == ["iris-transformer"])
    #expect(plan.names(.services) == ["iris-transformer"])
    #expect(plan.routes.map(\.name) == ["iris-transformer", "iris"])
    let deployment = try plan.child(.deployments, "iris-transformer")
    #expect(deployment.spec?["replicas"] == 2)
    #expect(
      deployment.json.at("spec", "template", "spec", "containers")?[0]?["args"] == [
        "--mine", "--model_name", "iris", "--predictor_host", .string(host), "--protocol", .string(version),
        "--http_port", "8080",
      ])
  }

  @Test func whatTheUserSaysOfTheProtocolStays() throws {
    let spec = #"""
      {"predictor":{"sklearn":{}},"transformer":{"containers":[{"image":"t","args":["--protocol=v1"]}]}}
      """#
    let deployment = try plan(try service(spec, url: "grpc://m:1")).child(.deployments, "iris-transformer")
    let arguments = deployment.json.at("spec", "template", "spec", "containers")?[0]?["args"]?.array ?? []
    #expect(arguments.contains("--protocol=v1") && !arguments.contains("--protocol"))
  }

  @Test func withoutTheAddressItWaits() throws {
    let plan = plan(try service(both))
    #expect(plan.children.isEmpty && plan.failures.isEmpty)
    #expect(plan.isWaitingFor?.hasPrefix("the predictor's URL") == true)
  }

  @Test(arguments: [("ftp://m", "ftp"), ("modelmesh:8033", "modelmesh:8033"), ("http://", "http://")])
  func anAddressOfAnotherSchemeIsRefused(_ url: String, _ scheme: String) throws {
    let plan = plan(try service(both, url: url))
    #expect(plan.failures[.predictor] == nil)
    let failure = plan.failures[.transformer]
    #expect(failure?.message.hasPrefix("Predictor URL Scheme not supported: \(scheme)") == true)
    #expect(failure?.cause.code == .unsupportedMode)
  }

  @Test func withoutModelMeshTheServiceSaysSo() throws {
    for spec in [alone, both] {
      let plan = plan(try service(spec, url: "http://m"), hasModelMesh: false)
      #expect(plan.failures[.predictor]?.cause.code == .unsupportedMode)
      #expect(plan.children.isEmpty)
    }
  }

  // MARK: status

  private func observed(_ service: InferenceService) throws -> ServiceObservation {
    var observed = ServiceObservation(
      service: service, configuration: embedded, mode: .modelMesh, hasModelMesh: true)
    observed.hosts = try ServingHosts(service: service, configuration: embedded)
    return observed
  }

  private static let written = #"""
    {"components":{"predictor":{"url":"http://m:8008","restUrl":"http://m:8008"}},
     "modelStatus":{"transitionStatus":"UpToDate","states":{"activeModelState":"Standby"}},
     "servingRuntimeName":"mlserver-1.x",
     "conditions":[{"type":"PredictorReady","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z"}]}
    """#

  @Test func whatModelMeshSaysOfItsPredictorIsKept() throws {
    var made = try service(both)
    made.object.status = try JSONValue(parsing: Self.written)
    var state = try observed(made)
    #expect(state.components.map(\.kind) == [.transformer])
    var deployment = KubeObject(.deployments, namespace: "team", name: "iris-transformer")
    deployment.status = ["conditions": [["type": "Available", "status": "True"]]]
    state.components[0].deployment = deployment
    state.components[0].pods = [try makePodObject("p", phase: "Running", ready: true)]
    for name in ["iris-transformer", "iris"] {
      var route = KubeObject(.httpRoutes, namespace: "team", name: name)
      route.status = [
        "parents": [
          [
            "parentRef": ["name": "kserve-ingress-gateway", "namespace": "kserve"],
            "conditions": [["type": "Accepted", "status": "True"]],
          ]
        ]
      ]
      state.routes.append(route)
    }
    let status = ServiceStatus.make(state, now: moment)
    let before = try JSONValue(parsing: Self.written)
    #expect(status.at("components", "predictor") == before.at("components", "predictor"))
    #expect(status["modelStatus"] == before["modelStatus"])
    #expect(status["servingRuntimeName"] == "mlserver-1.x")
    #expect(status["deploymentMode"] == "ModelMesh")
    #expect(status.at("components", "transformer", "url") != nil)
    #expect(status["url"] == "http://iris-team.localhost:8081")
    for type in ["PredictorReady", "TransformerReady", "IngressReady", "Ready"] {
      #expect(Conditions.isTrue(status["conditions"], type), "\(type)")
    }
    state.service.object.status = try JSONValue(
      parsing: #"{"conditions":[{"type":"PredictorReady","status":"False","reason":"Mesh","message":"m"}]}"#)
    let failing = Conditions.get(ServiceStatus.make(state, now: moment)["conditions"], "Ready")
    #expect(failing?.status == .no && failing?.reason == "Mesh" && failing?.message == "m")
  }

  @Test func whileItWaitsItSaysForWhat() throws {
    var state = try observed(try service(both))
    state.isWaitingFor = "the predictor's URL"
    let status = ServiceStatus.make(state, now: moment)
    let waiting = Conditions.get(status["conditions"], "TransformerReady")
    #expect(waiting?.status == .unknown && waiting?.message == "waiting for the predictor's URL")
    #expect(Conditions.get(status["conditions"], "PredictorReady")?.status == .unknown)
    #expect(status["url"] == nil)
  }

  @Test func aStatusIsBegunWithWhoGoesOn() throws {
    let status = ServiceStatus.makeInitial(try observed(try service(alone)), now: moment)
    #expect(status["deploymentMode"] == "ModelMesh")
    for type in ["PredictorReady", "Ready"] {
      let condition = Conditions.get(status["conditions"], type)
      #expect(condition?.status == .unknown)
      #expect(condition?.message.contains("ModelMesh's own controller") == true)
    }
    #expect(status.at("modelStatus", "states", "targetModelState") == "Pending")
    #expect(status["observedGeneration"] == nil, "nothing of it was reconciled")
  }
}

/// The same through the API, where ModelMesh's kind is there.
@Suite(.timeLimit(.minutes(2))) struct ModelMeshThroughAPITests {
  private func installModelMesh(_ platform: Platform) async throws {
    var definition = KubeObject(.customResourceDefinitions, name: "predictors.serving.kserve.io")
    definition.spec = try JSONValue(
      parsing: #"""
        {"group":"serving.kserve.io","scope":"Namespaced",
         "names":{"kind":"Predictor","listKind":"PredictorList","plural":"predictors","singular":"predictor"},
         "versions":[{"name":"v1alpha1","served":true,"storage":true,
           "schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}]}
        """#)
    try await platform.client.create(.customResourceDefinitions, definition)
  }

  @Test func aPredictorIsLeftAloneAndATransformerIsWrittenOnceItHasAnAddress() async throws {
    try await withPlatform { platform in
      try await installModelMesh(platform)
      var service = try platform.service(alone)
      service.annotations = modelMesh
      try await platform.client.create(.inferenceServices, service)
      var begun = try await platform.waitFor(.inferenceServices, "iris") {
        Conditions.get($0.status?["conditions"], "Ready")?.reason == "ModelMesh"
      }
      #expect(begun.json.at("spec", "predictor", "sklearn") != nil, "its spec stays as it is")
      #expect(try await platform.client.list(.deployments, namespace: "team").items.isEmpty)

      // ModelMesh has its say; nobody else says anything any more.
      begun.status = try JSONValue(
        parsing: #"""
          {"deploymentMode":"ModelMesh","components":{"predictor":{"url":"grpc://mesh.team:8033"}},
           "conditions":[{"type":"PredictorReady","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z"}]}
          """#)
      try await platform.client.updateStatus(.inferenceServices, begun)
      try await platform.client.patch(
        .inferenceServices, namespace: "team", name: "iris",
        ["spec": ["transformer": ["containers": [["name": "t", "image": "t"]]]]])
      let deployment = try await platform.waitFor(.deployments, "iris-transformer") { _ in true }
      let arguments = deployment.json.at("spec", "template", "spec", "containers")?[0]?["args"]?.array ?? []
      #expect(arguments.contains("mesh.team:8033") && arguments.contains("grpc-v2"))
      let told = try await platform.waitFor(.inferenceServices, "iris") {
        Conditions.get($0.status?["conditions"], "TransformerReady") != nil
      }
      #expect(told.json.at("status", "components", "predictor", "url") == "grpc://mesh.team:8033")
      #expect(Conditions.isTrue(told.status?["conditions"], "PredictorReady"))
      #expect(try await platform.client.list(.deployments, namespace: "team").items.count == 1)

      try await platform.client.patch(
        .inferenceServices, namespace: "team", name: "iris", ["spec": ["transformer": .null]])
      try await platform.waitUntilGone(.deployments, "iris-transformer")
    }
  }
}
