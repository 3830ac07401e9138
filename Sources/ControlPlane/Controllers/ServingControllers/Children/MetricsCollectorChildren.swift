internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// The OpenTelemetryCollector that brings what a workload's pods measure to KEDA's scaler: a sidecar that the
/// OpenTelemetry operator puts into them; pure.
struct MetricsCollectorChildren {
  let component: Component
  let configuration: InferenceServiceConfig
  let workload: Workload
  let kinds: OptionalKinds

  private static let portAnnotation = "prometheus.kserve.io/port"
  private static let resourceProcessor = "resourcedetection/env"
  private static let transformProcessor = "transform"
  private static let filterProcessor = "filter/metrics"

  /// The metrics of the pods that the scale follows.
  private var metricNames: [String] {
    guard workload.role == .stable || workload.role == .revision else { return [] }
    return (component.spec.autoScaling?.metrics ?? []).flatMap { metric -> [String] in
      guard metric.source == .podMetric, let own = metric.podMetric, own.backend == "opentelemetry" else {
        return []
      }
      return own.metricNames
    }
  }

  /// Nil where no metric is wanted, or the cluster lacks the kind.
  func make() -> (resource: KubeResource, object: KubeObject)? {
    guard let resource = kinds.metricsCollectors, !metricNames.isEmpty else { return nil }
    var object = KubeObject(resource, namespace: component.service.namespace, name: workload.name)
    object.labels = [
      ServingLabel.inferenceService: component.service.name,
      ServingLabel.component: component.kind.rawValue,
    ]
    object.annotations = workload.template?.annotations ?? [:]
    object.ownerReferences = [OwnerReference(controller: component.service.object)]
    var spec: JSONValue = ["mode": "sidecar", "config": collectorConfiguration]
    let resources = configuration.openTelemetryCollector.resources.json
    if resources.object?.isEmpty == false { spec["resources"] = resources }
    object.spec = spec
    return (resource, object)
  }

  /// What is missing where a metric is wanted.
  var warning: PlanWarning? {
    guard kinds.metricsCollectors == nil, !metricNames.isEmpty else { return nil }
    return PlanWarning(
      reason: "OpenTelemetryCollectorCRDNotFound",
      message: "spec.\(component.kind.rawValue).autoScaling asks for metrics of the pods, and the cluster "
        + "has no kind OpenTelemetryCollector: nothing reports them; install the OpenTelemetry operator, or "
        + "scale by another metric")
  }

  private var collectorConfiguration: JSONValue {
    let settings = configuration.openTelemetryCollector
    let port = workload.template?.annotations[Self.portAnnotation] ?? "8080"
    return [
      "receivers": [
        "prometheus": [
          "config": [
            "scrape_configs": [
              [
                "job_name": "otel-collector", "scrape_interval": .string(settings.scrapeInterval),
                "static_configs": [["targets": [.string("localhost:\(port)")]]],
              ]
            ]
          ]
        ]
      ],
      "processors": processors,
      "exporters": [
        "otlp": [
          "endpoint": .string(settings.receiverEndpoint), "compression": "none", "tls": ["insecure": true],
        ]
      ],
      "service": [
        "pipelines": [
          "metrics": [
            "receivers": ["prometheus"],
            "processors": [
              .string(Self.resourceProcessor), .string(Self.transformProcessor),
              .string(Self.filterProcessor),
            ],
            "exporters": ["otlp"],
          ]
        ]
      ],
    ]
  }

  /// The trigger asks by namespace and Deployment: each sample gets them from the pod's resource.
  private var processors: JSONValue {
    let statements = ["namespace", "deployment", "pod"].map { name -> JSONValue in
      let source = name == "namespace" ? "k8s.namespace.name" : "k8s.\(name).name"
      return .string("set(attributes[\"\(name)\"], resource.attributes[\"\(source)\"])")
    }
    return [
      Self.resourceProcessor: ["detectors": ["env"], "timeout": "2s", "override": false],
      Self.transformProcessor: [
        "metric_statements": [["context": "datapoint", "statements": .array(statements)]]
      ],
      Self.filterProcessor: [
        "metrics": [
          "include": ["match_type": "strict", "metric_names": .array(metricNames.map { .string($0) })]
        ]
      ],
    ]
  }
}
