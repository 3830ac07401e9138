extension InferenceServiceConfig {
  /// `ingress`.
  public struct Ingress: Sendable, Hashable {
    /// Where models of all services are told apart by a header.
    public enum ModelBasedRouting: String, Sendable, Hashable, CaseIterable {
      case enabled
      case disabled
      case forced
    }

    /// Routes are HTTPRoutes; else plain Ingress objects.
    public var isGatewayAPIEnabled = true
    public var gatewayNamespace = ServingPlatform.namespace
    public var gatewayName = ServingPlatform.gateway
    public var domain: String
    public var additionalDomains: [String] = []
    public var domainTemplate = DomainTemplate(DomainTemplate.standard)
    public var urlScheme = "http"
    /// Nil: every service has a host of its own, and no path.
    public var pathTemplate = ""
    /// Of plain Ingress objects; nil leaves it to the cluster's default class.
    public var className: String?
    public var isCreationDisabled = false
    public var isRouteTimeoutDisabled = false
    public var isLLMServiceTLSEnabled = false
    public var modelRoutingHeader = "X-Gateway-Model-Name"
    public var modelBasedRouting: ModelBasedRouting = .enabled
    public var istio = Istio()

    public init(domain: String) { self.domain = domain }
  }

  /// The members of `ingress` that only Knative on Istio reads.
  public struct Istio: Sendable, Hashable {
    public var ingressGateway = "knative-serving/knative-ingress-gateway"
    public var localGateway = "knative-serving/knative-local-gateway"
    public var localGatewayService = "knative-local-gateway.istio-system.svc.cluster.local"
    /// `localGatewayService` where it is not set.
    public var knativeLocalGatewayService = "knative-local-gateway.istio-system.svc.cluster.local"
    public var isVirtualHostDisabled = false

    public init() {}
  }
}
