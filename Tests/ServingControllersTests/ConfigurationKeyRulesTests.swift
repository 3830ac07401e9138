import ControllerKit
import Formats
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

/// Keys of the ConfigMap that other tables have no row for: what each does, and what a faulty one does not.
@Suite struct ConfigurationKeyRulesTests {
  private func configured(_ data: [String: String]) throws -> InferenceServiceConfig {
    try InferenceServiceConfig(data: data, platform: embedded.platform)
  }

  private static let choice = "serving.kserve.io/enable-prometheus-scraping"
  private static let port = "prometheus.kserve.io/port"
  private static let path = "prometheus.kserve.io/path"

  @Test(
    arguments: [
      ("{}", [:], nil, nil), (#"{"enablePrometheusScraping":"false"}"#, [:], nil, nil),
      (#"{"enablePrometheusScraping":"true"}"#, [:], "8080", "/metrics"),
      (#"{"enablePrometheusScraping":"true"}"#, [choice: "false"], nil, nil),
      ("{}", [choice: "true"], "8080", "/metrics"), ("{}", [choice: "yes"], nil, nil),
      ("{}", [choice: "true", port: "9102", path: "/m"], "9102", "/m"),
      (#"{"enableMetricAggregation":"true"}"#, [:], nil, nil),
      (#"{"enableMetricAggregation":"true","enablePrometheusScraping":"true"}"#, [:], "8080", "/metrics"),
    ] as [(String, [String: String], String?, String?)])
  func podsTellPrometheusWhereTheirFiguresAre(
    _ text: String, _ annotations: [String: String], _ port: String?, _ path: String?
  ) throws {
    let pod = try makePod(
      try makeService(
        #"{"predictor":{"containers":[{"image":"x"}]}}"#, annotations: annotations),
      configuration: try configured(["metricsAggregator": text]))
    #expect(pod.annotations["prometheus.io/port"] == port)
    #expect(pod.annotations["prometheus.io/path"] == path)
  }

  @Test func aRuntimesPortAndAComponentsChoiceCount() throws {
    let spec = #"""
      {"predictor":{"sklearn":{},"annotations":{"\#(Self.choice)":"true"}},
       "transformer":{"containers":[{"image":"t","ports":[{"containerPort":9000}]}]}}
      """#
    let runtime = try makeRuntime(
      "r", formats: #"[{"name":"sklearn","autoSelect":true}]"#,
      extra: #"{"annotations":{"prometheus.kserve.io/port":"8002","prometheus.kserve.io/path":"/m"}}"#)
    let pod = try makePod(try makeService(spec), runtime: runtime)
    #expect(pod.annotations["prometheus.io/port"] == "8002")
    #expect(pod.annotations["prometheus.io/path"] == "/m")
    let plan = makePlan(
      try makeService(spec), configuration: try configured(["metricsAggregator": "{}"]))
    let transformer = try plan.child(.deployments, "iris-transformer")
      .json.at("spec", "template", "metadata", "annotations")
    #expect(transformer?["prometheus.io/port"] == nil, "it has not chosen")
    let both = makePlan(
      try makeService(spec),
      configuration: try configured(["metricsAggregator": #"{"enablePrometheusScraping":"true"}"#]))
    #expect(
      try both.child(.deployments, "iris-transformer")
        .json.at("spec", "template", "metadata", "annotations", "prometheus.io/port") == "9000")
  }

  @Test(arguments: [
    ("{}", "kserve/agent:latest", "100Mi", "1Gi"),
    (#"{"image":"corp/agent:2","memoryRequest":"5Mi","memoryLimit":"6Mi"}"#, "corp/agent:2", "5Mi", "6Mi"),
  ])
  func theAgentIsTheConfigured(
    _ text: String, _ image: String, _ request: String, _ limit: String
  ) throws {
    let pod = try makePod(
      try makeService(#"{"predictor":{"sklearn":{}}}"#), configuration: try configured(["agent": text]))
    let agent = pod.spec["containers"]?[1]
    #expect(agent?["name"] == "agent")
    #expect(agent?["image"]?.string == image)
    #expect(agent?.at("resources", "requests", "memory")?.string == request)
    #expect(agent?.at("resources", "limits", "memory")?.string == limit)
    #expect(agent?.at("resources", "requests", "cpu") == "100m")
  }

  /// Every key: what is no JSON, or no object, is told by key, and the last good one stays in force.
  @Test(
    arguments: [
      "explainers", "inferenceService", "storageInitializer", "credentials", "ingress", "logger", "batcher",
      "agent", "router", "deploy", "service", "metricsAggregator", "localModel", "security", "multiNode",
      "opentelemetryCollector", "autoscaler", "scheduler", "autoscaling-wva-controller-config",
    ], ["{", "[]", "\"x\"", ""])
  func aFaultyKeyIsToldAndChangesNothing(_ key: String, _ text: String) throws {
    let configuration = ServingConfiguration(platform: embedded.platform)
    var configMap = KubeObject(.configMaps, namespace: "kserve", name: "inferenceservice-config")
    configMap["data"] = ["service": #"{"serviceClusterIPNone":true}"#]
    #expect(configuration.update(from: configMap) == nil)
    let good = configuration.current
    #expect(good.isServiceHeadless)

    configMap["data"] = [key: .string(text), "deploy": key == "deploy" ? .string(text) : #"{"a":1}"#]
    let problem = try #require(configuration.update(from: configMap))
    #expect(problem.key == key)
    #expect(configuration.current == good)
    var observed = ServiceObservation(
      service: try makeService(#"{"predictor":{"sklearn":{"storageUri":"pvc://c/p"}}}"#),
      configuration: configuration.current, mode: .standard)
    observed.configurationProblem = configuration.problem
    let condition = ServiceConditions.make(observed).first { $0.type == "ConfigurationValid" }
    #expect(condition?.status == .no && condition?.message.contains("\"\(key)\"") == true)

    // What is gone is no fault: the defaults hold.
    #expect(configuration.update(from: nil) == nil)
    #expect(configuration.problem == nil && !configuration.current.isServiceHeadless)
  }

  @Test(arguments: [
    ("{}", false), (#"{"enabled":false}"#, false), (#"{"enabled":true}"#, true),
    (#"{"enabled":true,"jobNamespace":"jobs","defaultJobImage":"corp/si","fsGroup":1000}"#, true),
  ])
  func cachesAreUsedWhereTheConfigurationSaysSo(_ text: String, _ isUsed: Bool) throws {
    var cache = KubeObject(.localModelCaches, name: "c")
    cache.spec = ["sourceModelUri": "s3://b/m", "modelSize": "1Gi", "nodeGroups": ["g"]]
    let service = ServingDefaulting.apply(
      to: try makeService(#"{"predictor":{"sklearn":{"storageUri":"s3://b/m"}}}"#).object,
      configuration: try configured(["localModel": text]), caches: [LocalModelCache(cache)])
    #expect((service.labels["internal.serving.kserve.io/localmodel"] == "c") == isUsed)
  }

  /// A key without the member turns the mount off, as upstream; the component's own word wins.
  @Test(
    arguments: [
      (nil, "", nil), ("{}", "", false), (#"{"autoMountServiceAccountToken":true}"#, "", nil),
      (#"{"autoMountServiceAccountToken":false}"#, "", false),
      (#"{"autoMountServiceAccountToken":false}"#, #","automountServiceAccountToken":true"#, true),
    ] as [(String?, String, Bool?)])
  func theTokenReachesEveryComponentAsConfigured(
    _ text: String?, _ own: String, _ expected: Bool?
  ) throws {
    var data: [String: String] = [:]
    data["security"] = text
    let configuration = try configured(data)
    let spec = #"""
      {"predictor":{"sklearn":{}\#(own)},"transformer":{"containers":[{"image":"t"}]\#(own)},
       "explainer":{"containers":[{"image":"e"}]\#(own)}}
      """#
    let object = InferenceServiceDefaults.apply(
      to: try makeService(spec).object, configuration: configuration)
    let plan = makePlan(InferenceService(object), configuration: configuration)
    for name in ["iris-predictor", "iris-transformer", "iris-explainer"] {
      let pod = try plan.child(.deployments, name).json.at("spec", "template", "spec")
      #expect(pod?["automountServiceAccountToken"]?.bool == expected, "\(name)")
    }
  }
}
