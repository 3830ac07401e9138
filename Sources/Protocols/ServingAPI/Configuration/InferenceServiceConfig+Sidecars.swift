extension InferenceServiceConfig {
  /// A container that the platform adds: `agent`, and the base of `logger`, `batcher`, `router`.
  public struct Sidecar: Sendable, Hashable {
    public var image: String
    public var resources = ResourceDefaults(
      cpuRequest: "100m", cpuLimit: "1", memoryRequest: "100Mi", memoryLimit: "1Gi")

    public init(image: String) { self.image = image }
  }

  /// `explainers.art`.
  public struct Explainers: Sendable, Hashable {
    public var artImage = "kserve/art-explainer"
    /// The image's tag where an explainer names no version.
    public var artVersion = "latest"

    public init() {}
  }

  /// `logger`.
  public struct Logger: Sendable, Hashable {
    public var sidecar = Sidecar(image: "kserve/agent:latest")
    /// Where copies go that name no place.
    public var defaultURL = "http://default-broker"
    /// A ConfigMap with the sink's certificate authority; empty: none.
    public var authorityConfigMap = ""
    public var authorityFile = "service-ca.crt"
    public var skipsVerification = false
    /// Where records go that name no storage.
    public var storage: StorageSpec?
    public var storageServiceAccount: String?
    public var marshallerURL: String?
    public var batchSize: Int64?
    public var batchInterval: String?

    public init() {}
  }

  /// `batcher`.
  public struct Batcher: Sendable, Hashable {
    public var sidecar = Sidecar(image: "kserve/agent:latest")
    public var maxBatchSize: Int64 = 32
    public var maxLatencyMilliseconds: Int64 = 5000

    public init() {}
  }

  /// `router`, of InferenceGraphs.
  public struct Router: Sendable, Hashable {
    public var sidecar = Sidecar(image: "kserve/router:latest")
    /// Request headers that go on to the steps: regular expressions on their canonical names.
    public var propagatedHeaders: [String] = []
    public var imagePullPolicy = "IfNotPresent"
    public var imagePullSecrets: [String] = []

    public init() {}
  }

  /// `metricsAggregator`.
  public struct MetricsAggregator: Sendable, Hashable {
    public var isAggregationEnabled = false
    public var isScrapingEnabled = false

    public init() {}
  }

  /// `opentelemetryCollector`.
  public struct OpenTelemetryCollector: Sendable, Hashable {
    public var scrapeInterval = "5s"
    public var receiverEndpoint = "keda-otel-scaler.keda.svc:4317"
    public var scalerEndpoint = "keda-otel-scaler.keda.svc:4318"
    public var resources = ResourceDefaults(
      cpuRequest: "200m", cpuLimit: "1", memoryRequest: "512Mi", memoryLimit: "2Gi")

    public init() {}
  }

  /// `autoscaler`: windows over which KEDA's HPA waits.
  public struct Autoscaler: Sendable, Hashable {
    public var scaleUpStabilizationSeconds: Int64?
    public var scaleDownStabilizationSeconds: Int64?

    public init() {}
  }

  /// `autoscaling-wva-controller-config`: the Prometheus that the workload variant autoscaler writes to.
  public struct VariantAutoscaling: Sendable, Hashable {
    public var prometheusURL = ""
    public var skipsVerification = false
    public var authenticationModes = ""
    public var triggerAuthenticationName = ""
    public var triggerAuthenticationKind = ""

    public init() {}
  }
}
