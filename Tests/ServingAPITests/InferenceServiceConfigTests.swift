import Formats
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

  @Test func upstreamsShippedEntriesAreRead() throws {
    let configuration = try InferenceServiceConfig(data: Self.shipped, platform: platform)
    #expect(configuration.explainers.artImage == "corp/art")
    #expect(configuration.explainers.artVersion == "0.21")
    #expect(configuration.storageInitializer.modelcarCPU == "20m")
    #expect(configuration.storageInitializer.modelcarUser == 2020)
    #expect(configuration.storageInitializer.imageMode == .fetch)
    #expect(configuration.storageInitializer.isInsecureRegistryAllowed)
    #expect(configuration.storageInitializer.areImageModelsEnabled)
    #expect(configuration.credentials.storageSecretName == "stores")
    #expect(configuration.credentials.gcsFileName == "key.json")
    #expect(configuration.credentials.s3.accessKeyName == "awsAccessKeyID")
    #expect(configuration.credentials.s3.secretKeyName == "AWS_SECRET_ACCESS_KEY")
    #expect(configuration.credentials.s3.endpoint == "minio:9000")
    #expect(!configuration.ingress.isGatewayAPIEnabled)
    #expect(configuration.ingress.className == "istio")
    #expect(configuration.ingress.istio.knativeLocalGatewayService == "local.svc")
    #expect(configuration.ingress.modelBasedRouting == .forced)
    #expect(configuration.logger.defaultURL == "http://sink")
    #expect(configuration.logger.storage?.path == "p")
    #expect(configuration.logger.storageServiceAccount == "writer")
    #expect(configuration.logger.batchSize == 7)
    #expect(configuration.batcher.maxBatchSize == 16)
    #expect(configuration.batcher.maxLatencyMilliseconds == 50)
    #expect(configuration.agent.image == "corp/agent:1")
    #expect(configuration.agent.resources.memoryRequest == "100Mi")
    #expect(configuration.router.propagatedHeaders == ["X-Trace.*"])
    #expect(configuration.router.imagePullSecrets == ["pull"])
    #expect(configuration.metricsAggregator.isAggregationEnabled)
    #expect(!configuration.metricsAggregator.isScrapingEnabled)
    #expect(configuration.localModel.isEnabled)
    #expect(configuration.localModel.fileGroup == 1000)
    #expect(configuration.localModel.reconcileSeconds == 30)
    #expect(configuration.customGPUResourceTypes == ["example.com/gpu"])
    #expect(configuration.openTelemetryCollector.scalerEndpoint == "otel:4318")
    #expect(configuration.openTelemetryCollector.resources.memoryRequest == "512Mi")
    #expect(configuration.autoscaler.scaleUpStabilizationSeconds == 0)
    #expect(configuration.autoscaler.scaleDownStabilizationSeconds == 300)
    #expect(configuration.certificateExpirationAnnotations == ["corp/expires"])
    #expect(configuration.variantAutoscaling.prometheusURL == "http://prometheus")
    #expect(configuration.defaultRollout?["maxSurge"] == "1")
  }

  private static let shipped: [String: String] = [
    "_example": "anything",
    "explainers": #"{"art": {"image": "corp/art", "defaultImageVersion": "0.21"}}"#,
    "storageInitializer":
      #"{"enableModelcar": false, "enableOciModelSupport": true, "ociModelMode": "fetch", "ociInsecureRegistry": true, "cpuModelcar": "20m", "uidModelcar": 2020}"#,
    "credentials":
      #"{"storageSpecSecretName": "stores", "gcs": {"gcsCredentialFileName": "key.json"}, "s3": {"s3AccessKeyIDName": "awsAccessKeyID", "s3Endpoint": "minio:9000"}}"#,
    "ingress":
      #"{"enableGatewayApi": false, "ingressClassName": "istio", "localGatewayService": "local.svc", "modelBasedRoutingMode": "forced"}"#,
    "logger":
      #"{"defaultUrl": "http://sink", "storage": {"path": "p", "serviceAccountName": "writer"}, "batchSize": 7}"#,
    "batcher": #"{"maxBatchSize": "16", "maxLatency": "50"}"#,
    "agent": #"{"image": "corp/agent:1"}"#,
    "router": #"{"headers": {"propagate": ["X-Trace.*"]}, "imagePullSecrets": ["pull"]}"#,
    "metricsAggregator": #"{"enableMetricAggregation": "true", "enablePrometheusScraping": "false"}"#,
    "localModel": #"{"enabled": true, "fsGroup": 1000, "reconcilationFrequencyInSecs": 30}"#,
    "multiNode": #"{"customGPUResourceTypeList": ["example.com/gpu"]}"#,
    "opentelemetryCollector": #"{"metricScalerEndpoint": "otel:4318", "resource": {"cpuLimit": "2"}}"#,
    "autoscaler":
      #"{"scaleUpStabilizationWindowSeconds": "0", "scaleDownStabilizationWindowSeconds": "300"}"#,
    "scheduler": #"{"expirationAnnotations": ["corp/expires"]}"#,
    "autoscaling-wva-controller-config": #"{"prometheus": {"url": "http://prometheus"}}"#,
    "deploy":
      #"{"defaultDeploymentMode": "Standard", "deploymentRolloutStrategy": {"defaultRollout": {"maxSurge": "1", "maxUnavailable": "0"}}}"#,
  ]

  /// Members that `shipped` leaves out: each is read under upstream's name.
  @Test func everyMemberHasUpstreamsName() throws {
    let read = try InferenceServiceConfig(
      data: [
        "storageInitializer":
          #"{"memoryModelcar":"20Mi","cpuRequest":"1m","memoryRequest":"2Mi","memoryLimit":"3Mi","caBundleConfigMapName":"roots","caBundleVolumeMountPath":"/roots"}"#,
        "credentials":
          #"{"storageSecretNameAnnotation":"corp/secret","s3":{"s3SecretAccessKeyName":"secret","s3UseHttps":"0","s3Region":"r","s3VerifySSL":"1","s3UseVirtualBucket":"2","s3UseAccelerate":"3","s3UseAnonymousCredential":"4","s3CABundleConfigMap":"c","s3CABundle":"/b"}}"#,
        "localModel":
          #"{"enabled":true,"jobNamespace":"jobs","defaultJobImage":"corp/fetch","jobTTLSecondsAfterFinished":5,"disableVolumeManagement":true}"#,
        "router": #"{"image":"corp/router","imagePullPolicy":"Always","cpuLimit":"9"}"#,
        "logger":
          #"{"image":"corp/logger","caBundle":"b","caCertFile":"f","tlsSkipVerify":true,"marshallerUrl":"http://m","batchInterval":"5s"}"#,
        "ingress":
          #"{"ingressGateway":"a/b","localGateway":"c/d","localGatewayService":"e","disableIstioVirtualHost":true,"pathTemplate":"/x","disableIngressCreation":true,"enableLLMInferenceServiceTLS":true,"modelBasedRoutingHeaderName":"X-M"}"#,
        "opentelemetryCollector":
          #"{"scrapeInterval":"9s","metricReceiverEndpoint":"r:1","resource":{"memoryLimit":"7Mi"}}"#,
        "autoscaling-wva-controller-config":
          #"{"prometheus":{"tlsInsecureSkipVerify":true,"authModes":"bearer","triggerAuthName":"n","triggerAuthKind":"k"}}"#,
      ], platform: platform)
    let initializer = read.storageInitializer
    #expect(initializer.modelcarMemory == "20Mi" && initializer.resources.cpuRequest == "1m")
    #expect(initializer.resources.memoryRequest == "2Mi" && initializer.resources.memoryLimit == "3Mi")
    #expect(initializer.authorityConfigMap == "roots" && initializer.authorityMountPath == "/roots")
    #expect(read.credentials.secretNameAnnotation == "corp/secret")
    let s3 = read.credentials.s3
    #expect(s3.secretKeyName == "secret" && s3.useHTTPS == "0" && s3.region == "r" && s3.verifySSL == "1")
    #expect(s3.useVirtualBucket == "2" && s3.useAccelerate == "3" && s3.useAnonymousCredential == "4")
    #expect(s3.authorityConfigMap == "c" && s3.authorityFile == "/b")
    let models = read.localModel
    #expect(models.jobNamespace == "jobs" && models.jobImage == "corp/fetch")
    #expect(models.jobTimeToLiveSeconds == 5 && models.isVolumeManagementDisabled)
    #expect(read.router.sidecar.image == "corp/router" && read.router.imagePullPolicy == "Always")
    #expect(read.router.sidecar.resources.cpuLimit == "9")
    let logger = read.logger
    #expect(logger.sidecar.image == "corp/logger" && logger.authorityConfigMap == "b")
    #expect(logger.authorityFile == "f" && logger.skipsVerification)
    #expect(logger.marshallerURL == "http://m" && logger.batchInterval == "5s")
    let ingress = read.ingress
    #expect(ingress.istio.ingressGateway == "a/b" && ingress.istio.localGateway == "c/d")
    #expect(ingress.istio.localGatewayService == "e" && ingress.istio.isVirtualHostDisabled)
    #expect(ingress.istio.knativeLocalGatewayService == "e", "the local gateway's, where it is not set")
    #expect(ingress.pathTemplate == "/x" && ingress.isCreationDisabled && ingress.isLLMServiceTLSEnabled)
    #expect(ingress.modelRoutingHeader == "X-M")
    let collector = read.openTelemetryCollector
    #expect(collector.scrapeInterval == "9s" && collector.receiverEndpoint == "r:1")
    #expect(collector.resources.memoryLimit == "7Mi")
    let variants = read.variantAutoscaling
    #expect(variants.skipsVerification && variants.authenticationModes == "bearer")
    #expect(variants.triggerAuthenticationName == "n" && variants.triggerAuthenticationKind == "k")
  }

  /// Whatever a key holds is told, and never stops the program.
  @Test func everyKeyIsCheckedForJSON() {
    for key in Self.shipped.keys where key != "_example" {
      for text in ["", "{", "[]", "null", "\"text\"", "{\"a\":}", "\u{0}", "{\"a\":1}x"] {
        let error = #expect(throws: ConfigurationError.self, "\(key): \(text)") {
          try InferenceServiceConfig(data: [key: text], platform: platform)
        }
        #expect(error?.key == key)
      }
    }
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
    ("logger", #"{"batchSize": true}"#, "a whole number is expected, not bool"),
    ("batcher", #"{"maxBatchSize": "many"}"#, "is no whole number"),
    ("batcher", #"{"maxLatency": "0"}"#, "0 is less than 1"),
    ("agent", #"{"memoryLimit": "2 GB"}"#, "is no quantity"),
    ("router", #"{"headers": []}"#, "an object is expected"),
    ("metricsAggregator", #"{"enableMetricAggregation": "yes"}"#, "a boolean is expected"),
    ("localModel", #"{"enabled": true, "jobNamespace": "Not_One"}"#, "is no name of a namespace"),
    ("multiNode", #"{"customGPUResourceTypeList": [1]}"#, "an array of strings is expected"),
    ("autoscaler", #"{"scaleUpStabilizationWindowSeconds": "1m"}"#, "is no whole number"),
    ("credentials", #"{"s3": "x"}"#, "credentials.s3"),
    ("explainers", #"{"art": {"image": 1}}"#, "explainers.art.image"),
    ("ingress", #"{"modelBasedRoutingMode": "on"}"#, "none of enabled, disabled, forced"),
    ("ingress", #"{"pathTemplate": "/{{ .Nmae }}"}"#, "ingress.pathTemplate"),
    (
      "deploy", #"{"deploymentRolloutStrategy": {"defaultRollout": {"maxSurge": "1"}}}"#, "maxUnavailable"
    ),
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
