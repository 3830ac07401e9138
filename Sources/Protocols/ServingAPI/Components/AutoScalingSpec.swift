public import Formats
public import KubeProtocol

/// `autoScaling`: the scale follows several metrics, also of other systems.
public struct AutoScalingSpec: Sendable, Hashable {
  public var json: JSONValue

  public init(json: JSONValue) { self.json = json }

  public var metrics: [Metric] { (json["metrics"]?.array ?? []).map(Metric.init(json:)) }
  /// `autoscaling/v2 HorizontalPodAutoscalerBehavior`, as it was written.
  public var behavior: JSONValue? { json.member("behavior") }
  public var scaleUpStabilizationSeconds: Int64? {
    json.at("behavior", "scaleUp", "stabilizationWindowSeconds")?.int
  }
  public var scaleDownStabilizationSeconds: Int64? {
    json.at("behavior", "scaleDown", "stabilizationWindowSeconds")?.int
  }

  /// Where a metric comes from.
  public enum MetricSource: String, Sendable, Hashable, CaseIterable {
    /// CPU or memory of the pods.
    case resource = "Resource"
    /// A query that another system answers.
    case external = "External"
    /// What the pods themselves report.
    case podMetric = "PodMetric"
  }

  /// One entry of `metrics`.
  public struct Metric: Sendable, Hashable {
    public var json: JSONValue

    public init(json: JSONValue) { self.json = json }

    public var source: MetricSource? { json["type"]?.string.flatMap(MetricSource.init(rawValue:)) }
    public var resource: Resource? { json.member("resource").map(Resource.init(json:)) }
    public var external: External? { json.member("external").map(External.init(json:)) }
    public var podMetric: PodMetric? { json.member("podmetric").map(PodMetric.init(json:)) }
  }

  /// `resource`.
  public struct Resource: Sendable, Hashable {
    /// `cpu` or `memory`.
    public var name: String
    public var target: Target

    public init(json: JSONValue) {
      name = json["name"]?.string ?? ""
      target = Target(json: json["target"] ?? [:])
    }
  }

  /// `external`.
  public struct External: Sendable, Hashable {
    /// `prometheus` or `graphite`.
    public var backend: String
    public var serverAddress: String?
    public var query: String?
    public var namespace: String?
    /// A KEDA TriggerAuthentication, by name.
    public var authenticationName: String?
    public var authenticationModes: String?
    public var target: Target

    public init(json: JSONValue) {
      backend = json.at("metric", "backend")?.string ?? ""
      serverAddress = json["metric"]?.nonEmptyText("serverAddress")
      query = json["metric"]?.nonEmptyText("query")
      namespace = json["metric"]?.nonEmptyText("namespace")
      authenticationName = json.at("authenticationRef", "authenticationRef")?.nonEmptyText("name")
      authenticationModes = json["authenticationRef"]?.nonEmptyText("authModes")
      target = Target(json: json["target"] ?? [:])
    }
  }

  /// `podmetric`.
  public struct PodMetric: Sendable, Hashable {
    /// `opentelemetry`.
    public var backend: String
    public var serverAddress: String?
    public var metricNames: [String]
    public var query: String?
    public var operationOverTime: String?
    public var target: Target

    public init(json: JSONValue) {
      let metric = json["metric"] ?? [:]
      backend = metric["backend"]?.string ?? ""
      serverAddress = metric.nonEmptyText("serverAddress")
      metricNames = metric.texts("metricNames")
      query = metric.nonEmptyText("query")
      operationOverTime = metric.nonEmptyText("operationOverTime")
      target = Target(json: json["target"] ?? [:])
    }
  }

  /// `target` of a metric.
  public struct Target: Sendable, Hashable {
    public var type: MetricTargetType?
    public var value: MetricQuantity?
    public var averageValue: MetricQuantity?
    /// Percent of what the pods request.
    public var averageUtilization: Int64?

    public init(json: JSONValue) {
      type = json["type"]?.string.flatMap(MetricTargetType.init(rawValue:))
      value = json["value"].flatMap(MetricQuantity.init(json:))
      averageValue = json["averageValue"].flatMap(MetricQuantity.init(json:))
      averageUtilization = json["averageUtilization"]?.int
    }
  }
}

/// A quantity that was written as a text or a number; the text is kept as it was written.
public struct MetricQuantity: Sendable, Hashable {
  public let text: String
  /// Nil where the text is no quantity.
  public let quantity: Quantity?

  public init?(json: JSONValue) {
    switch json {
    case .string(let text): self.text = text
    case .number(let number): text = number.text
    default: return nil
    }
    quantity = Quantity(text)
  }
}
