import Formats
import KubeClient
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

private let everyKind: OptionalKinds = {
  var kinds = OptionalKinds()
  kinds.podAutoscalers = ForeignKinds.podAutoscalers
  kinds.scaledObjects = ForeignKinds.scaledObjects
  kinds.metricsCollectors = ForeignKinds.collectors
  return kinds
}()

private func plan(
  _ spec: String, autoscaler: String? = nil, configuration: InferenceServiceConfig = embedded,
  kinds: OptionalKinds = everyKind, annotations: [String: String] = [:]
) throws -> ServicePlan {
  var all = annotations
  all["serving.kserve.io/autoscalerClass"] = autoscaler
  return ServicePlanner(
    service: try makeService(spec, annotations: all), mode: .standard, configuration: configuration,
    runtimes: ([], builtIn), credentials: NoCredentials(), live: [:], kinds: kinds
  ).plan()
}

private func predictor(_ fields: String) -> String { #"{"predictor":{"sklearn":{}\#(fields)}}"# }

private func podMetric(_ names: String, _ further: String = "") -> String {
  #"{"type":"PodMetric","podmetric":{"metric":{"backend":"opentelemetry","query":"q","metricNames":\#(names)\#(further)},"target":{"type":"Value","value":"4"}}}"#
}

private func metrics(_ entries: String...) -> String {
  #","autoScaling":{"metrics":[\#(entries.joined(separator: ","))]}"#
}

/// Which kinds a cluster has is its own word.
@Suite struct OptionalKindsTests {
  /// Answers discovery from a list of groups, versions and plurals.
  private struct Groups: KubeTransport {
    let served: [(group: String, version: String, plurals: [String])]

    func send(_ request: KubeRequest) async throws -> KubeResponse {
      if request.path == "/apis" {
        let names = served.reduce(into: [String]()) { if !$0.contains($1.group) { $0.append($1.group) } }
        let groups = names.map { name -> JSONValue in
          let versions = served.filter { $0.group == name }
          return [
            "name": .string(name),
            "versions": .array(versions.map { ["version": .string($0.version)] }),
          ]
        }
        return KubeResponse(status: 200, body: .json(["groups": .array(groups)]))
      }
      let found = served.first { request.path == "/apis/\($0.group)/\($0.version)" }
      let resources = (found?.plurals ?? []).map { ["name": .string($0)] as JSONValue }
      return KubeResponse(status: 200, body: .json(["resources": .array(resources)]))
    }
  }

  private static let hpa = "horizontalpodautoscalers"

  @Test(
    arguments: [
      ([], nil), ([("v1", [hpa])], nil), ([("v2beta2", [hpa])], "v2beta2"), ([("v2", [hpa])], "v2"),
      ([("v1", [hpa]), ("v2beta2", [hpa]), ("v2", [hpa])], "v2"),
      ([("v2", ["others"]), ("v2beta2", [hpa])], "v2beta2"),
    ] as [([(String, [String])], String?)])
  func theNewestAutoscalerThatIsServedIsTaken(
    _ served: [(String, [String])], _ expected: String?
  ) async throws {
    let groups = Groups(served: served.map { ("autoscaling", $0.0, $0.1) })
    let kinds = try await OptionalKinds.discover(KubeClient(groups))
    #expect(kinds.podAutoscalers?.version == expected)
  }

  private static func found(_ kinds: OptionalKinds, _ resource: KubeResource) -> KubeResource? {
    switch resource {
    case ForeignKinds.scaledObjects: kinds.scaledObjects
    case ForeignKinds.collectors: kinds.metricsCollectors
    case ForeignKinds.ingresses: kinds.ingresses
    case ForeignKinds.knativeServices: kinds.knativeServices
    default: kinds.virtualServices
    }
  }

  @Test(arguments: [
    ForeignKinds.scaledObjects, ForeignKinds.collectors, ForeignKinds.ingresses,
    ForeignKinds.knativeServices, ForeignKinds.virtualServices,
  ])
  func eachKindIsFoundWhereItIs(_ resource: KubeResource) async throws {
    let groups = Groups(served: [(resource.group, resource.version, [resource.plural])])
    let kinds = try await OptionalKinds.discover(KubeClient(groups))
    #expect(Self.found(kinds, resource) == resource)
    #expect(kinds.all == [resource])
    let other = Groups(served: [(resource.group, resource.version, ["others"])])
    #expect(try await OptionalKinds.discover(KubeClient(other)) == OptionalKinds())
  }

  @Test func anIstioOfOneVersionIsTakenAsItIs() async throws {
    let groups = Groups(served: [("networking.istio.io", "v1", ["virtualservices"])])
    #expect(try await OptionalKinds.discover(KubeClient(groups)).virtualServices?.version == "v1")
  }
}

/// Who scales a component, and what is written for it: a row each.
@Suite struct AutoscalerRulesTests {
  @Test(
    arguments: [
      // Class, minReplicas → kinds, spec.replicas of a new Deployment.
      (nil, 3, ["HorizontalPodAutoscaler"], 3), ("hpa", 3, ["HorizontalPodAutoscaler"], 3),
      ("none", 3, [], 3), ("external", 3, [], 3), ("keda", 3, ["ScaledObject"], 3),
      ("none", 0, [], 0),
    ] as [(String?, Int, [String], Int64)])
  func theClassDecides(
    _ autoscaler: String?, _ least: Int, _ expected: [String], _ replicas: Int64
  ) throws {
    let made = try plan(predictor(#","minReplicas":\#(least),"maxReplicas":5"#), autoscaler: autoscaler)
    let kinds = made.children.map(\.resource.kind).filter {
      ["HorizontalPodAutoscaler", "ScaledObject"].contains($0)
    }
    #expect(kinds == expected)
    #expect(try made.child(.deployments, "iris-predictor").spec?["replicas"]?.int == replicas)
  }

  /// Once it is there, the number of pods is its own: it is written only where nobody else decides.
  @Test(arguments: [("none", 2), ("external", nil), ("hpa", nil), ("keda", nil)] as [(String, Int64?)])
  func theNumberIsWrittenWhereNobodyElseDecides(_ autoscaler: String, _ written: Int64?) throws {
    var deployment = KubeObject(.deployments, namespace: "team", name: "iris-predictor")
    deployment.spec = ["replicas": 4]
    let live = LiveComponent(
      pairs: [LivePair(deployment: deployment)], history: [], rollout: RolloutState())
    let service = try makeService(
      predictor(#","minReplicas":2,"maxReplicas":9"#),
      annotations: ["serving.kserve.io/autoscalerClass": autoscaler])
    let made = makePlan(service, live: [.predictor: live])
    #expect(try made.child(.deployments, "iris-predictor").spec?["replicas"]?.int == written)
  }

  @Test func eachComponentHasItsOwn() throws {
    let made = try plan(
      #"""
      {"predictor":{"name":"v2","sklearn":{}},"transformer":{"containers":[{"image":"t"}],"maxReplicas":4},
       "explainer":{"containers":[{"image":"e"}],"minReplicas":2}}
      """#)
    #expect(
      made.names(ForeignKinds.podAutoscalers) == ["iris-v2-predictor", "iris-transformer", "iris-explainer"])
    let transformer = try made.child(ForeignKinds.podAutoscalers, "iris-transformer")
    #expect(transformer.spec?["maxReplicas"]?.int == 4)
    #expect(transformer.spec?["scaleTargetRef"]?["name"] == "iris-transformer")
    #expect(transformer.controllerReference?.uid == "uid-of-iris")
  }

  @Test(arguments: [
    // Fields → metrics as `name type value`. Memory has a default too: upstream writes no metric then, which
    // the API takes for CPU.
    (#","scaleMetric":"cpu","scaleTarget":55"#, ["cpu Utilization 55"]),
    (#","scaleMetric":"cpu""#, ["cpu Utilization 80"]),
    (#","scaleMetric":"memory","scaleTarget":90"#, ["memory Utilization 90"]),
    (#","scaleMetric":"memory""#, ["memory Utilization 80"]),
    (
      metrics(
        #"{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization"}}}"#,
        #"{"type":"Resource","resource":{"name":"memory","target":{"type":"AverageValue","averageValue":"1.5Gi"}}}"#
      ), ["cpu Utilization 80", "memory AverageValue 1.5Gi"]
    ),
  ])
  func metricsOfPodsDecide(_ fields: String, _ expected: [String]) throws {
    let spec = try #require(
      try plan(predictor(fields), autoscaler: "hpa").child(ForeignKinds.podAutoscalers, "iris-predictor").spec
    )
    let found = (spec["metrics"]?.array ?? []).map { metric -> String in
      let target = metric.at("resource", "target")
      let value = target?["averageUtilization"]?.int.map(String.init) ?? target?["averageValue"]?.string
      return "\(metric.at("resource", "name")?.string ?? "") \(target?["type"]?.string ?? "") \(value ?? "")"
    }
    #expect(found == expected)
  }

  @Test func behaviorIsNotForThePodAutoscaler() throws {
    let fields = #","autoScaling":{"metrics":[],"behavior":{"scaleUp":{"stabilizationWindowSeconds":5}}}"#
    let made = try plan(predictor(fields), autoscaler: "hpa")
      .child(ForeignKinds.podAutoscalers, "iris-predictor")
    #expect(made.spec?["behavior"] == [:])
  }

  @Test(arguments: [
    (
      #"{"type":"External","external":{"metric":{"backend":"prometheus","serverAddress":"http://p","query":"q","namespace":"n"},"authenticationRef":{"authenticationRef":{"name":"a"},"authModes":"basic"},"target":{"type":"Value","value":"100m"}}}"#,
      #"{"type":"prometheus","metadata":{"serverAddress":"http://p","query":"q","threshold":"100m","namespace":"n","authModes":"basic"},"authenticationRef":{"name":"a"}}"#
    ),
    (
      #"{"type":"External","external":{"metric":{"backend":"graphite","serverAddress":"http://g","query":"q","namespace":"n"},"target":{"type":"Value","value":7}}}"#,
      #"{"type":"graphite","metadata":{"serverAddress":"http://g","query":"q","threshold":"7"}}"#
    ),
    (
      #"{"type":"Resource","resource":{"name":"memory","target":{"type":"AverageValue","averageValue":"512Mi"}}}"#,
      #"{"type":"memory","metricType":"AverageValue","metadata":{"value":"512Mi"}}"#
    ),
    (
      podMetric(#"["m"]"#, #","serverAddress":"own:1","operationOverTime":"max""#),
      #"{"type":"external","metadata":{"metricQuery":"sum(q{namespace=\"team\", deployment=\"iris-predictor\"})","scalerAddress":"own:1","targetValue":"4","operationOverTime":"max"}}"#
    ),
    (
      podMetric(#"["m"]"#),
      #"{"type":"external","metadata":{"metricQuery":"sum(q{namespace=\"team\", deployment=\"iris-predictor\"})","scalerAddress":"keda-otel-scaler.keda.svc:4318","targetValue":"4"}}"#
    ),
  ])
  func eachMetricIsATrigger(_ metric: String, _ expected: String) throws {
    let made = try plan(predictor(metrics(metric)), autoscaler: "keda")
      .child(ForeignKinds.scaledObjects, "iris-predictor")
    #expect(made.spec?["triggers"] == .array([try JSONValue(parsing: expected)]))
  }

  @Test(
    arguments: [
      // The service's windows, the configuration's → those of the ScaledObject.
      ("", "{}", nil, nil), ("", #"{"scaleUpStabilizationWindowSeconds":"30"}"#, 30, nil),
      (
        "", #"{"scaleUpStabilizationWindowSeconds":"30","scaleDownStabilizationWindowSeconds":"60"}"#, 30, 60
      ),
      (
        #","autoScaling":{"metrics":[],"behavior":{"scaleDown":{"stabilizationWindowSeconds":5}}}"#,
        #"{"scaleUpStabilizationWindowSeconds":"30","scaleDownStabilizationWindowSeconds":"60"}"#, 30, 5
      ),
      (
        #","autoScaling":{"metrics":[],"behavior":{"scaleUp":{"stabilizationWindowSeconds":0}}}"#, "{}", 0,
        nil
      ),
    ] as [(String, String, Int64?, Int64?)])
  func windowsComeFromTheServiceElseFromTheConfiguration(
    _ fields: String, _ text: String, _ scaleUp: Int64?, _ scaleDown: Int64?
  ) throws {
    let configuration = try InferenceServiceConfig(data: ["autoscaler": text], platform: embedded.platform)
    let made = try plan(predictor(fields), autoscaler: "keda", configuration: configuration)
      .child(ForeignKinds.scaledObjects, "iris-predictor")
    let behavior = made.json.at("spec", "advanced", "horizontalPodAutoscalerConfig", "behavior")
    #expect(behavior?.at("scaleUp", "stabilizationWindowSeconds")?.int == scaleUp)
    #expect(behavior?.at("scaleDown", "stabilizationWindowSeconds")?.int == scaleDown)
    #expect((made.spec?["advanced"] == nil) == (scaleUp == nil && scaleDown == nil))
  }
}

/// The collector of what pods measure.
@Suite struct MetricsCollectorTests {
  private func collector(
    _ spec: String, annotations: [String: String] = [:], configured: String = "{}"
  ) throws -> KubeObject {
    let configuration = try InferenceServiceConfig(
      data: ["opentelemetryCollector": configured], platform: embedded.platform)
    return try plan(spec, autoscaler: "keda", configuration: configuration, annotations: annotations)
      .child(ForeignKinds.collectors, "iris-predictor")
  }

  @Test func itIsUpstreams() throws {
    let made = try collector(predictor(metrics(podMetric(#"["vllm:waiting","b"]"#), podMetric(#"["c"]"#))))
    #expect(made.apiVersion == "opentelemetry.io/v1beta1")
    #expect(made.controllerReference?.uid == "uid-of-iris")
    let expected = #"""
      {"mode":"sidecar",
       "resources":{"requests":{"cpu":"200m","memory":"512Mi"},"limits":{"cpu":"1","memory":"2Gi"}},
       "config":{
        "receivers":{"prometheus":{"config":{"scrape_configs":[{"job_name":"otel-collector",
          "scrape_interval":"5s","static_configs":[{"targets":["localhost:8080"]}]}]}}},
        "processors":{
          "resourcedetection/env":{"detectors":["env"],"timeout":"2s","override":false},
          "transform":{"metric_statements":[{"context":"datapoint","statements":[
            "set(attributes[\"namespace\"], resource.attributes[\"k8s.namespace.name\"])",
            "set(attributes[\"deployment\"], resource.attributes[\"k8s.deployment.name\"])",
            "set(attributes[\"pod\"], resource.attributes[\"k8s.pod.name\"])"]}]},
          "filter/metrics":{"metrics":{"include":{"match_type":"strict",
            "metric_names":["vllm:waiting","b","c"]}}}},
        "exporters":{"otlp":{"endpoint":"keda-otel-scaler.keda.svc:4317","compression":"none",
          "tls":{"insecure":true}}},
        "service":{"pipelines":{"metrics":{"receivers":["prometheus"],
          "processors":["resourcedetection/env","transform","filter/metrics"],"exporters":["otlp"]}}}}}
      """#
    #expect(made.spec == (try JSONValue(parsing: expected)))
  }

  @Test func theConfigurationShapesIt() throws {
    let made = try collector(
      predictor(metrics(podMetric(#"["m"]"#))), annotations: ["prometheus.kserve.io/port": "9090"],
      configured: #"""
        {"scrapeInterval":"1s","metricReceiverEndpoint":"r:1","metricScalerEndpoint":"s:2",
         "resource":{"cpuLimit":"3"}}
        """#)
    let config = made.spec?["config"]
    let scrape = config?.at("receivers", "prometheus", "config", "scrape_configs")?[0]
    #expect(scrape?["scrape_interval"] == "1s")
    #expect(scrape?["static_configs"]?[0]?["targets"] == ["localhost:9090"])
    #expect(config?.at("exporters", "otlp", "endpoint") == "r:1")
    #expect(made.json.at("spec", "resources", "limits", "cpu") == "3")
  }

  @Test(arguments: [
    (predictor(""), false), (predictor(metrics(podMetric("[]"))), false),
    (
      predictor(
        metrics(#"{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization"}}}"#)), false
    ),
    (predictor(metrics(podMetric(#"["m"]"#))), true),
  ])
  func itIsMadeForNamedMetricsOfPods(_ spec: String, _ isMade: Bool) throws {
    let made = try plan(spec, autoscaler: "keda")
    #expect(made.names(ForeignKinds.collectors) == (isMade ? ["iris-predictor"] : []))
    var without = everyKind
    without.metricsCollectors = nil
    let warnings = try plan(spec, autoscaler: "keda", kinds: without).warnings.map(\.reason)
    #expect(warnings == (isMade ? ["OpenTelemetryCollectorCRDNotFound"] : []))
  }

  /// It is put into pods as they are made.
  @Test func itComesBeforeItsPods() throws {
    let kinds = try plan(predictor(metrics(podMetric(#"["m"]"#))), autoscaler: "keda").children
      .map(\.resource.kind)
    let collector = try #require(kinds.firstIndex(of: "OpenTelemetryCollector"))
    #expect(try collector < #require(kinds.firstIndex(of: "Deployment")))
  }

  @Test func withoutKEDANothingScalesAndThatIsTold() throws {
    var without = everyKind
    without.scaledObjects = nil
    let made = try plan(predictor(""), autoscaler: "keda", kinds: without)
    #expect(made.failures.isEmpty)
    #expect(made.warnings.map(\.reason) == ["ScaledObjectCRDNotFound"])
    #expect(made.warnings.first?.message.contains("Deployment iris-predictor") == true)
  }
}

/// The objects through the API: what is no longer wanted goes, what fails is tried again.
@Suite(.timeLimit(.minutes(10))) struct AutoscalerReconcileTests {
  private static let kinds = [ForeignKinds.scaledObjects, ForeignKinds.collectors]

  /// Metrics of the pods are for KEDA alone.
  private static func service(_ autoscaler: String) throws -> KubeObject {
    var object = KubeObject(.inferenceServices, namespace: "team", name: "iris")
    object.spec = try JSONValue(
      parsing: #"""
        {"predictor":{"minReplicas":1,"maxReplicas":3,
          "model":{"modelFormat":{"name":"sklearn"},"storageUri":"pvc://c/a"}}}
        """#)
    try take(autoscaler, &object)
    return object
  }

  private static func take(_ autoscaler: String, _ object: inout KubeObject) throws {
    object.annotations["serving.kserve.io/autoscalerClass"] = autoscaler
    let metrics = try JSONValue(parsing: #"{"metrics":[\#(podMetric(#"["m"]"#))]}"#)
    object.json.set(autoscaler == "keda" ? metrics : nil, at: "spec", "predictor", "autoScaling")
  }

  private static func names(_ simulation: Simulation) async throws -> [String] {
    var found: [String] = []
    for resource in [ForeignKinds.podAutoscalers] + kinds {
      found += try await simulation.client.list(resource, namespace: "team").items
        .map { "\(resource.kind) \($0.name)" }
    }
    return found
  }

  @Test func anotherClassTakesTheObjectsOfTheFormerAway() async throws {
    try await Simulation.run(kinds: Self.kinds) { simulation in
      func take(_ name: String) async throws -> [String] {
        var object = try await simulation.client.get(.inferenceServices, namespace: "team", name: "iris")
        try Self.take(name, &object)
        try await simulation.client.update(.inferenceServices, object)
        try await simulation.settle()
        return try await Self.names(simulation)
      }
      var foreign = KubeObject(ForeignKinds.podAutoscalers, namespace: "team", name: "theirs")
      foreign.spec = [
        "maxReplicas": 2,
        "scaleTargetRef": ["apiVersion": "apps/v1", "kind": "Deployment", "name": "iris-predictor"],
      ]
      try await simulation.client.create(ForeignKinds.podAutoscalers, foreign)
      let theirs = "HorizontalPodAutoscaler theirs"
      let collector = "OpenTelemetryCollector iris-predictor"
      try await simulation.client.create(.inferenceServices, Self.service("keda"))
      try await simulation.settle()
      #expect(try await Self.names(simulation) == [theirs, "ScaledObject iris-predictor", collector])
      for (name, own) in [
        ("hpa", ["HorizontalPodAutoscaler iris-predictor"]), ("none", []),
        ("keda", ["ScaledObject iris-predictor", collector]), ("external", []),
        ("hpa", ["HorizontalPodAutoscaler iris-predictor"]),
      ] {
        #expect(try await Set(take(name)) == Set(own + [theirs]), "\(name)")
      }
    }
  }

  @Test func cutWatchesOnlyDelay() async throws {
    try await Simulation.run(kinds: Self.kinds, cuts: 60) { simulation in
      try await simulation.client.create(.inferenceServices, Self.service("keda"))
      for (name, expected) in [
        ("keda", ["OpenTelemetryCollector", "ScaledObject"]), ("hpa", ["HorizontalPodAutoscaler"]),
        ("none", []), ("keda", ["OpenTelemetryCollector", "ScaledObject"]),
      ] {
        var object = try await simulation.client.get(.inferenceServices, namespace: "team", name: "iris")
        try Self.take(name, &object)
        try await simulation.client.update(.inferenceServices, object)
        try await simulation.settle()
        #expect(try await Self.names(simulation).sorted() == expected.map { "\($0) iris-predictor" })
      }
    }
  }

  @Test(arguments: FaultyTransport.Fault.allCases, ["keda", "hpa"])
  func everyWriteMayFail(_ fault: FaultyTransport.Fault, _ autoscaler: String) async throws {
    try await Simulation.run(kinds: Self.kinds) { simulation in
      let service = try Self.service(autoscaler)
      let wanted = try await simulation.expectEveryWriteMayFail(fault, creating: service) {
        // The objects of one class go, those of the other come.
        var object = try await simulation.client.get(.inferenceServices, namespace: "team", name: "iris")
        try Self.take(autoscaler == "keda" ? "hpa" : "keda", &object)
        try await simulation.client.update(.inferenceServices, object)
        try await simulation.settle()
      }
      #expect((wanted["ScaledObject iris-predictor"] != nil) == (autoscaler == "hpa"))
    }
  }
}
