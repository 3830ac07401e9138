import ServingAPI
import Testing

@Suite struct InferenceServiceConfigTests {
  private let platform = InferenceServiceConfig.Platform(ingressDomain: "localhost", gatewayPort: 8081)

  @Test func withoutEntriesTheDefaultsHold() throws {
    let configuration = try InferenceServiceConfig(data: [:], platform: platform)
    #expect(configuration == InferenceServiceConfig(platform: platform))
    #expect(configuration.defaultDeploymentMode == .standard)
    #expect(configuration.ingress.isGatewayAPIEnabled)
    #expect(configuration.ingress.domain == "localhost")
    #expect(configuration.ingress.gatewayName == "kserve-ingress-gateway")
    #expect(configuration.storageInitializer.image == "kserve/storage-initializer:latest")
    #expect(configuration.automountsServiceAccountToken)
    #expect(configuration.portSuffix == ":8081")
  }

  @Test func upstreamsEntriesAreRead() throws {
    let configuration = try InferenceServiceConfig(
      data: [
        "deploy": #"{"defaultDeploymentMode": "Serverless"}"#,
        "ingress":
          #"{"enableGatewayApi": true, "kserveIngressGateway": "edge/main", "ingressDomain": "models.corp", "additionalIngressDomains": ["a.corp"], "urlScheme": "https", "domainTemplate": "{{ .Name }}.{{ .Namespace }}.{{ .IngressDomain }}", "disableHTTPRouteTimeout": true}"#,
        "storageInitializer": #"{"image": "reg/si:1", "cpuLimit": "2"}"#,
        "inferenceService":
          #"{"serviceAnnotationDisallowedList": ["my/secret"], "resource": {"cpuLimit": "4", "memoryLimit": ""}}"#,
        "security": "{}", "service": #"{"serviceClusterIPNone": "true"}"#,
      ], platform: platform)
    #expect(configuration.defaultDeploymentMode == .knative)
    #expect(configuration.ingress.gatewayNamespace == "edge")
    #expect(configuration.ingress.gatewayName == "main")
    #expect(configuration.ingress.domain == "models.corp")
    #expect(configuration.ingress.additionalDomains == ["a.corp"])
    #expect(configuration.ingress.isRouteTimeoutDisabled)
    #expect(configuration.storageInitializer.image == "reg/si:1")
    #expect(configuration.storageInitializer.resources.cpuLimit == "2")
    #expect(configuration.storageInitializer.resources.memoryLimit == "1Gi")
    #expect(configuration.notPropagatedAnnotations.contains("my/secret"))
    #expect(configuration.resources.cpuLimit == "4")
    #expect(configuration.resources.memoryLimit == "")
    #expect(!configuration.automountsServiceAccountToken)
    #expect(configuration.isServiceHeadless)
  }

  @Test(arguments: [
    ("ingress", "{", "invalid JSON"),
    ("ingress", "[]", "a JSON object is expected, not array"),
    ("ingress", #"{"urlScheme": 3}"#, "ingress.urlScheme"),
    ("ingress", #"{"urlScheme": "ftp"}"#, "neither http nor https"),
    ("ingress", #"{"kserveIngressGateway": "no-slash"}"#, "is not <namespace>/<name>"),
    ("ingress", #"{"domainTemplate": "{{ .Nmae }}"}"#, "unknown placeholder"),
    ("ingress", #"{"additionalIngressDomains": "a"}"#, "an array is expected"),
    ("deploy", #"{"defaultDeploymentMode": "Best"}"#, "none of Standard, Knative, ModelMesh"),
    ("storageInitializer", #"{"ociModelMode": "x"}"#, "none of modelcar, native, fetch"),
    ("inferenceService", #"{"resource": 1}"#, "inferenceService.resource"),
    ("security", #"{"autoMountServiceAccountToken": 1}"#, "a boolean is expected"),
    ("logger", "nonsense", "\"logger\""),
  ])
  func faultsNameTheKeyAndTheCause(_ key: String, _ text: String, _ expected: String) {
    let error = #expect(throws: ConfigurationError.self) {
      try InferenceServiceConfig(data: [key: text], platform: platform)
    }
    #expect(error?.description.contains(expected) == true)
    #expect(error?.description.hasPrefix("ConfigMap kserve/inferenceservice-config, key \"\(key)") == true)
  }

  @Test(
    arguments: [
      ("http", 80, ""), ("http", 8081, ":8081"), ("https", 443, ""), ("https", 80, ":80"), ("http", nil, ""),
    ] as [(String, Int?, String)])
  func thePortIsNamedWhereItIsNotTheSchemesOwn(_ scheme: String, _ port: Int?, _ expected: String) {
    var configuration = InferenceServiceConfig(platform: .init(ingressDomain: "localhost", gatewayPort: port))
    configuration.ingress.urlScheme = scheme
    #expect(configuration.portSuffix == expected)
  }

  @Test func domainsAreRenderedAndChecked() throws {
    let standard = DomainTemplate(DomainTemplate.standard)
    func render(_ template: DomainTemplate, _ name: String, _ domain: String) throws -> String {
      try template.render(
        name: name, namespace: "team", domain: domain, annotations: ["tier": "gold"], labels: [:])
    }
    #expect(try render(standard, "iris", "localhost") == "iris-team.localhost")
    #expect(try render(DomainTemplate("{{.Annotations.tier}}.{{.Name}}.x"), "iris", "") == "gold.iris.x")
    for (template, name, domain) in [
      (standard, "Iris", "localhost"), (standard, String(repeating: "a", count: 60), "localhost"),
      (standard, "iris", "under_score"), (DomainTemplate("{{ .Name }}"), "iris", "x"),
      (standard, "iris", "a..b"),
    ] {
      let error = #expect(throws: PlaceholderTemplate.Failure.self) { try render(template, name, domain) }
      #expect(error?.description.hasPrefix("invalid domain name \"") == true)
    }
  }
}
