internal import Formats

extension InferenceServiceConfig {
  mutating func decodeIngress(_ entry: ConfigurationEntry?) throws(ConfigurationError) {
    guard let entry else { return }
    var decoded = Ingress(domain: platform.ingressDomain)
    decoded.isGatewayAPIEnabled = try entry.flag("enableGatewayApi") ?? true
    if let gateway = try entry.text("kserveIngressGateway"), !gateway.isEmpty {
      let parts = gateway.split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count == 2, parts.allSatisfy({ DNSName.isLabel($0) }) else {
        throw entry.error("kserveIngressGateway", "\"\(gateway)\" is not <namespace>/<name>")
      }
      decoded.gatewayNamespace = String(parts[0])
      decoded.gatewayName = String(parts[1])
    }
    decoded.domain = try entry.text("ingressDomain")?.nonEmpty ?? platform.ingressDomain
    decoded.additionalDomains = try entry.texts("additionalIngressDomains") ?? []
    decoded.domainTemplate = DomainTemplate(
      try entry.text("domainTemplate")?.nonEmpty ?? DomainTemplate.standard)
    decoded.urlScheme = try entry.text("urlScheme")?.nonEmpty ?? "http"
    guard ["http", "https"].contains(decoded.urlScheme) else {
      throw entry.error("urlScheme", "\"\(decoded.urlScheme)\" is neither http nor https")
    }
    decoded.pathTemplate = try entry.text("pathTemplate") ?? ""
    decoded.className = try entry.text("ingressClassName")?.nonEmpty
    decoded.isCreationDisabled = try entry.flag("disableIngressCreation") ?? false
    decoded.isRouteTimeoutDisabled = try entry.flag("disableHTTPRouteTimeout") ?? false
    decoded.isLLMServiceTLSEnabled = try entry.flag("enableLLMInferenceServiceTLS") ?? false
    decoded.modelRoutingHeader =
      try entry.text("modelBasedRoutingHeaderName")?.nonEmpty ?? decoded.modelRoutingHeader
    decoded.modelBasedRouting =
      try entry.choice("modelBasedRoutingMode", Ingress.ModelBasedRouting.self) ?? .enabled
    if let problem = decoded.domainTemplate.problem {
      throw entry.error("domainTemplate", problem.description)
    }
    if !decoded.pathTemplate.isEmpty, let problem = DomainTemplate(decoded.pathTemplate).problem {
      throw entry.error("pathTemplate", problem.description)
    }
    decoded.istio = try Self.decodeIstio(entry)
    ingress = decoded
  }

  private static func decodeIstio(_ entry: ConfigurationEntry) throws(ConfigurationError) -> Istio {
    var istio = Istio()
    istio.ingressGateway = try entry.text("ingressGateway")?.nonEmpty ?? istio.ingressGateway
    istio.localGateway = try entry.text("localGateway")?.nonEmpty ?? istio.localGateway
    istio.localGatewayService = try entry.text("localGatewayService")?.nonEmpty ?? istio.localGatewayService
    istio.knativeLocalGatewayService =
      try entry.text("knativeLocalGatewayService")?.nonEmpty ?? istio.localGatewayService
    istio.isVirtualHostDisabled = try entry.flag("disableIstioVirtualHost") ?? false
    return istio
  }

  mutating func decodeExplainers(_ entry: ConfigurationEntry?) throws(ConfigurationError) {
    guard let art = try entry?.entry("art") else { return }
    explainers.artImage = try art.text("image")?.nonEmpty ?? explainers.artImage
    explainers.artVersion = try art.text("defaultImageVersion")?.nonEmpty ?? explainers.artVersion
  }

  static func decode(
    _ sidecar: inout Sidecar, _ entry: ConfigurationEntry?
  ) throws(ConfigurationError) {
    guard let entry else { return }
    sidecar.image = try entry.text("image")?.nonEmpty ?? sidecar.image
    try Self.decode(&sidecar.resources, entry)
  }

  mutating func decodeLogger(_ entry: ConfigurationEntry?) throws(ConfigurationError) {
    guard let entry else { return }
    var decoded = Logger()
    try Self.decode(&decoded.sidecar, entry)
    decoded.defaultURL = try entry.text("defaultUrl")?.nonEmpty ?? decoded.defaultURL
    decoded.authorityConfigMap = try entry.text("caBundle") ?? ""
    decoded.authorityFile = try entry.text("caCertFile")?.nonEmpty ?? decoded.authorityFile
    decoded.skipsVerification = try entry.flag("tlsSkipVerify") ?? false
    if let storage = try entry.entry("storage") {
      decoded.storage = StorageSpec(json: storage.json)
      decoded.storageServiceAccount = try storage.text("serviceAccountName")?.nonEmpty
    }
    decoded.marshallerURL = try entry.text("marshallerUrl")?.nonEmpty
    decoded.batchSize = try entry.integer("batchSize")
    decoded.batchInterval = try entry.text("batchInterval")?.nonEmpty
    logger = decoded
  }

  mutating func decodeBatcher(_ entry: ConfigurationEntry?) throws(ConfigurationError) {
    guard let entry else { return }
    var decoded = Batcher()
    try Self.decode(&decoded.sidecar, entry)
    decoded.maxBatchSize = try entry.integer("maxBatchSize") ?? decoded.maxBatchSize
    decoded.maxLatencyMilliseconds = try entry.integer("maxLatency") ?? decoded.maxLatencyMilliseconds
    for (name, value) in [
      ("maxBatchSize", decoded.maxBatchSize), ("maxLatency", decoded.maxLatencyMilliseconds),
    ] where value < 1 {
      throw entry.error(name, "\(value) is less than 1")
    }
    batcher = decoded
  }

  mutating func decodeRouter(_ entry: ConfigurationEntry?) throws(ConfigurationError) {
    guard let entry else { return }
    var decoded = Router()
    try Self.decode(&decoded.sidecar, entry)
    decoded.propagatedHeaders = try entry.entry("headers")?.texts("propagate") ?? []
    decoded.imagePullPolicy = try entry.text("imagePullPolicy")?.nonEmpty ?? decoded.imagePullPolicy
    decoded.imagePullSecrets = try entry.texts("imagePullSecrets") ?? []
    router = decoded
  }

  mutating func decodeMetrics(_ data: [String: String]) throws(ConfigurationError) {
    if let entry = try ConfigurationEntry("metricsAggregator", data) {
      metricsAggregator.isAggregationEnabled = try entry.flag("enableMetricAggregation") ?? false
      metricsAggregator.isScrapingEnabled = try entry.flag("enablePrometheusScraping") ?? false
    }
    guard let entry = try ConfigurationEntry("opentelemetryCollector", data) else { return }
    var decoded = OpenTelemetryCollector()
    decoded.scrapeInterval = try entry.text("scrapeInterval")?.nonEmpty ?? decoded.scrapeInterval
    decoded.receiverEndpoint = try entry.text("metricReceiverEndpoint")?.nonEmpty ?? decoded.receiverEndpoint
    decoded.scalerEndpoint = try entry.text("metricScalerEndpoint")?.nonEmpty ?? decoded.scalerEndpoint
    if let resource = try entry.entry("resource") { try Self.decode(&decoded.resources, resource) }
    openTelemetryCollector = decoded
  }

  mutating func decodeAutoscaling(_ data: [String: String]) throws(ConfigurationError) {
    if let entry = try ConfigurationEntry("autoscaler", data) {
      autoscaler.scaleUpStabilizationSeconds = try entry.integer("scaleUpStabilizationWindowSeconds")
      autoscaler.scaleDownStabilizationSeconds = try entry.integer("scaleDownStabilizationWindowSeconds")
    }
    guard
      let prometheus = try ConfigurationEntry("autoscaling-wva-controller-config", data)?.entry("prometheus")
    else { return }
    variantAutoscaling.prometheusURL = try prometheus.text("url") ?? ""
    variantAutoscaling.skipsVerification = try prometheus.flag("tlsInsecureSkipVerify") ?? false
    variantAutoscaling.authenticationModes = try prometheus.text("authModes") ?? ""
    variantAutoscaling.triggerAuthenticationName = try prometheus.text("triggerAuthName") ?? ""
    variantAutoscaling.triggerAuthenticationKind = try prometheus.text("triggerAuthKind") ?? ""
  }
}
