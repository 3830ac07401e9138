internal import Formats

/// The schema of `InferenceService.spec`.
enum InferenceServiceSchema {
  static let spec: JSONValue = JSONValue.fields(
    [
      ("predictor", predictor.described("Serves the model.")),
      ("transformer", transformer.described("Works on requests and answers before and after the predictor.")),
      ("explainer", explainer.described("Explains predictions.")),
      ("canary", .list(canary).described("Further predictors that get a share of the traffic.")),
    ], required: ["predictor"])

  /// Members of every component beside its pod spec.
  private static let extensionProperties: [CoreSchemas.Property] = [
    ("minReplicas", JSONValue.int32.described("Fewest replicas; 1 where it is not set, 0 allows none.")),
    ("maxReplicas", JSONValue.int32.described("Most replicas for autoscaling.")),
    ("scaleTarget", .int32),
    ("scaleMetric", .choice(["cpu", "memory", "concurrency", "rps"])),
    ("scaleMetricType", .choice(["Utilization", "Value", "AverageValue"])),
    ("autoScaling", autoScaling), ("containerConcurrency", .int64),
    ("timeout", JSONValue.int64.described("Seconds that a request may take.")),
    ("canaryTrafficPercent", .int64), ("logger", logger), ("batcher", batcher), ("labels", .textMap),
    ("annotations", .textMap), ("deploymentStrategy", .definition("io.k8s.api.apps.v1.DeploymentStrategy")),
  ]

  private static let metricTarget: JSONValue = .fields([
    ("type", .choice(["Utilization", "Value", "AverageValue"])), ("value", .intOrText),
    ("averageValue", .intOrText), ("averageUtilization", .int32),
  ])

  private static let autoScaling: JSONValue = {
    let resource: JSONValue = .fields([("name", .choice(["cpu", "memory"])), ("target", metricTarget)])
    let externalMetric: JSONValue = .fields([
      ("backend", .choice(["prometheus", "graphite"])), ("serverAddress", .text), ("query", .text),
      ("namespace", .text),
    ])
    let authentication: JSONValue = .fields([
      ("authenticationRef", .fields([("name", .text)])), ("authModes", .text),
    ])
    let external: JSONValue = .fields([
      ("metric", externalMetric), ("authenticationRef", authentication), ("target", metricTarget),
    ])
    let podMetric: JSONValue = .fields([
      ("backend", .choice(["opentelemetry"])), ("serverAddress", .text), ("metricNames", .texts),
      ("query", .text),
      ("operationOverTime", .text),
    ])
    let metric: JSONValue = .fields([
      ("type", .choice(["Resource", "External", "PodMetric"])), ("resource", resource),
      ("external", external),
      ("podmetric", .fields([("metric", podMetric), ("target", metricTarget)])),
    ])
    return .fields([
      ("metrics", .list(metric)),
      ("behavior", .definition("io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerBehavior")),
    ])
  }()

  private static let logger: JSONValue = .fields([
    ("url", .text), ("mode", .choice(["all", "request", "response"])), ("metadataHeaders", .texts),
    ("metadataAnnotations", .texts),
    (
      "storage",
      .fields([
        ("path", .text), ("schemaPath", .text), ("parameters", .textMap), ("key", .text),
        ("serviceAccountName", .text),
      ])
    ),
    ("marshallerUrl", .text), ("batchSize", .int32), ("batchInterval", .text),
  ])

  private static let batcher: JSONValue = .fields([
    ("maxBatchSize", .int32), ("maxLatency", .int32), ("timeout", .int32),
  ])

  private static let storage: JSONValue = .fields([
    ("path", .text), ("schemaPath", .text), ("parameters", .textMap), ("key", .text),
  ])

  private static let storageURIs: JSONValue = JSONValue.list(
    .fields(
      [
        ("uri", .text),
        ("mountPath", JSONValue.text.with("pattern", "^/.*").with("maxLength", 255)),
      ], required: ["uri"])
  ).with("minItems", 1)

  /// Where a model lies and the container that serves it.
  private static let modelProperties: [CoreSchemas.Property] = [
    (
      "storageUri", JSONValue.text.described("Where the model's files are: gs://, s3://, pvc://, https://, …")
    ),
    ("runtimeVersion", JSONValue.text.described("Tag of the runtime's image.")),
    ("protocolVersion", JSONValue.text.described("v1, v2, grpc-v1 or grpc-v2.")), ("storage", storage),
    ("confidential", .fields([("enabled", .flag), ("resourceId", .text)])),
  ]

  private static let framework: JSONValue = .fields(modelProperties + CoreSchemas.containerProperties)

  private static let model: JSONValue = .fields(
    [
      ("modelFormat", .fields([("name", .text), ("version", .text)], required: ["name"])),
      (
        "runtime",
        JSONValue.text.described(
          "ServingRuntime or ClusterServingRuntime; chosen by format where it is not set.")
      ),
    ] + modelProperties + CoreSchemas.containerProperties, required: ["modelFormat"])

  private static let workerSpec: JSONValue = .fields(
    CoreSchemas.podProperties + [("pipelineParallelSize", .int64), ("tensorParallelSize", .int64)])

  private static let predictor: JSONValue = .fields(
    [("name", JSONValue.text.with("pattern", "^[a-z]([-a-z0-9]*[a-z0-9])?$"))]
      + PredictorFramework.all.map { ($0.field, framework) }
      + [
        ("model", model), ("storageUris", storageURIs), ("storageContainerName", .text),
        ("workerSpec", workerSpec),
      ] + CoreSchemas.podProperties + extensionProperties)

  private static let transformer: JSONValue = .fields(
    [("storageUris", storageURIs)] + CoreSchemas.podProperties + extensionProperties)

  private static let explainer: JSONValue = .fields(
    [
      (
        "art",
        .fields(
          [
            ("type", .choice(["SquareAttack"])), ("storageUri", .text), ("runtimeVersion", .text),
            ("config", .textMap), ("storage", storage),
          ] + CoreSchemas.containerProperties)
      ), ("storageUris", storageURIs),
    ] + CoreSchemas.podProperties + extensionProperties)

  private static let canary: JSONValue = .fields(
    [
      ("predictor", predictor),
      ("trafficPercent", JSONValue.int32.with("minimum", 0).with("maximum", 100)),
    ], required: ["predictor", "trafficPercent"])
}
