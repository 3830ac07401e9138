import ControllerKit
import Formats
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

/// Transformers and explainers beside the predictor.
@Suite struct ComponentTests {
  private static let three = #"""
    {"predictor":{"sklearn":{"storageUri":"pvc://c/m"}},
     "transformer":{"containers":[{"image":"t"}],"timeout":7},
     "explainer":{"containers":[{"image":"e","ports":[{"containerPort":8090}]}]}}
    """#

  private func arguments(_ plan: ServicePlan, _ name: String) throws -> [String] {
    let container = try plan.child(.deployments, name).json.at("spec", "template", "spec", "containers")?[0]
    return (container?["args"]?.array ?? []).compactMap(\.string)
  }

  @Test func eachComponentHasItsOwnPair() throws {
    let plan = makePlan(try makeService(Self.three))
    let names = ["iris-predictor", "iris-transformer", "iris-explainer"]
    #expect(plan.failures.isEmpty)
    #expect(plan.names(.deployments) == names)
    #expect(plan.names(.services) == names)
    for (name, kind) in zip(names, ComponentKind.allCases) {
      let deployment = try plan.child(.deployments, name)
      #expect(deployment.labels["component"] == kind.rawValue)
      #expect(deployment.labels["serving.kserve.io/inferenceservice"] == "iris")
      #expect(deployment.labels["app"] == "isvc.\(name)")
      #expect(deployment.controllerReference?.uid == "uid-of-iris")
    }
    #expect(plan.names(.controllerRevisions).count == 3)
    #expect(
      try plan.child(.services, "iris-explainer").spec?["ports"]?[0]?["targetPort"]?.int == 8090)
  }

  @Test(arguments: [
    (
      #"{"image":"t"}"#, "",
      ["--model_name", "iris", "--predictor_host", "iris-predictor.team", "--http_port", "8080"]
    ),
    (
      #"{"image":"t","args":["--http_port=9","--model_name","mine"]}"#, "",
      ["--http_port=9", "--model_name", "mine", "--predictor_host", "iris-predictor.team"]
    ),
    (
      #"{"image":"t"}"#, #","containerConcurrency":3"#,
      [
        "--model_name", "iris", "--predictor_host", "iris-predictor.team", "--http_port", "8080", "--workers",
        "3",
      ]
    ),
  ])
  func transformersAreToldTheirPredictor(_ container: String, _ more: String, _ expected: [String]) throws {
    let plan = makePlan(
      try makeService(
        #"{"predictor":{"sklearn":{}},"transformer":{"containers":[\#(container)]\#(more)}}"#))
    #expect(try arguments(plan, "iris-transformer") == expected)
  }

  @Test func aNamedPredictorsHostIsTold() throws {
    let plan = makePlan(
      try makeService(
        #"{"predictor":{"name":"v2","sklearn":{}},"transformer":{"containers":[{"image":"t"}]}}"#))
    #expect(try arguments(plan, "iris-transformer").contains("iris-v2-predictor.team"))
  }

  @Test func theRobustnessToolboxGetsUpstreamsFlagsAndTheUsersOnce() throws {
    let plan = makePlan(
      try makeService(
        #"""
        {"predictor":{"sklearn":{}},"explainer":{"containerConcurrency":2,"art":{"type":"SquareAttack",
          "storageUri":"gs://b/e","runtimeVersion":"v9","args":["--mine"],
          "config":{"nb_classes":"10","a":"b"}}}}
        """#))
    #expect(
      try arguments(plan, "iris-explainer") == [
        "--model_name", "iris", "--http_port", "8080", "--predictor_host", "iris-predictor.team", "--workers",
        "2", "--storage_uri", "/mnt/models", "--adversary_type", "SquareAttack", "--a", "b", "--nb_classes",
        "10", "--mine",
      ])
    let pod = try plan.child(.deployments, "iris-explainer").json.at("spec", "template", "spec")
    #expect(pod?["containers"]?[0]?["image"]?.string?.hasSuffix("art-explainer:v9") == true)
    #expect(pod?["containers"]?[0]?["name"]?.string == "kserve-container")
    #expect(pod?["initContainers"]?[0]?["args"] == ["gs://b/e", "/mnt/models"])
  }

  @Test func theServicesNameLeadsToTheTransformerAndExplanationsToTheExplainer() throws {
    let routes = makePlan(try makeService(Self.three)).routes
    #expect(routes.map(\.name) == ["iris-predictor", "iris-transformer", "iris-explainer", "iris"])
    let rules = try #require(routes.last?.spec?["rules"]?.array)
    #expect(rules.count == 2)
    #expect(
      rules[0]["matches"]?[0]?.at("path", "value")?.string == #"^/v1/models/[\w-]+:explain$"#)
    #expect(rules[0]["backendRefs"]?[0]?["name"]?.string == "iris-explainer")
    #expect(rules[1]["backendRefs"]?[0]?["name"]?.string == "iris-transformer")
    #expect(rules[1]["timeouts"] == ["request": "7s"])
    #expect(routes[0].spec?["rules"]?[0]?["backendRefs"]?[0]?["name"]?.string == "iris-predictor")
    let hosts = try ServingHosts(service: try makeService(Self.three), configuration: embedded)
    #expect(hosts.address(targetPort: 8080) == "http://iris-transformer.team.svc.cluster.local")
    #expect(hosts.url(of: .explainer) == "http://iris-explainer-team.localhost:8081")
  }

  @Test func gRPCOnAPortOfItsOwnHasARuleOfItsOwn() throws {
    let routes = makePlan(
      try makeService(
        #"""
        {"predictor":{"sklearn":{"ports":[{"containerPort":8080,"name":"http1"},
          {"containerPort":8081,"name":"h2c"}]}}}
        """#)
    ).routes
    let rules = try #require(routes.last?.spec?["rules"]?.array)
    #expect(rules.count == 2)
    #expect(rules[0]["matches"]?[0]?["headers"]?[0]?["name"]?.string == "content-type")
    #expect(rules[0]["backendRefs"]?[0]?["port"]?.int == 8081)
    #expect(rules[1]["backendRefs"]?[0]?["port"]?.int == 80)
  }

  @Test func aFaultyComponentLeavesTheOthersAlone() throws {
    let plan = makePlan(
      try makeService(
        #"""
        {"predictor":{"sklearn":{}},"transformer":{"containers":[{"image":"t"}],
          "storageUris":[{"uri":"oci://r/i"}]}}
        """#))
    #expect(plan.failures.keys.sorted { $0.rawValue < $1.rawValue } == [.transformer])
    #expect(plan.names(.deployments) == ["iris-predictor"])
    #expect(plan.routes.map(\.name) == ["iris-predictor"], "the bare model does not answer for the service")
  }

  @Test func filesOfATransformerAreFetched() throws {
    let plan = makePlan(
      try makeService(
        #"""
        {"predictor":{"sklearn":{}},"transformer":{"containers":[{"image":"t"}],
          "storageUris":[{"uri":"gs://b/t","mountPath":"/mnt/t"}]}}
        """#))
    let pod = try plan.child(.deployments, "iris-transformer").json.at("spec", "template", "spec")
    #expect(pod?["initContainers"]?[0]?["args"] == ["gs://b/t", "/mnt/t"])
  }

  @Test func everyDeclaredComponentCountsTowardsReady() throws {
    let service = try makeService(Self.three)
    var observed = ServiceObservation(service: service, configuration: embedded, mode: .standard)
    observed.hosts = try ServingHosts(service: service, configuration: embedded)
    var available = KubeObject(.deployments, namespace: "team", name: "d")
    available.status = ["conditions": [["type": "Available", "status": "True"]]]
    let pod = try makePodObject("p", phase: "Running", ready: true)
    for index in observed.components.indices {
      observed.components[index].deployment = available
      observed.components[index].pods = [pod]
      var route = KubeObject(
        .httpRoutes, namespace: "team", name: observed.components[index].component.baseName)
      route.status = [
        "parents": [
          [
            "parentRef": ["name": "kserve-ingress-gateway", "namespace": "kserve"],
            "conditions": [["type": "Accepted", "status": "True"]],
          ]
        ]
      ]
      observed.routes.append(route)
    }
    func conditions() -> [String: String] {
      var found: [String: String] = [:]
      for entry in ServiceStatus.make(observed, now: moment)["conditions"]?.array ?? [] {
        found[entry["type"]?.string ?? ""] = entry["status"]?.string
      }
      return found
    }
    #expect(
      conditions() == [
        "PredictorReady": "True", "TransformerReady": "True", "ExplainerReady": "True",
        "IngressReady": "True", "Ready": "True", "Stopped": "False",
      ])
    observed.components[2].pods = []
    #expect(conditions()["ExplainerReady"] == "False")
    #expect(conditions()["Ready"] == "False")
    observed.components[2].pods = [pod]
    observed.routes.removeLast()
    #expect(conditions()["IngressReady"] == "False")
    observed.service.object.annotations["serving.kserve.io/stop"] = "true"
    #expect(conditions()["TransformerReady"] == "False")
  }

  @Test func aRemovedComponentIsNotWanted() throws {
    let plan = makePlan(try makeService(#"{"predictor":{"sklearn":{}}}"#))
    #expect(plan.names(.deployments) == ["iris-predictor"])
    #expect(plan.routes.map(\.name) == ["iris-predictor", "iris"])
  }
}

/// `spec.canary` of Standard mode.
@Suite struct CanaryPlansTests {
  private static let spec = #"""
    {"predictor":{"name":"stable","minReplicas":4,"sklearn":{"storageUri":"pvc://c/a","args":["--x"]}},
     "canary":[{"trafficPercent":25,"predictor":{"name":"next",
               "model":{"modelFormat":{"name":"sklearn"},"storageUri":"pvc://c/b"}}},
               {"trafficPercent":10,"predictor":{"name":"other","minReplicas":2,
               "model":{"modelFormat":{"name":"sklearn"},"storageUri":"pvc://c/c"}}}]}
    """#

  private func live(_ names: [String]) throws -> [ComponentKind: LiveComponent] {
    let pairs = try names.map { name in
      var deployment = KubeObject(.deployments, namespace: "team", name: name)
      deployment.annotations[LivePair.roleAnnotation] = "canary"
      deployment.spec = ["replicas": 1]
      return LivePair(
        deployment: deployment, pods: [try makePodObject("\(name)-1", phase: "Running", ready: true)])
    }
    return [.predictor: LiveComponent(pairs: pairs, history: [], rollout: RolloutState())]
  }

  @Test func eachCanaryIsAFixedNumberOfPodsOfTheMergedPredictor() throws {
    let plan = makePlan(try makeService(Self.spec))
    #expect(
      plan.names(.deployments) == ["iris-stable-predictor", "iris-next-predictor", "iris-other-predictor"])
    #expect(
      try plan.child(.deployments, "iris-next-predictor").spec?["replicas"]?.int == 1, "a quarter of four")
    #expect(try plan.child(.deployments, "iris-other-predictor").spec?["replicas"]?.int == 2)
    #expect(try plan.child(.deployments, "iris-stable-predictor").spec?["replicas"]?.int == 4)
    let pod = try plan.child(.deployments, "iris-next-predictor").json.at("spec", "template", "spec")
    #expect(pod?["containers"]?[0]?["args"]?.array?.contains("--x") == true, "what it does not say stays")
    #expect(pod?["containers"]?[0]?["volumeMounts"]?[0]?["subPath"]?.string == "b")
  }

  @Test func readyCanariesTakeTheirShare() throws {
    let service = try makeService(Self.spec)
    func weights(_ ready: [String]) throws -> [Int64] {
      let plan = makePlan(service, live: try live(ready))
      let backends = plan.routes.last?.spec?["rules"]?[0]?["backendRefs"]?.array ?? []
      return backends.compactMap { $0["weight"]?.int }
    }
    #expect(try weights([]) == [100, 0, 0])
    #expect(try weights(["iris-next-predictor"]) == [75, 25, 0])
    #expect(try weights(["iris-next-predictor", "iris-other-predictor"]) == [65, 25, 10])
    let plan = makePlan(service, live: try live(["iris-next-predictor", "iris-other-predictor"]))
    #expect(
      try plan.child(.deployments, "iris-stable-predictor").spec?["replicas"]?.int == 1,
      "ready canaries stand in for stable pods")
  }

  @Test func theStatusNamesEachCanary() throws {
    let service = try makeService(Self.spec)
    let plan = makePlan(service, live: try live(["iris-next-predictor"]))
    var observed = ServiceObservation(service: service, configuration: embedded, mode: .standard)
    observed.components[0].plan = plan.components[.predictor]
    let status = ServiceStatus.make(observed, now: moment)
    let canaries = try #require(status["canaryStatuses"]?.array)
    #expect(canaries.map { $0["name"] } == ["next", "other"])
    #expect(canaries.map { $0["ready"] } == [true, false])
    #expect(canaries.map { $0["trafficPercent"] } == [25, 10])
    let condition = Conditions.get(status["conditions"], "CanaryPredictorReady")
    #expect(condition?.reason == "CanariesNotReady")
    #expect(condition?.message.contains("other") == true)
  }
}

/// Predictors on several nodes.
@Suite struct MultiNodeTests {
  private func plan(_ service: String, annotations: String = "{}", head: String = "{}") throws -> ServicePlan
  {
    let runtime = try makeRuntime(
      "many", formats: #"[{"name":"hf","autoSelect":true}]"#,
      extra: #"""
        {"annotations":\#(annotations),
         "containers":[{"name":"kserve-container","image":"s","resources":\#(head)}],
         "workerSpec":{"pipelineParallelSize":2,"tensorParallelSize":1,
           "containers":[{"name":"worker-container","image":"w","args":["{{.Name}}"]}]}}
        """#)
    return ServicePlanner(
      service: try makeService(service, annotations: ["serving.kserve.io/autoscalerClass": "none"]),
      mode: .standard, configuration: embedded, runtimes: ([], [runtime]), credentials: NoCredentials(),
      live: [:]
    ).plan()
  }

  private func service(_ worker: String) -> String {
    #"{"predictor":{"model":{"modelFormat":{"name":"hf"},"storageUri":"pvc://c/m"},"workerSpec":\#(worker)}}"#
  }

  private func variables(_ object: KubeObject) -> [String: String] {
    let container = object.json.at("spec", "template", "spec", "containers")?[0]
    var found: [String: String] = [:]
    for entry in container?["env"]?.array ?? [] {
      found[entry["name"]?.string ?? ""] = entry["value"]?.string
    }
    return found
  }

  @Test func headAndWorkersFindEachOther() throws {
    let plan = try plan(service(#"{"pipelineParallelSize":3,"tensorParallelSize":2}"#))
    #expect(plan.failures.isEmpty)
    #expect(plan.names(.deployments) == ["iris-predictor", "iris-predictor-worker"])
    #expect(plan.names(.services) == ["iris-predictor", "iris-head-1", "iris-workers-1"])
    let head = try plan.child(.services, "iris-head-1")
    #expect(head.spec?["clusterIP"] == "None")
    #expect(head.spec?["publishNotReadyAddresses"] == true)
    #expect(head.labels["multinode/role"] == "head")
    let worker = try plan.child(.deployments, "iris-predictor-worker")
    #expect(worker.spec?["replicas"]?.int == 5, "six nodes with one GPU each")
    #expect(worker.spec?["strategy"]?.at("rollingUpdate", "maxSurge") == "100%")
    #expect(worker.spec?["selector"] == ["matchLabels": ["app": "isvc.iris-predictor-worker"]])
    let container = worker.json.at("spec", "template", "spec", "containers")?[0]
    #expect(container?["args"] == ["iris"])
    #expect(container?.at("resources", "limits", "nvidia.com/gpu") == "1")
    let ours = variables(worker)
    #expect(ours["HEAD_SVC"] == "iris-head-1" && ours["WORKER_SVC"] == "iris-workers-1")
    #expect(ours["RAY_NODE_COUNT"] == "6" && ours["ISVC_NAME"] == "iris")
    let theirs = variables(try plan.child(.deployments, "iris-predictor"))
    #expect(theirs["PIPELINE_PARALLEL_SIZE"] == "3" && theirs["TENSOR_PARALLEL_SIZE"] == "2")
    #expect(theirs["MODEL_NAME"] == "iris" && theirs["MODEL_DIR"] == "/mnt/models")
  }

  @Test func theOtherBackendHasOneNodePerStage() throws {
    let plan = try plan(
      service(#"{"tensorParallelSize":4}"#), annotations: #"{"multinode/executor-backend":"mp"}"#)
    let worker = try plan.child(.deployments, "iris-predictor-worker")
    #expect(worker.spec?["replicas"]?.int == 1)
    #expect(variables(worker)["REQUEST_GPU_COUNT"] == "4")
  }

  @Test func tooManyGPUsInOneNodeAreRefused() throws {
    let plan = try plan(service("{}"), head: #"{"limits":{"nvidia.com/gpu":"8"}}"#)
    #expect(plan.failures[.predictor]?.message.contains("InvalidGPUAllocation") == true)
  }

  @Test func aRuntimeWithoutWorkersIsNotTaken() throws {
    let runtime = try makeRuntime("one", formats: #"[{"name":"hf","autoSelect":true}]"#)
    let spec = service("{}").replacingFirst(#""storageUri""#, #""runtime":"one","storageUri""#)
    let plan = ServicePlanner(
      service: try makeService(spec, annotations: ["serving.kserve.io/autoscalerClass": "none"]),
      mode: .standard, configuration: embedded, runtimes: ([], [runtime]), credentials: NoCredentials(),
      live: [:]
    ).plan()
    #expect(plan.failures[.predictor]?.message.contains("you cannot set WorkerSpec") == true)
  }
}

extension String {
  fileprivate func replacingFirst(_ text: String, _ other: String) -> String {
    guard let range = firstRange(of: text) else { return self }
    return self[..<range.lowerBound] + other + self[range.upperBound...]
  }
}

/// The objects that scale by what pods use.
@Suite struct AutoscalerChildrenTests {
  private static let hpa = KubeResource(
    group: "autoscaling", version: "v2", plural: "horizontalpodautoscalers",
    kind: "HorizontalPodAutoscaler", isNamespaced: true)
  private static let keda = KubeResource(
    group: "keda.sh", version: "v1alpha1", plural: "scaledobjects", kind: "ScaledObject", isNamespaced: true)

  private func child(_ spec: String, autoscaler: String? = nil, _ resource: KubeResource) throws -> JSONValue?
  {
    var kinds = OptionalKinds()
    (kinds.podAutoscalers, kinds.scaledObjects) = (Self.hpa, Self.keda)
    var annotations: [String: String] = [:]
    annotations["serving.kserve.io/autoscalerClass"] = autoscaler
    let plan = ServicePlanner(
      service: try makeService(#"{"predictor":{"sklearn":{}\#(spec)}}"#, annotations: annotations),
      mode: .standard, configuration: embedded, runtimes: ([], builtIn), credentials: NoCredentials(),
      live: [:], kinds: kinds
    ).plan()
    return plan.children.first { $0.resource == resource }?.object.spec
  }

  @Test(arguments: [
    ("", 1, 1, "cpu", 80), (#","minReplicas":2,"maxReplicas":5"#, 2, 5, "cpu", 80),
    (#","maxReplicas":3,"scaleMetric":"memory","scaleTarget":60"#, 1, 3, "memory", 60),
  ])
  func theUtilizationOfPodsDecides(
    _ spec: String, _ least: Int64, _ most: Int64, _ name: String, _ target: Int64
  ) throws {
    let made = try #require(try child(spec, Self.hpa))
    #expect(made["minReplicas"]?.int == least && made["maxReplicas"]?.int == most)
    #expect(
      made["scaleTargetRef"] == ["apiVersion": "apps/v1", "kind": "Deployment", "name": "iris-predictor"])
    #expect(
      made["metrics"] == [
        [
          "type": "Resource",
          "resource": [
            "name": .string(name), "target": ["type": "Utilization", "averageUtilization": .int(target)],
          ],
        ]
      ])
    #expect(made["behavior"] == [:])
  }

  @Test(
    arguments: [
      (#","scaleMetric":"concurrency""#, nil), (#","minReplicas":0"#, nil), ("", "none"), ("", "external"),
      ("", "keda"),
    ] as [(String, String?)])
  func elseThereIsNone(_ spec: String, _ autoscaler: String?) throws {
    #expect(try child(spec, autoscaler: autoscaler, Self.hpa) == nil)
  }

  @Test func kedaGetsATriggerPerMetric() throws {
    let made = try #require(
      try child(
        #"""
        ,"minReplicas":1,"maxReplicas":4,"autoScaling":{"metrics":[
          {"type":"Resource","resource":{"name":"memory","target":{"type":"AverageValue","averageValue":"2Gi"}}},
          {"type":"External","external":{"metric":{"backend":"prometheus","serverAddress":"http://p","query":"q"},
            "authenticationRef":{"authenticationRef":{"name":"a"},"authModes":"basic"},
            "target":{"type":"Value","value":5}}},
          {"type":"PodMetric","podmetric":{"metric":{"backend":"opentelemetry","serverAddress":"s","query":"q"},
            "target":{"type":"Value","value":"4"}}}],
          "behavior":{"scaleDown":{"stabilizationWindowSeconds":10}}}
        """#, autoscaler: "keda", Self.keda))
    #expect(made["minReplicaCount"]?.int == 1 && made["maxReplicaCount"]?.int == 4)
    #expect(
      made["triggers"] == [
        ["type": "memory", "metricType": "AverageValue", "metadata": ["value": "2Gi"]],
        [
          "type": "prometheus",
          "metadata": ["serverAddress": "http://p", "query": "q", "threshold": "5", "authModes": "basic"],
          "authenticationRef": ["name": "a"],
        ],
        [
          "type": "external",
          "metadata": [
            "metricQuery": #"sum(q{namespace="team", deployment="iris-predictor"})"#, "scalerAddress": "s",
            "targetValue": "4",
          ],
        ],
      ])
    #expect(
      made.at("advanced", "horizontalPodAutoscalerConfig", "behavior", "scaleDown")
        == ["stabilizationWindowSeconds": 10])
  }

  @Test(
    arguments: [
      (#","maxReplicas":5"#, 3, nil), (#","maxReplicas":5"#, 7, 5),
      (#","minReplicas":2,"maxReplicas":5"#, 1, 2),
      (#","minReplicas":2"#, 5, 2), (#","minReplicas":0"#, 4, nil),
    ] as [(String, Int64, Int64?)])
  func aNumberThatSomebodyElseSetStays(_ spec: String, _ current: Int64, _ written: Int64?) throws {
    var deployment = KubeObject(.deployments, namespace: "team", name: "iris-predictor")
    deployment.spec = ["replicas": .int(current)]
    let live = LiveComponent(
      pairs: [LivePair(deployment: deployment)], history: [], rollout: RolloutState())
    let plan = makePlan(try makeService(#"{"predictor":{"sklearn":{}\#(spec)}}"#), live: [.predictor: live])
    #expect(try plan.child(.deployments, "iris-predictor").spec?["replicas"]?.int == written)
  }
}
