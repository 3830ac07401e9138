internal import Formats

/// The parts of a component that are not its pod: scale, traffic, storage; and shapes that other kinds share
/// with it.
enum ComponentSchemas {
  static let scaleMetric: JSONValue = .choice(ScaleMetric.allCases.map(\.rawValue))

  /// Members of every component beside its pod spec.
  static let properties: [CoreSchemas.Property] = [
    ("minReplicas", JSONValue.int32.described("Fewest replicas; 1 where it is not set, 0 allows none.")),
    ("maxReplicas", JSONValue.int32.described("Most replicas for autoscaling.")),
    ("scaleTarget", JSONValue.int32.described("The metric's value that the scale keeps.")),
    ("scaleMetric", scaleMetric.described("What the scale follows.")),
    ("scaleMetricType", .choice(MetricTargetType.allCases.map(\.rawValue))),
    ("autoScaling", autoScaling),
    (
      "containerConcurrency",
      JSONValue.int64.described("Most requests that one pod is given at a time; 0: no bound.")
    ),
    ("timeout", JSONValue.int64.described("Seconds that a request may take.")),
    (
      "canaryTrafficPercent",
      JSONValue.int64.described("The latest revision's share of the traffic, in percent.")
    ),
    ("logger", logger.described("Copies of requests and answers go to a sink.")),
    ("batcher", batcher.described("Requests are joined into one call of the model.")),
    ("labels", .textMap), ("annotations", .textMap),
    ("deploymentStrategy", .definition("io.k8s.api.apps.v1.DeploymentStrategy")),
  ]

  /// `storage`: an entry of the credentials secret and a path in it.
  static let storage: JSONValue = .fields([
    ("path", .text), ("schemaPath", .text), ("parameters", .textMap), ("key", .text),
  ])

  static let storageURIs: JSONValue = JSONValue.list(
    .fields(
      [
        ("uri", JSONValue.text.with("minLength", 1)),
        (
          "mountPath",
          JSONValue.text.with("default", .string(ServingPod.modelPath)).with("pattern", "^/.*")
            .with("maxLength", 255)
        ),
      ], required: ["uri"])
  ).with("minItems", 1).with("x-kubernetes-list-type", "atomic")

  static let parallelSizes: [CoreSchemas.Property] = [
    ("pipelineParallelSize", .int64), ("tensorParallelSize", .int64),
  ]

  private static let metricTarget: JSONValue = .fields([
    ("type", .choice(MetricTargetType.allCases.map(\.rawValue))), ("value", .intOrText),
    ("averageValue", .intOrText), ("averageUtilization", .int32),
  ])

  private static let autoScaling: JSONValue = .fields([
    ("metrics", .list(metric)),
    ("behavior", .definition("io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerBehavior")),
  ])

  private static let metric: JSONValue = .fields(
    [
      ("type", .choice(AutoScalingSpec.MetricSource.allCases.map(\.rawValue))),
      ("resource", resourceMetric), ("external", externalMetric), ("podmetric", podMetric),
    ], required: ["type"])

  private static let resourceMetric: JSONValue = .fields(
    [("name", .choice(["cpu", "memory"])), ("target", metricTarget)], required: ["name", "target"])

  private static let externalMetric: JSONValue = .fields(
    [
      (
        "metric",
        .fields([
          ("backend", .choice(["prometheus", "graphite"])), ("serverAddress", .text), ("query", .text),
          ("namespace", .text),
        ])
      ),
      (
        "authenticationRef",
        .fields(
          [("authenticationRef", .fields([("name", .text)], required: ["name"])), ("authModes", .text)],
          required: ["authenticationRef"])
      ),
      ("target", metricTarget),
    ], required: ["metric", "target"])

  private static let podMetric: JSONValue = .fields(
    [
      (
        "metric",
        .fields([
          ("backend", .choice(["opentelemetry"])), ("serverAddress", .text), ("metricNames", .texts),
          ("query", .text), ("operationOverTime", .text),
        ])
      ),
      ("target", metricTarget),
    ], required: ["metric", "target"])

  private static let logger: JSONValue = .fields([
    ("url", .text), ("mode", .choice(LoggerSpec.Mode.allCases.map(\.rawValue))), ("metadataHeaders", .texts),
    ("metadataAnnotations", .texts),
    (
      "storage",
      .fields([
        ("path", .text), ("parameters", .textMap), ("key", .text), ("serviceAccountName", .text),
      ])
    ),
    ("marshallerUrl", .text), ("batchSize", .int64), ("batchInterval", .text),
  ])

  private static let batcher: JSONValue = .fields([
    ("maxBatchSize", .int64), ("maxLatency", .int64), ("timeout", .int64),
  ])
}
