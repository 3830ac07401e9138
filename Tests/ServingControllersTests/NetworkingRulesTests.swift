import ControllerKit
import Formats
import KubeClient
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

private let sklearn = #"{"predictor":{"sklearn":{}}}"#
private let transformed = #"{"predictor":{"sklearn":{}},"transformer":{"containers":[{"image":"t"}]}}"#
private let explained = #"""
  {"predictor":{"sklearn":{}},"transformer":{"containers":[{"image":"t"}]},
   "explainer":{"containers":[{"image":"e"}]}}
  """#

/// Names, routes and addresses of services in Standard mode: the rules that no other table has, a row each.
@Suite struct NetworkingRulesTests {
  private func configured(_ text: String, service: String = "{}") throws -> InferenceServiceConfig {
    try InferenceServiceConfig(data: ["ingress": text, "service": service], platform: .init())
  }

  private func plan(
    _ spec: String = sklearn, _ text: String = "{}", labels: [String: String] = [:],
    annotations: [String: String] = [:], further: [String: String] = [:]
  ) throws -> ServicePlan {
    var kinds = OptionalKinds()
    kinds.ingresses = ForeignKinds.ingresses
    let configuration = try InferenceServiceConfig(
      data: further.merging(["ingress": text]) { $1 }, platform: .init())
    return ServicePlanner(
      service: try makeService(spec, annotations: annotations, labels: labels), mode: .standard,
      configuration: configuration, runtimes: ([], builtIn), credentials: NoCredentials(), live: [:],
      kinds: kinds
    ).plan()
  }

  // MARK: names

  @Test(arguments: [
    // Domain template, domain → why there is no host.
    (
      "{{ .Name }}_{{ .Namespace }}.{{ .IngressDomain }}", "corp",
      "invalid domain name \"iris-predictor_team.corp\""
    ),
    ("{{ .Name }}", "corp", "invalid domain name \"iris-predictor\""),
    ("{{ .Labels.none }}.{{ .IngressDomain }}", "corp", "invalid domain name \".corp\""),
  ])
  func aHostMustBeAFullName(_ template: String, _ domain: String, _ expected: String) throws {
    let made = try plan(sklearn, #"{"ingressDomain":"\#(domain)","domainTemplate":"\#(template)"}"#)
    #expect(made.failures[.predictor]?.message.contains(expected) == true)
    #expect(made.children.isEmpty)
  }

  @Test(arguments: [
    (sklearn, "predictor", 8080), (transformed, "transformer", 8080),
    (
      #"{"predictor":{"containers":[{"image":"i","ports":[{"name":"h2c","containerPort":9000},{"name":"http1","containerPort":8082}]}]}}"#,
      "predictor", 8082
    ),
  ])
  func theInnerAddressIsTheEntryComponents(_ spec: String, _ entry: String, _ port: Int64) throws {
    let service = try makeService(spec)
    func address(_ configuration: InferenceServiceConfig) throws -> String {
      let made = makePlan(service, configuration: configuration)
      let plan = try #require(made.components[service.entry])
      return try ServingHosts(service: service, configuration: configuration)
        .address(targetPort: plan.ports.first { !$0.isGRPC }?.target ?? 8080)
    }
    let host = "http://iris-\(entry).team.svc.cluster.local"
    #expect(try address(configured("{}")) == host)
    #expect(try address(configured("{}", service: #"{"serviceClusterIPNone":true}"#)) == "\(host):\(port)")
  }

  @Test func theSchemeIsTheServicesAndNotItsComponents() throws {
    let service = try makeService(transformed)
    let hosts = try ServingHosts(
      service: service, configuration: try configured(#"{"ingressDomain":"corp","urlScheme":"https"}"#))
    #expect(hosts.url == "https://iris-team.corp")
    #expect(hosts.url(of: .predictor) == "http://iris-predictor-team.corp")
    #expect(hosts.url(of: .transformer) == "http://iris-transformer-team.corp")
  }

  // MARK: routes

  @Test func labelsAndAnnotationsAreTheServicesButForTheHidden() throws {
    let further = [
      "inferenceService":
        #"{"serviceAnnotationDisallowedList":["hidden"],"serviceLabelDisallowedList":["secret"]}"#
    ]
    for text in ["{}", #"{"enableGatewayApi":false}"#] {
      let made = try plan(
        sklearn, text, labels: ["tier": "gold", "secret": "x"],
        annotations: ["nginx/x": "y", "hidden": "x", "autoscaling.knative.dev/min-scale": "1"],
        further: further)
      for object in made.routes
        + made.children.filter({ $0.resource == ForeignKinds.ingresses }).map(\.object)
      {
        #expect(object.labels["tier"] == "gold" && object.labels["secret"] == nil)
        #expect(object.annotations["nginx/x"] == "y" && object.annotations["hidden"] == nil)
        #expect(object.annotations["autoscaling.knative.dev/min-scale"] == nil)
        #expect(object.controllerReference?.uid == "uid-of-iris")
      }
      #expect(made.children.contains { $0.object.name == "iris" })
    }
  }

  @Test(arguments: [
    (sklearn, "iris-predictor"), (transformed, "iris-transformer"), (explained, "iris-transformer"),
  ])
  func aPathLeadsToTheEntryComponentAndExplanationsToTheExplainer(_ spec: String, _ entry: String) throws {
    let made = try plan(spec, #"{"ingressDomain":"corp","pathTemplate":"/m/{{.Namespace}}/{{.Name}}"}"#)
    let rules = try made.child(.httpRoutes, "iris-path").spec?["rules"]?.array ?? []
    let last = try #require(rules.last)
    #expect(last["matches"]?[0]?["path"] == ["type": "PathPrefix", "value": "/m/team/iris"])
    #expect(last["backendRefs"]?[0]?["name"]?.string == entry)
    #expect(
      last["filters"]?[1]?.at("urlRewrite", "path")
        == ["type": "ReplacePrefixMatch", "replacePrefixMatch": "/"])
    #expect(rules.count == (spec == explained ? 2 : 1))
    guard spec == explained else { return }
    #expect(
      rules[0]["matches"]?[0]?["path"]
        == ["type": "Exact", "value": "/m/team/iris/v1/models/iris:explain"])
    #expect(
      rules[0]["filters"]?[1]?.at("urlRewrite", "path")
        == ["type": "ReplaceFullPath", "replaceFullPath": "/v1/models/iris:explain"])
    #expect(rules[0]["backendRefs"]?[0]?["name"] == "iris-explainer")
  }

  @Test func furtherDomainsAreTheServicesOnly() throws {
    let text = #"{"ingressDomain":"corp","additionalIngressDomains":["a.org","no_domain","a.org","corp"]}"#
    let made = try plan(transformed, text)
    func hosts(_ name: String) throws -> [String] {
      (try made.child(.httpRoutes, name).spec?["hostnames"]?.array ?? []).compactMap(\.string)
    }
    #expect(
      try hosts("iris") == ["iris-team.corp", "iris.team.corp", "iris-team.a.org", "iris.team.a.org"])
    #expect(try hosts("iris-transformer") == ["iris-transformer-team.corp", "iris-transformer.team.corp"])
    let plain = try plan(
      transformed,
      #"{"ingressDomain":"corp","additionalIngressDomains":["a.org"],"enableGatewayApi":false}"#
    ).child(ForeignKinds.ingresses, "iris")
    let rules = plain.spec?["rules"]?.array ?? []
    let further = rules.filter { $0["host"]?.string?.hasSuffix(".a.org") == true }
    #expect(further.map { $0["host"] } == ["iris-team.a.org", "iris.team.a.org"])
    #expect(
      further.allSatisfy {
        $0.at("http", "paths")?[0]?.at("backend", "service", "name") == "iris-transformer"
      })
  }

  @Test(
    arguments: [("{}", nil), (#"{"ingressClassName":"nginx"}"#, "nginx")] as [(String, String?)])
  func theClassOfAPlainIngressIsTheConfigured(_ text: String, _ expected: String?) throws {
    var json = try JSONValue(parsing: text)
    json["enableGatewayApi"] = false
    let encoded = String(decoding: json.encoded(), as: UTF8.self)
    let made = try plan(sklearn, encoded).child(ForeignKinds.ingresses, "iris")
    #expect(made.spec?["ingressClassName"]?.string == expected)
  }

  @Test func aNamedPredictorIsReachedByItsServicesName() throws {
    let spec = #"{"predictor":{"name":"v2","sklearn":{}}}"#
    let routes = try plan(spec).routes
    #expect(routes.map(\.name) == ["iris-predictor", "iris"], "routes never have the predictor's own name")
    #expect(
      routes.allSatisfy {
        $0.spec?["rules"]?[0]?["backendRefs"]?[0]?["name"] == "iris-v2-predictor"
      })
    let plain = try plan(spec, #"{"enableGatewayApi":false}"#).child(ForeignKinds.ingresses, "iris")
    for rule in plain.spec?["rules"]?.array ?? [] {
      #expect(rule.at("http", "paths")?[0]?.at("backend", "service", "name") == "iris-v2-predictor")
    }
  }

  @Test func everyRequestIsToldItsService() throws {
    for route in try plan(explained).routes {
      for rule in route.spec?["rules"]?.array ?? [] {
        #expect(
          rule["filters"]?[0]?.at("requestHeaderModifier", "set") == [
            ["name": "KServe-Isvc-Name", "value": "iris"],
            ["name": "KServe-Isvc-Namespace", "value": "team"],
          ])
      }
    }
  }

  @Test func bothProtocolsHaveARuleAndTheirPort() throws {
    let spec = #"""
      {"predictor":{"containers":[{"image":"i","ports":[{"name":"http1","containerPort":8080},
        {"name":"grpc-port","containerPort":8081}]}]}}
      """#
    for route in try plan(spec).routes {
      let rules = route.spec?["rules"]?.array ?? []
      #expect(rules.count == 2)
      #expect(
        rules.first?["matches"] == [
          [
            "path": ["type": "RegularExpression", "value": #"^/inference\.GRPCInferenceService/.*$"#],
            "headers": [
              ["type": "RegularExpression", "name": "content-type", "value": "^application/grpc.*"]
            ],
          ]
        ])
      #expect(rules.map { $0["backendRefs"]?[0]?["port"]?.int } == [8081, 80])
    }
  }
}

/// The same through the API.
@Suite(.timeLimit(.minutes(10))) struct NetworkingReconcileTests {
  private static func service(_ spec: String = transformed) throws -> KubeObject {
    var object = KubeObject(.inferenceServices, namespace: "team", name: "iris")
    object.annotations = ["serving.kserve.io/deploymentMode": "Standard"]
    object.spec = try JSONValue(
      parsing: spec.replacing(#""image""#, with: #""name":"kserve-container","image""#))
    return object
  }

  private static func configure(_ simulation: Simulation, _ text: String) {
    var configMap = KubeObject(.configMaps, namespace: "kserve", name: "inferenceservice-config")
    configMap["data"] = ["ingress": .string(text)]
    #expect(simulation.reconciler.configuration.update(from: configMap) == nil)
  }

  private static func found(_ simulation: Simulation) async throws -> (routes: [String], ingresses: [String])
  {
    let client = simulation.client
    return (
      try await client.list(.httpRoutes, namespace: "team").items.map(\.name),
      try await client.list(ForeignKinds.ingresses, namespace: "team").items.map(\.name)
    )
  }

  private static func isReady(_ simulation: Simulation) async throws -> Bool {
    let service = try await simulation.client.get(.inferenceServices, namespace: "team", name: "iris")
    return ["IngressReady", "Ready"].allSatisfy { Conditions.isTrue(service.status?["conditions"], $0) }
  }

  @Test func routesAndIngressTakeEachOthersPlace() async throws {
    try await Simulation.run { simulation in
      try await simulation.client.create(.inferenceServices, Self.service(sklearn))
      for (text, routes, ingresses) in [
        ("{}", ["iris", "iris-predictor"], []), (#"{"enableGatewayApi":false}"#, [], ["iris"]),
        (#"{"pathTemplate":"/{{.Name}}"}"#, ["iris", "iris-path", "iris-predictor"], []),
        (#"{"disableIngressCreation":true}"#, [], []), (#"{"enableGatewayApi":false}"#, [], ["iris"]),
        (#"{"ingressDomain":"svc.cluster.local"}"#, [], []), ("{}", ["iris", "iris-predictor"], []),
      ] {
        Self.configure(simulation, text)
        try await simulation.settle()
        let found = try await Self.found(simulation)
        #expect(found.routes == routes && found.ingresses == ingresses, "\(text)")
        #expect(try await Self.isReady(simulation), "\(text)")
      }
    }
  }

  @Test func whatBecomesClusterLocalLosesItsRoutes() async throws {
    try await Simulation.run { simulation in
      try await simulation.client.create(.inferenceServices, Self.service(sklearn))
      try await simulation.settle()
      for (value, count, url) in [
        ("cluster-local", 0, "http://iris-predictor.team.svc.cluster.local"),
        (nil, 2, "http://iris-team.localhost:8081"),
      ] as [(String?, Int, String)] {
        var object = try await simulation.client.get(.inferenceServices, namespace: "team", name: "iris")
        object.labels["networking.kserve.io/visibility"] = value
        try await simulation.client.update(.inferenceServices, object)
        try await simulation.settle()
        #expect(try await Self.found(simulation).routes.count == count)
        #expect(try await Self.isReady(simulation))
        object = try await simulation.client.get(.inferenceServices, namespace: "team", name: "iris")
        #expect(object.status?["url"]?.string == url)
      }
    }
  }

  /// As with routes, which another table has.
  @Test(arguments: FaultyTransport.Fault.allCases)
  func everyWriteMayFailWithAPlainIngress(_ fault: FaultyTransport.Fault) async throws {
    try await Simulation.run(configured: ["ingress": #"{"enableGatewayApi":false}"#]) { simulation in
      let wanted = try await simulation.expectEveryWriteMayFail(fault, creating: try Self.service())
      #expect(wanted["Ingress iris"] != nil)
    }
  }
}
