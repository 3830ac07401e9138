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
  /// `deploy.defaultDeploymentMode`.
  public var defaultDeploymentMode: DeploymentMode = .standard
  /// `deploy.deploymentRolloutStrategy.defaultRollout`: `maxSurge` and `maxUnavailable`, as given.
  public var defaultRollout: JSONValue?
  /// Annotations and labels that never reach a service's children; the configuration can add more.
  public var notPropagatedAnnotations: [String] = ServingAnnotation.notPropagated
  public var notPropagatedLabels: [String] = []
  /// `inferenceService.resource`: CPU and memory of the users' own containers.
  public var resources = ResourceDefaults()
  public var storageInitializer = StorageInitializer()
  public var credentials = Credentials()
  public var ingress: Ingress
  public var explainers = Explainers()
  public var logger = Logger()
  public var batcher = Batcher()
  public var agent = Sidecar(image: "kserve/agent:latest")
  public var router = Router()
  public var metricsAggregator = MetricsAggregator()
  public var localModel = LocalModel()
  public var openTelemetryCollector = OpenTelemetryCollector()
  public var autoscaler = Autoscaler()
  /// `autoscaling-wva-controller-config`.
  public var variantAutoscaling = VariantAutoscaling()
  /// `scheduler.expirationAnnotations`: annotations of a certificate's Secret that say when it ends.
  public var certificateExpirationAnnotations: [String] = ["certificates.kserve.io/expiration"]
  /// `multiNode.customGPUResourceTypeList`: resource names that count as GPUs beside the known ones.
  public var customGPUResourceTypes: [String] = []
  /// `service.serviceClusterIPNone`.
  public var isServiceHeadless = false
  /// `security.autoMountServiceAccountToken`.
  public var automountsServiceAccountToken = true

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
