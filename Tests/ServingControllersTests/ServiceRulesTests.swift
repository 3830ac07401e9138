import Formats
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

/// Rules of plans and events that no other table has a row for.
@Suite struct ServiceRulesTests {
  /// Upstream leads port 80 to the agent then (9081); here the server itself copies and joins.
  @Test(arguments: ["", #","logger":{"mode":"all"}"#, #","batcher":{}"#])
  func port80LeadsToTheServerWithLoggerAndBatcherToo(_ members: String) throws {
    let plan = makePlan(
      try makeService(
        #"{"predictor":{"sklearn":{"storageUri":"pvc://c/m","ports":[{"containerPort":9000,"name":"http"}]}\#(members)}}"#
      ))
    #expect(
      try plan.child(.services, "iris-predictor").spec?["ports"] == [
        ["name": "http", "port": 80, "targetPort": 9000, "protocol": "TCP"]
      ])
    #expect(
      try plan.child(.deployments, "iris-predictor").json.at("spec", "template", "spec", "containers")?.array?
        .count == 1)
  }

  /// The canary's name goes to the predictor, its entry goes away: its pair is the stable one from then on.
  @Test func aCanaryIsPromotedByItsName() throws {
    let next = #""name":"next","model":{"modelFormat":{"name":"sklearn"},"storageUri":"pvc://c/b"}"#
    let before = makePlan(
      try makeService(
        #"""
        {"predictor":{"name":"stable","minReplicas":4,"sklearn":{"storageUri":"pvc://c/a"}},
         "canary":[{"trafficPercent":25,"predictor":{\#(next)}}]}
        """#))
    let after = makePlan(try makeService(#"{"predictor":{"minReplicas":4,\#(next)}}"#))
    #expect(before.names(.deployments) == ["iris-stable-predictor", "iris-next-predictor"])
    #expect(after.names(.deployments) == ["iris-next-predictor"])
    #expect(after.names(.services) == ["iris-next-predictor"])
    func selector(_ plan: ServicePlan) throws -> JSONValue? {
      try plan.child(.deployments, "iris-next-predictor").spec?["selector"]
    }
    #expect(try selector(before) == (try selector(after)), "or the pods could not be taken over")
    #expect(try after.child(.deployments, "iris-next-predictor").spec?["replicas"] == 4)
  }

  /// Requests of the agent go to the server, those of users to the transformer in the same pod.
  @Test func aTransformerInAMultiModelPodTakesRequestsAndTheAgentAsksTheServer() throws {
    let plan = makePlan(
      try makeService(
        #"""
        {"predictor":{"model":{"modelFormat":{"name":"sklearn"},"ports":[{"containerPort":8085}]},
          "containers":[{"name":"transformer-container","image":"t","ports":[{"containerPort":9100,"name":"http"}]}]}}
        """#))
    #expect(try plan.child(.services, "iris-predictor").spec?["ports"]?[0]?["targetPort"] == 9100)
    let containers =
      try plan.child(.deployments, "iris-predictor")
      .json.at("spec", "template", "spec", "containers")?.array ?? []
    #expect(containers.map { $0["name"] } == ["kserve-container", "transformer-container", "agent"])
    let arguments = containers.last?["args"]?.array ?? []
    let port = try #require(arguments.firstIndex(of: "--component-port"))
    #expect(arguments[port + 1] == "8085")
  }

  @Test func headAndWorkersServicesHaveUpstreamsLabels() throws {
    let runtime = try makeRuntime(
      "many", formats: #"[{"name":"hf","autoSelect":true}]"#,
      extra: #"{"workerSpec":{"containers":[{"name":"worker-container","image":"w"}]}}"#)
    var service = try makeService(
      #"""
      {"predictor":{"model":{"modelFormat":{"name":"hf"},"storageUri":"pvc://c/m"},
        "workerSpec":{"pipelineParallelSize":2}}}
      """#, annotations: ["serving.kserve.io/autoscalerClass": "none"])
    service.object.generation = 3
    let plan = ServicePlanner(
      service: service, mode: .standard, configuration: embedded, runtimes: ([], [runtime]),
      credentials: NoCredentials(), live: [:]
    ).plan()
    for (name, role, app) in [
      ("iris-head-3", "head", "isvc.iris-predictor"),
      ("iris-workers-3", "worker", "isvc.iris-predictor-worker"),
    ] {
      let made = try plan.child(.services, name)
      #expect(made.labels["isvc.generation"] == "3" && made.labels["multinode/role"] == role)
      #expect(made.spec?["clusterIP"] == "None" && made.spec?["publishNotReadyAddresses"] == true)
      #expect(made.spec?["selector"] == ["app": .string(app)])
    }
  }

  @Test(arguments: [
    ([("PredictorReady", "False"), ("IngressReady", "Unknown")], "PredictorReady, IngressReady"),
    ([("PredictorReady", "True"), ("TransformerReady", "False")], "TransformerReady"),
    (
      [("IngressReady", "False"), ("ExplainerReady", "False"), ("PredictorReady", "False")],
      "PredictorReady, ExplainerReady, IngressReady"
    ),
  ])
  func whatTakesReadinessAwayIsListed(_ conditions: [(String, String)], _ expected: String) {
    let list: JSONValue = .array(
      conditions.map { ["type": .string($0.0), "status": .string($0.1)] })
    #expect(ReadinessEvents.causes(["conditions": list]) == expected)
  }

  /// The object that an installation begins with takes what upstream's takes.
  @Test(arguments: [
    ("gs://b/m", true), ("s3://b/m", true), ("hdfs://h/m", true), ("webhdfs://h/m", true), ("hf://o/m", true),
    ("modelscope://o/m", true), ("https://a.blob.core.windows.net/c/m", true),
    ("https://a.file.core.windows.net/c/m", true), ("https://h/m.zip", true), ("http://h/m", true),
    ("https://h", false), ("pvc://c/m", false), ("ftp://h/m", false), ("/srv/m", false),
  ])
  func theInstalledStorageContainerTakesUpstreamsAddresses(_ uri: String, _ expected: Bool) {
    let installed = ClusterStorageContainer(ServingDefaults.storageContainer(embedded))
    #expect(installed.supports(uri) == expected)
    #expect(installed.name == "default" && !installed.isDisabled && installed.supportsSeveralModels)
    #expect(installed.workloadType == .initContainer)
  }
}
