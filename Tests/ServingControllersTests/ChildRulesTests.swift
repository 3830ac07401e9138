import Formats
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

private let sklearn = #"{"predictor":{"sklearn":{}}}"#
private let full = #"""
  {"predictor":{"sklearn":{}},"transformer":{"containers":[{"image":"t"}]},
   "explainer":{"containers":[{"image":"e"}]}}
  """#

extension OptionalKinds {
  fileprivate static func with(_ kinds: [(WritableKeyPath<OptionalKinds, KubeResource?>, KubeResource)])
    -> OptionalKinds
  {
    var made = OptionalKinds()
    for (path, resource) in kinds { made[keyPath: path] = resource }
    return made
  }
}

private func kind(_ group: String, _ version: String, _ plural: String, _ kind: String) -> KubeResource {
  KubeResource(group: group, version: version, plural: plural, kind: kind, isNamespaced: true)
}

private let ingresses = kind("networking.k8s.io", "v1", "ingresses", "Ingress")
private let knativeServices = kind("serving.knative.dev", "v1", "services", "Service")
private let scaledObjects = kind("keda.sh", "v1alpha1", "scaledobjects", "ScaledObject")

private func plan(
  _ service: InferenceService, _ configuration: InferenceServiceConfig = embedded,
  mode: DeploymentMode = .standard, kinds: OptionalKinds = OptionalKinds(), rollout: RolloutState? = nil
) -> ServicePlan {
  ServicePlanner(
    service: service, mode: mode, configuration: configuration, runtimes: ([], builtIn),
    credentials: NoCredentials(),
    live: rollout.map { [.predictor: LiveComponent(pairs: [], history: [], rollout: $0)] } ?? [:],
    kinds: kinds
  ).plan()
}

/// What the keys of the ConfigMap do to the children: a row each.
@Suite struct ConfigurationRulesTests {
  private func configured(_ key: String, _ text: String) throws -> InferenceServiceConfig {
    try InferenceServiceConfig(data: [key: text], platform: embedded.platform)
  }

  private func hosts(_ text: String, _ spec: String = sklearn, labels: [String: String] = [:]) throws
    -> ServingHosts
  {
    try ServingHosts(
      service: try makeService(spec, labels: labels), configuration: try configured("ingress", text))
  }

  @Test(arguments: [
    (#"{"ingressDomain":"corp"}"#, "http://iris-team.corp:8081"),
    (#"{"ingressDomain":"corp","urlScheme":"https"}"#, "https://iris-team.corp:8081"),
    (
      #"{"ingressDomain":"corp","domainTemplate":"{{.Name}}.{{.Namespace}}.{{.IngressDomain}}"}"#,
      "http://iris.team.corp:8081"
    ),
    (
      #"{"ingressDomain":"corp","domainTemplate":"{{.Labels.tier}}-{{.Name}}.{{.IngressDomain}}"}"#,
      "http://gold-iris.corp:8081"
    ),
    (#"{"ingressDomain":"svc.cluster.local"}"#, "http://iris-predictor.team.svc.cluster.local"),
    (#"{"ingressDomain":"corp","disableIngressCreation":true}"#, "http://iris-team.corp:8081"),
  ])
  func theURLFollowsTheIngress(_ text: String, _ expected: String) throws {
    #expect(try hosts(text, labels: ["tier": "gold"]).url == expected)
  }

  @Test(
    arguments: [
      (#"{"ingressDomain":"corp"}"#, [:], ["iris-predictor", "iris"]),
      (#"{"ingressDomain":"corp","disableIngressCreation":true}"#, [:], []),
      (#"{"ingressDomain":"svc.cluster.local"}"#, [:], []),
      (#"{"ingressDomain":"corp"}"#, ["networking.kserve.io/visibility": "cluster-local"], []),
      (#"{"ingressDomain":"corp","enableGatewayApi":false}"#, [:], []),
      (
        #"{"ingressDomain":"corp","pathTemplate":"/m/{{.Name}}"}"#, [:],
        ["iris-predictor", "iris", "iris-path"]
      ),
    ] as [(String, [String: String], [String])])
  func routesAreMadeWhereSomethingOutsideAsks(
    _ text: String, _ labels: [String: String], _ expected: [String]
  ) throws {
    let configuration = try configured("ingress", text)
    #expect(
      plan(try makeService(sklearn, labels: labels), configuration).names(.httpRoutes) == expected)
    // A plain Ingress follows the same rules.
    var plain = configuration
    plain.ingress.isGatewayAPIEnabled = false
    let made = plan(
      try makeService(sklearn, labels: labels), plain, kinds: .with([(\.ingresses, ingresses)]))
    let isWanted = !expected.isEmpty || text.contains("enableGatewayApi")
    #expect(made.names(ingresses) == (isWanted ? ["iris"] : []))
  }

  @Test func theGatewayOfTheConfigurationIsTheParent() throws {
    let configuration = try configured("ingress", #"{"kserveIngressGateway":"edge/main"}"#)
    let route = try #require(plan(try makeService(sklearn), configuration).routes.first)
    #expect(route.spec?["parentRefs"]?[0]?["name"] == "main")
    #expect(route.spec?["parentRefs"]?[0]?["namespace"] == "edge")
  }

  @Test(arguments: [
    (#"{"defaultDeploymentMode":"Standard"}"#, "25%"),
    (rollout("Standard"), "3"), (rollout("Knative"), "25%"),
  ])
  func theConfiguredRolloutCountsInStandardModeOnly(_ text: String, _ surge: String) throws {
    let made = try plan(try makeService(sklearn), configured("deploy", text))
      .child(.deployments, "iris-predictor")
    #expect(made.json.at("spec", "strategy", "rollingUpdate", "maxSurge")?.string == surge)
  }

  private static func rollout(_ mode: String) -> String {
    #"{"defaultDeploymentMode":"\#(mode)","deploymentRolloutStrategy":{"defaultRollout":{"maxSurge":"3","maxUnavailable":"1"}}}"#
  }

  @Test func theProgramThatFetchesIsTheConfigured() throws {
    let configuration = try configured(
      "storageInitializer",
      #"{"image":"corp/fetch:1","memoryRequest":"1Mi","memoryLimit":"2Mi","cpuRequest":"3m","cpuLimit":"4m"}"#
    )
    let pod = try makePod(
      try makeService(#"{"predictor":{"sklearn":{"storageUri":"gs://b/m"}}}"#), configuration: configuration)
    let container = pod.spec["initContainers"]?[0]
    #expect(container?["image"] == "corp/fetch:1")
    #expect(
      container?["resources"] == [
        "requests": ["cpu": "3m", "memory": "1Mi"], "limits": ["cpu": "4m", "memory": "2Mi"],
      ])
  }

  @Test func theToolboxesImageIsTheConfigured() throws {
    let configuration = try configured(
      "explainers", #"{"art":{"image":"corp/art","defaultImageVersion":"7"}}"#)
    func image(_ version: String) throws -> String? {
      let service = try makeService(
        #"{"predictor":{"sklearn":{}},"explainer":{"art":{"type":"SquareAttack"\#(version)}}}"#)
      return try plan(service, configuration).child(.deployments, "iris-explainer")
        .json.at("spec", "template", "spec", "containers")?[0]?["image"]?.string
    }
    #expect(try image("") == "corp/art:7")
    #expect(try image(#","runtimeVersion":"8""#) == "corp/art:8")
  }

  @Test func batcherAndLoggerFallBackToTheConfigured() throws {
    let configuration = try InferenceServiceConfig(
      data: [
        "batcher": #"{"maxBatchSize":"16","maxLatency":"50"}"#, "logger": #"{"defaultUrl":"http://sink"}"#,
      ], platform: embedded.platform)
    let main = try makePod(
      try makeService(#"{"predictor":{"sklearn":{},"batcher":{},"logger":{"mode":"all"}}}"#),
      configuration: configuration
    ).spec["containers"]?[0]
    #expect(main?.environmentValue("APUS_SERVER_MAX_BATCHSIZE") == "16")
    #expect(main?.environmentValue("APUS_SERVER_MAX_LATENCY") == "50")
    #expect(main?.environmentValue("APUS_LOG_URL") == "http://sink")
  }

  @Test(arguments: [("{}", false), (#"{"autoMountServiceAccountToken":true}"#, nil)] as [(String, Bool?)])
  func theTokenIsMountedWhereTheConfigurationSaysSo(_ text: String, _ expected: Bool?) throws {
    let service = InferenceServiceDefaults.apply(
      to: try makeService(sklearn).object, configuration: try configured("security", text))
    let pod = try makePod(InferenceService(service)).spec
    #expect(pod["automountServiceAccountToken"]?.bool == expected)
  }
}

/// The objects beside the Deployment, where other tables have no row.
@Suite struct RouteAndScalerRulesTests {
  @Test(
    arguments: [
      (sklearn, ["iris-team": "predictor", "iris-predictor-team": "predictor"], []),
      (
        #"{"predictor":{"sklearn":{}},"explainer":{"containers":[{"image":"e"}]}}"#,
        [
          "iris-team": "predictor", "iris-predictor-team": "predictor", "iris-explainer-team": "explainer",
        ], ["iris-team"]
      ),
      (
        full,
        [
          "iris-team": "transformer", "iris-predictor-team": "predictor",
          "iris-transformer-team": "transformer", "iris-explainer-team": "explainer",
        ], ["iris-team"]
      ),
    ] as [(String, [String: String], [String])])
  func eachHostOfAPlainIngressHasItsComponent(
    _ spec: String, _ expected: [String: String], _ explained: [String]
  ) throws {
    var configuration = embedded
    configuration.ingress.isGatewayAPIEnabled = false
    let service = try makeService(spec, annotations: ["nginx/x": "y"])
    let made = plan(service, configuration, kinds: .with([(\.ingresses, ingresses)]))
    let ingress = try made.child(ingresses, "iris")
    #expect(ingress.annotations["nginx/x"] == "y", "every annotation of the service")
    var found: [String: String] = [:]
    for rule in ingress.spec?["rules"]?.array ?? [] {
      guard let host = rule["host"]?.string, host.hasSuffix("-team.localhost") else { continue }
      let short = String(host.dropLast(".localhost".count))
      let paths = rule.at("http", "paths")?.array ?? []
      found[short] = paths.last?.at("backend", "service", "name")?.string
      #expect(paths.allSatisfy { $0["pathType"] == "Prefix" })
      #expect(paths.allSatisfy { $0.at("backend", "service", "port", "number") == 80 })
      #expect(
        (paths.count == 2) == explained.contains(short), "explanations have a path of their own at \(short)")
    }
    #expect(found == expected.mapValues { "iris-\($0)" })
  }

  @Test func aRequestWaitsAsLongAsItsComponentSays() throws {
    let routes = plan(
      try makeService(
        #"""
        {"predictor":{"sklearn":{},"timeout":5},"transformer":{"containers":[{"image":"t"}],"timeout":7},
         "explainer":{"containers":[{"image":"e"}]}}
        """#)
    ).routes
    var found: [String: [String]] = [:]
    for route in routes {
      found[route.name] = (route.spec?["rules"]?.array ?? []).compactMap {
        $0.at("timeouts", "request")?.string
      }
    }
    #expect(
      found == [
        "iris-predictor": ["5s"], "iris-transformer": ["7s"], "iris-explainer": ["60s"],
        "iris": ["60s", "7s"],
      ])
  }

  @Test(
    arguments: [
      (#","minReplicas":0,"maxReplicas":0"#, 0, 1), (#","minReplicas":2"#, 2, 2),
      (#","minReplicas":1,"maxReplicas":4"#, 1, 4), ("", 1, 1),
    ])
  func kedaGetsTheBounds(_ spec: String, _ least: Int64, _ most: Int64) throws {
    let made = try scaledObject(spec)
    #expect(made["minReplicaCount"]?.int == least && made["maxReplicaCount"]?.int == most)
    #expect(made["scaleTargetRef"] == ["name": "iris-predictor"])
  }

  private func scaledObject(
    _ spec: String, _ configuration: InferenceServiceConfig = embedded
  ) throws -> JSONValue {
    let service = try makeService(
      #"{"predictor":{"sklearn":{}\#(spec)}}"#, annotations: ["serving.kserve.io/autoscalerClass": "keda"])
    let made = plan(service, configuration, kinds: .with([(\.scaledObjects, scaledObjects)]))
    return try #require(try made.child(scaledObjects, "iris-predictor").spec)
  }

  @Test(arguments: [
    (
      #"{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":60}}}"#,
      #"{"type":"cpu","metricType":"Utilization","metadata":{"value":"60"}}"#
    ),
    (
      #"{"type":"External","external":{"metric":{"backend":"graphite","serverAddress":"http://g","query":"q","namespace":"n"},"target":{"type":"Value","value":"2.5"}}}"#,
      #"{"type":"graphite","metadata":{"serverAddress":"http://g","query":"q","threshold":"2.5"}}"#
    ),
    (
      #"{"type":"PodMetric","podmetric":{"metric":{"backend":"opentelemetry","query":"q","operationOverTime":"avg"},"target":{"type":"Value","value":3}}}"#,
      #"{"type":"external","metadata":{"metricQuery":"sum(q{namespace=\"team\", deployment=\"iris-predictor\"})","scalerAddress":"otel:4318","targetValue":"3","operationOverTime":"avg"}}"#
    ),
  ])
  func eachMetricIsATrigger(_ metric: String, _ expected: String) throws {
    var configuration = embedded
    configuration.openTelemetryCollector.scalerEndpoint = "otel:4318"
    let made = try scaledObject(#","autoScaling":{"metrics":[\#(metric)]}"#, configuration)
    #expect(made["triggers"] == .array([try JSONValue(parsing: expected)]))
  }

  @Test func stabilizationComesFromTheServiceElseFromTheConfiguration() throws {
    var configuration = embedded
    configuration.autoscaler.scaleUpStabilizationSeconds = 11
    configuration.autoscaler.scaleDownStabilizationSeconds = 22
    func behavior(_ spec: String) throws -> JSONValue? {
      try scaledObject(spec, configuration)
        .at("advanced", "horizontalPodAutoscalerConfig", "behavior")
    }
    #expect(
      try behavior("") == [
        "scaleUp": ["stabilizationWindowSeconds": 11], "scaleDown": ["stabilizationWindowSeconds": 22],
      ])
    #expect(
      try behavior(
        #","autoScaling":{"metrics":[],"behavior":{"scaleUp":{"stabilizationWindowSeconds":5}}}"#)?["scaleUp"]
        == ["stabilizationWindowSeconds": 5])
  }

  @Test func anOlderClustersAutoscalerIsTaken() throws {
    let older = kind("autoscaling", "v2beta2", "horizontalpodautoscalers", "HorizontalPodAutoscaler")
    let made = plan(try makeService(sklearn), kinds: .with([(\.podAutoscalers, older)]))
    #expect(try made.child(older, "iris-predictor").apiVersion == "autoscaling/v2beta2")
  }

  @Test func metricsOfTheSpecReplaceTheDefaultOne() throws {
    let hpa = kind("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler")
    let service = try makeService(
      #"""
      {"predictor":{"sklearn":{},"autoScaling":{"metrics":[
        {"type":"Resource","resource":{"name":"memory","target":{"type":"AverageValue","averageValue":"1Gi"}}},
        {"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":70}}}]}}}
      """#, annotations: ["serving.kserve.io/autoscalerClass": "hpa"])
    let made = try plan(service, kinds: .with([(\.podAutoscalers, hpa)])).child(hpa, "iris-predictor")
    #expect(
      (made.spec?["metrics"]?.array ?? []).compactMap { $0["resource"] } == [
        ["name": "memory", "target": ["type": "AverageValue", "averageValue": "1Gi"]],
        ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": 70]],
      ])
  }
}

/// Knative Services: the rules that no other table has.
@Suite struct KnativeRulesTests {
  private func service(
    _ spec: String = sklearn, annotations: [String: String] = [:], labels: [String: String] = [:],
    rolledOut: String? = nil
  ) throws -> KubeObject {
    var rollout = RolloutState()
    rollout.latestRolledOut = rolledOut
    let all = annotations.merging(["serving.kserve.io/deploymentMode": "Knative"]) { $1 }
    return try plan(
      try makeService(spec, annotations: all, labels: labels), mode: .knative,
      kinds: .with([(\.knativeServices, knativeServices)]), rollout: rollout
    ).child(knativeServices, "iris-predictor")
  }

  @Test(
    arguments: [
      ([:], "kpa.autoscaling.knative.dev"),
      (
        ["autoscaling.knative.dev/class": "hpa.autoscaling.knative.dev"], "hpa.autoscaling.knative.dev"
      ),
    ] as [([String: String], String)])
  func theClassMayBeChosen(_ annotations: [String: String], _ expected: String) throws {
    let made = try service(annotations: annotations)
    let found = KubeObject.stringMap(made.json.at("spec", "template", "metadata", "annotations"))
    #expect(found["autoscaling.knative.dev/class"] == expected)
    #expect(found["autoscaling.knative.dev/min-scale"] == "1", "unless the spec says another")
    #expect(found["autoscaling.knative.dev/max-scale"] == nil)
    #expect(found["autoscaling.knative.dev/target"] == nil)
  }

  @Test(arguments: [("0", nil), ("x", nil), ("-1", nil), ("3", "3")] as [(String, String?)])
  func aBeginWithNothingIsLeftOut(_ given: String, _ expected: String?) throws {
    let made = try service(annotations: ["autoscaling.knative.dev/initial-scale": given])
    let found = KubeObject.stringMap(made.json.at("spec", "template", "metadata", "annotations"))
    #expect(found["autoscaling.knative.dev/initial-scale"] == expected)
  }

  @Test func whatKnativeReadsOnTheServiceStandsThere() throws {
    let given = [
      "serving.knative.dev/rollout-duration": "60s", "serving.knative.openshift.io/enablePassthrough": "true",
    ]
    let made = try service(
      annotations: given, labels: ["networking.knative.dev/visibility": "cluster-local"])
    let template = made.json.at("spec", "template", "metadata")
    for (name, value) in given {
      #expect(made.annotations[name] == value)
      #expect(template?.at("annotations", name) == nil)
    }
    #expect(made.labels["networking.knative.dev/visibility"] == "cluster-local")
    #expect(template?.at("labels", "networking.knative.dev/visibility") == nil)
  }

  @Test(
    arguments: [
      (nil, "r1", #"[{"latestRevision":true,"percent":100}]"#),
      (30, nil, #"[{"latestRevision":true,"percent":100}]"#),
      (100, "r1", #"[{"latestRevision":true,"percent":100}]"#),
      (
        0, "r1",
        #"[{"latestRevision":true,"percent":0},{"revisionName":"r1","latestRevision":false,"percent":100,"tag":"prev"}]"#
      ),
    ] as [(Int?, String?, String)])
  func trafficIsUpstreams(_ percent: Int?, _ rolledOut: String?, _ expected: String) throws {
    let share = percent.map { #","canaryTrafficPercent":\#($0)"# } ?? ""
    let made = try service(#"{"predictor":{"sklearn":{}\#(share)}}"#, rolledOut: rolledOut)
    #expect(made.spec?["traffic"] == (try JSONValue(parsing: expected)))
  }
}
