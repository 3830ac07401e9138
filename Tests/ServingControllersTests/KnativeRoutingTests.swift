import ControllerKit
import Formats
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

private let predictor = #"{"predictor":{"sklearn":{}}}"#
private let transformer = #"{"predictor":{"sklearn":{}},"transformer":{"containers":[{"image":"t"}]}}"#
private let explainer = #"{"predictor":{"sklearn":{}},"explainer":{"containers":[{"image":"e"}]}}"#

/// VirtualService, alias and addresses of a service whose components are Knative Services: upstream's rules,
/// a row each.
@Suite struct KnativeRoutingTests {
  /// A routing over Knative Services that say `ready` and have hosts in `domain`.
  private func routing(
    _ spec: String = predictor, ingress: String = "{}", labels: [String: String] = [:],
    annotations: [String: String] = [:], hasIstio: Bool = true, domain: String = "example.com",
    knative: [String] = ["example.com"], ready: [ComponentKind: String] = [:], namespace: String = "team",
    status: String = "{}"
  ) throws -> KnativeRouting {
    var service = try makeService(spec, annotations: annotations, labels: labels)
    service.object.namespace = namespace
    service.object.status = try JSONValue(parsing: status)
    var services: [ComponentKind: KubeObject] = [:]
    for component in service.components {
      var object = KubeObject(ForeignKinds.knativeServices, namespace: namespace, name: component.name)
      object.generation = 1
      object.status = [
        "observedGeneration": 1, "url": .string("http://\(component.name).\(namespace).\(domain)"),
        "conditions": [["type": "Ready", "status": .string(ready[component.kind] ?? "True")]],
      ]
      services[component.kind] = object
    }
    var settings = KnativeSettings()
    settings.domains = knative
    return KnativeRouting(
      service, try InferenceServiceConfig(data: ["ingress": ingress], platform: .init()),
      virtualServices: hasIstio ? ForeignKinds.virtualServices : nil, settings: settings, services: services)
  }

  private static let inner = #"^iris\.team(\.svc(\.cluster\.local)?)?(?::\d{1,5})?$"#
  private static let outer = #"^iris\.team\.example\.com(?::\d{1,5})?$"#
  private static let localGateways: JSONValue = ["knative-serving/knative-local-gateway", "mesh"]
  private static let outerGateways: JSONValue = ["knative-serving/knative-ingress-gateway"]
  private static let innerMatch: JSONValue = [
    "authority": ["regex": .string(inner)], "gateways": localGateways,
  ]
  private static let outerMatch: JSONValue = [
    "authority": ["regex": .string(outer)], "gateways": outerGateways,
  ]

  private func route(_ backend: String, _ matches: [JSONValue]) -> JSONValue {
    [
      "match": .array(matches),
      "route": [
        [
          "destination": [
            "host": "knative-local-gateway.istio-system.svc.cluster.local", "port": ["number": 80],
          ],
          "weight": 100,
        ]
      ],
      "headers": [
        "request": [
          "set": [
            "Host": .string("\(backend).team.svc.cluster.local"), "KServe-Isvc-Name": "iris",
            "KServe-Isvc-Namespace": "team",
          ]
        ]
      ],
    ]
  }

  @Test func aPredictorsRouteIsUpstreams() throws {
    let made = try #require(
      try routing(
        labels: ["a": "b"],
        annotations: ["c": "d", "kubectl.kubernetes.io/last-applied-configuration": "{}"]
      ).makeVirtualService())
    #expect(made.name == "iris" && made.apiVersion == "networking.istio.io/v1beta1")
    #expect(made.controllerReference?.uid == "uid-of-iris")
    #expect(made.labels["a"] == "b" && made.annotations["c"] == "d")
    #expect(made.annotations["kubectl.kubernetes.io/last-applied-configuration"] == nil)
    #expect(made.spec?["hosts"] == ["iris.team.svc.cluster.local", "iris.team.example.com"])
    #expect(
      made.spec?["gateways"] == [
        "knative-serving/knative-local-gateway", "mesh", "knative-serving/knative-ingress-gateway",
      ])
    #expect(made.spec?["http"] == [route("iris-predictor", [Self.innerMatch, Self.outerMatch])])
  }

  @Test(arguments: [(predictor, "iris-predictor"), (transformer, "iris-transformer")])
  func theEntryComponentTakesTheRequests(_ spec: String, _ backend: String) throws {
    let made = try #require(try routing(spec).makeVirtualService())
    #expect(made.spec?["http"] == [route(backend, [Self.innerMatch, Self.outerMatch])])
    #expect(made.spec?["hosts"]?[1] == "iris.team.example.com", "without the component's name")
  }

  @Test func explanationsComeFirst() throws {
    var matches = [Self.innerMatch, Self.outerMatch]
    for index in matches.indices { matches[index]["uri"] = ["regex": #"^/v1/models/[\w-]+:explain$"#] }
    let made = try #require(try routing(explainer).makeVirtualService())
    #expect(
      made.spec?["http"] == [
        route("iris-explainer", matches), route("iris-predictor", [Self.innerMatch, Self.outerMatch]),
      ])
  }

  @Test(
    arguments: [
      (["networking.knative.dev/visibility": "cluster-local"], "example.com"),
      ([:], "svc.cluster.local"),
    ] as [([String: String], String)])
  func whatIsInternalIsNotForOthers(_ labels: [String: String], _ domain: String) throws {
    let routing = try routing(
      ingress: #"{"additionalIngressDomains":["a.corp"],"pathTemplate":"/p/{{.Name}}"}"#,
      labels: labels, domain: domain)
    let made = try #require(try routing.makeVirtualService())
    #expect(made.spec?["hosts"] == ["iris.team.svc.cluster.local"])
    #expect(made.spec?["gateways"] == Self.localGateways)
    #expect(made.spec?["http"] == [route("iris-predictor", [Self.innerMatch])])
    #expect(routing.url == "http://iris.team.\(domain)")
  }

  @Test(arguments: [
    // Additional domains, Knative's → hosts beside the two.
    (#"["a.corp"]"#, ["example.com"], ["iris.team.a.corp"]),
    (#"["a.corp","a.corp","example.com"]"#, ["example.com"], ["iris.team.a.corp"]),
    (#"["a.corp"]"#, [], ["iris.team.a.corp"]), (#"["no_domain"]"#, ["example.com"], []),
    (#"["a.corp"]"#, ["other.org"], ["iris.team.a.corp"]),
    (#"["a.corp"]"#, ["com", "example.com"], ["iris.team.a.corp"]),
  ])
  func furtherDomainsAreHostsToo(_ given: String, _ knative: [String], _ expected: [String]) throws {
    let made = try #require(
      try routing(
        ingress: #"{"ingressDomain":"example.com","additionalIngressDomains":\#(given)}"#, knative: knative
      ).makeVirtualService())
    #expect(
      (made.spec?["hosts"]?.array ?? []).compactMap(\.string)
        == ["iris.team.svc.cluster.local", "iris.team.example.com"] + expected)
    let matches = made.spec?["http"]?[0]?["match"]?.array ?? []
    #expect(
      matches.dropFirst(2).compactMap { $0.at("authority", "regex")?.string }
        == expected.map { KnativeRouting.expression(host: $0) })
  }

  @Test func aHostOfAnUnknownDomainHasNoFurtherOnes() throws {
    let made = try #require(
      try routing(
        ingress: #"{"ingressDomain":"other.org","additionalIngressDomains":["a.corp"]}"#, knative: []
      ).makeVirtualService())
    #expect(made.spec?["hosts"]?.array?.count == 2)
  }

  @Test func aPathOfTheCommonDomainIsTakenOff() throws {
    let routing = try routing(
      explainer,
      ingress: #"{"ingressDomain":"corp.org","pathTemplate":"/serving/{{ .Namespace }}/{{ .Name }}/"}"#)
    let made = try #require(try routing.makeVirtualService())
    #expect(
      made.spec?["hosts"] == ["iris.team.svc.cluster.local", "iris.team.example.com", "corp.org"])
    let routes = try #require(made.spec?["http"]?.array)
    #expect(routes.count == 4)
    let authority: JSONValue = ["regex": #"^corp\.org(?::\d{1,5})?$"#]
    let expression: JSONValue = #"/serving/team/iris(/v1/models/[\w-]+:explain)$"#
    #expect(
      routes[2]["match"] == [
        ["authority": authority, "gateways": Self.outerGateways, "uri": ["regex": expression]]
      ])
    #expect(routes[2]["rewrite"] == ["uriRegexRewrite": ["match": expression, "rewrite": #"\1"#]])
    #expect(routes[2].at("headers", "request", "set", "Host") == "iris-explainer.team.svc.cluster.local")
    #expect(
      routes[3]["match"]?.array?.map { $0["uri"] } == [
        ["prefix": "/serving/team/iris/"], ["exact": "/serving/team/iris"],
      ])
    #expect(routes[3]["rewrite"] == ["uri": "/"])
    #expect(routes[3].at("headers", "request", "set", "Host") == "iris-predictor.team.svc.cluster.local")
    #expect(routing.url == "http://corp.org/serving/team/iris")
  }

  @Test(arguments: [
    // Configuration, has Istio → status.url, address.
    ("{}", true, "http://iris.team.example.com", "http://iris.team.svc.cluster.local"),
    (#"{"urlScheme":"https"}"#, true, "https://iris.team.example.com", "http://iris.team.svc.cluster.local"),
    (
      #"{"disableIstioVirtualHost":true}"#, true, "http://iris-predictor.team.example.com",
      "http://iris-predictor.team.svc.cluster.local"
    ),
    (
      #"{"disableIstioVirtualHost":true,"urlScheme":"https","pathTemplate":"/{{.Name}}"}"#, true,
      "https://iris-predictor.team.example.com", "http://iris-predictor.team.svc.cluster.local"
    ),
    (
      "{}", false, "http://iris-predictor.team.example.com", "http://iris-predictor.team.svc.cluster.local"
    ),
  ])
  func theAddressIsWhatLeadsThere(
    _ ingress: String, _ hasIstio: Bool, _ url: String, _ address: String
  ) throws {
    let routing = try routing(ingress: ingress, hasIstio: hasIstio)
    #expect(routing.url == url)
    #expect(routing.address == ["url": .string(address)])
    let isWanted = hasIstio && !ingress.contains("disable")
    #expect((try routing.makeVirtualService() != nil) == isWanted)
    #expect((routing.makeAlias() != nil) == isWanted)
    #expect((routing.warning != nil) == !hasIstio)
  }

  @Test func withATransformerTheAddressIsTheTransformers() throws {
    let routing = try routing(transformer, ingress: #"{"disableIstioVirtualHost":true}"#)
    #expect(routing.url == "http://iris-transformer.team.example.com")
    #expect(routing.address == ["url": "http://iris-transformer.team.svc.cluster.local"])
  }

  @Test(arguments: [
    // The predictor's own name, its host → the service's.
    ("", "iris-predictor.team.example.com", "iris.team.example.com"),
    ("", "iris-predictor-default.team.example.com", "iris.team.example.com"),
    ("", "iris-predictor-team.example.com", "iris-team.example.com"),
    ("", "team.iris-predictor.example.com", "team.iris.example.com"),
    ("v2", "iris-v2-predictor.team.example.com", "iris-v2.team.example.com"),
    ("", "elsewhere.example.com", "elsewhere.example.com"),
  ])
  func theServicesHostIsTheComponentsWithoutItsName(
    _ name: String, _ host: String, _ expected: String
  ) throws {
    let own = name.isEmpty ? "" : #""name":"\#(name)","#
    var routing = try routing(#"{"predictor":{\#(own)"sklearn":{}}}"#)
    routing.parts[.predictor]?.url = "http://\(host)"
    #expect(routing.host == expected)
    #expect(routing.url == "http://\(expected)")
  }

  /// Upstream takes `-predictor` off wherever it comes first, and `-predictor-default` in any namespace.
  @Test func namesThatLookLikeAComponentsStay() throws {
    var routing = try routing()
    routing.parts[.predictor]?.url = "http://iris-predictor.a-predictor.example.com"
    #expect(routing.host == "iris.a-predictor.example.com")
    var inDefault = try self.routing(namespace: "default")
    inDefault.parts[.predictor]?.url = "http://iris-predictor-default.example.com"
    #expect(inDefault.host == "iris-default.example.com")
  }

  @Test func theInnerNameIsAnAliasOfTheLocalGateway() throws {
    let made = try #require(
      try routing(ingress: #"{"localGatewayService":"local.gate.svc.cluster.local"}"#).makeAlias())
    #expect(made.name == "iris" && made.controllerReference?.uid == "uid-of-iris")
    #expect(
      made.spec == [
        "type": "ExternalName", "externalName": "local.gate.svc.cluster.local", "sessionAffinity": "None",
      ])
  }

  @Test(arguments: [
    (#"{"localGatewayService":"l.x"}"#, "l.x"),
    (#"{"localGatewayService":"l.x","knativeLocalGatewayService":"k.x"}"#, "k.x"),
  ])
  func knativesGatewayIsTheDestination(_ ingress: String, _ expected: String) throws {
    let made = try #require(try routing(ingress: ingress).makeVirtualService())
    #expect(made.spec?["http"]?[0]?["route"]?[0]?.at("destination", "host")?.string == expected)
  }

  @Test func theGatewaysAreTheConfigured() throws {
    let made = try #require(
      try routing(ingress: #"{"ingressGateway":"a/b","localGateway":"c/d"}"#).makeVirtualService())
    #expect(made.spec?["gateways"] == ["c/d", "mesh", "a/b"])
    let matches = made.spec?["http"]?[0]?["match"]
    #expect(matches?[0]?["gateways"] == ["c/d", "mesh"] && matches?[1]?["gateways"] == ["a/b"])
  }

  @Test(
    arguments: [
      (predictor, [ComponentKind.predictor: "False"], "False", "Predictor ingress not created"),
      (predictor, [.predictor: "Unknown"], "Unknown", "Predictor ingress not created"),
      (transformer, [.transformer: "False"], "False", "Transformer ingress not created"),
      (
        transformer, [.predictor: "Unknown", .transformer: "False"], "Unknown",
        "Predictor ingress not created"
      ),
      (explainer, [.explainer: "Unknown"], "Unknown", "Explainer ingress not created"),
    ])
  func aComponentThatIsNotReadyIsNamed(
    _ spec: String, _ ready: [ComponentKind: String], _ status: String, _ reason: String
  ) throws {
    let routing = try routing(spec, ready: ready)
    #expect(try routing.makeVirtualService() == nil)
    #expect(routing.isPending, "one that is there stays")
    #expect(routing.condition.status.rawValue == status && routing.condition.reason == reason)
  }

  @Test func aNameThatOnceLedThereStillDoes() throws {
    var routing = try routing(
      ready: [.predictor: "False"],
      status: #"{"components":{"predictor":{"url":"http://iris-predictor.team.example.com"}}}"#)
    #expect(routing.condition.status == .no)
    routing.isWritten = true
    #expect(routing.condition.status == .yes)
    #expect(routing.url == "http://iris.team.example.com")
  }

  @Test(arguments: [
    ("iris.team.svc.cluster.local", #"^iris\.team(\.svc(\.cluster\.local)?)?(?::\d{1,5})?$"#),
    ("iris.team.example.com", #"^iris\.team\.example\.com(?::\d{1,5})?$"#),
  ])
  func hostsAreMatchedWithAnyPort(_ host: String, _ expected: String) {
    #expect(KnativeRouting.expression(host: host) == expected)
  }
}
