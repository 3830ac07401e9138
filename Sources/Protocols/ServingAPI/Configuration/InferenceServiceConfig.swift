public import Formats

/// The ConfigMap `inferenceservice-config`, decoded once per change: upstream's keys, each a JSON text.
public struct InferenceServiceConfig: Sendable, Hashable {
  /// What the platform decides where the ConfigMap says nothing.
  public struct Platform: Sendable, Hashable {
    /// `localhost` where the control plane is embedded.
    public var ingressDomain: String
    /// The gateway's port as clients see it; nil where it is the URL scheme's own.
    public var gatewayPort: Int?

    public init(ingressDomain: String = "example.com", gatewayPort: Int? = nil) {
      self.ingressDomain = ingressDomain
      self.gatewayPort = gatewayPort
    }
  }

  public var platform: Platform
  public var defaultDeploymentMode: DeploymentMode = .standard
  /// `deploy.deploymentRolloutStrategy.defaultRollout`: `maxSurge` and `maxUnavailable`, as given.
  public var defaultRollout: JSONValue?
  public var notPropagatedAnnotations: [String] = ServingAnnotation.notPropagated
  public var notPropagatedLabels: [String] = []
  public var resources = ResourceDefaults()
  public var storageInitializer = StorageInitializer()
  public var ingress: Ingress
  public var isServiceHeadless = false
  public var automountsServiceAccountToken = true

  /// `storageInitializer`.
  public struct StorageInitializer: Sendable, Hashable {
    public var image = "kserve/storage-initializer:latest"
    public var resources = ResourceDefaults(
      cpuRequest: "100m", cpuLimit: "1", memoryRequest: "100Mi", memoryLimit: "1Gi")
    public var authorityConfigMap = ""
    public var authorityMountPath = "/etc/ssl/custom-certs"
    public var ociModelMode = "modelcar"

    public init() {}
  }

  /// `ingress`.
  public struct Ingress: Sendable, Hashable {
    public var isGatewayAPIEnabled = true
    public var gatewayNamespace = ServingPlatform.namespace
    public var gatewayName = ServingPlatform.gateway
    public var domain: String
    public var additionalDomains: [String] = []
    public var domainTemplate = DomainTemplate(DomainTemplate.standard)
    public var urlScheme = "http"
    public var pathTemplate = ""
    public var isCreationDisabled = false
    public var isRouteTimeoutDisabled = false

    public init(domain: String) { self.domain = domain }
  }

  /// The defaults of a platform.
  public init(platform: Platform) {
    self.platform = platform
    ingress = Ingress(domain: platform.ingressDomain)
  }

  /// `:8081` where clients must name the port.
  public var portSuffix: String {
    guard let port = platform.gatewayPort, port != (ingress.urlScheme == "https" ? 443 : 80) else {
      return ""
    }
    return ":\(port)"
  }
}

/// Which entry of `inferenceservice-config` is wrong, and why.
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
  public let key: String
  public let cause: String

  public var description: String {
    "ConfigMap \(ServingPlatform.namespace)/\(ServingPlatform.configMap), key \"\(key)\": \(cause); the "
      + "last good "
      + "configuration stays in force until it is corrected"
  }
}
