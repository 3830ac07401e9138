internal import Formats

/// Schemas of LLMInferenceService and LLMInferenceServiceConfig, in both versions.
enum LLMServiceSchemas {
  enum Version {
    case v1alpha1, v1alpha2
  }

  static func spec(_ version: Version) -> JSONValue {
    .fields(
      [
        ("model", model(version)),
        ("storageInitializer", .fields([("enabled", .flag)])),
        ("prefill", .fields(workload(version))),
        ("router", router(version)),
        (
          "tracing",
          .fields([
            ("exporterEndpoint", .text), ("sampler", .text), ("samplerArg", .text), ("exporter", .text),
          ])
        ),
        ("baseRefs", .list(DuckSchemas.localReference)),
      ] + workload(version))
  }

  // MARK: model

  private static func model(_ version: Version) -> JSONValue {
    let criticality: CoreSchemas.Property = ("criticality", .choice(["Critical", "Standard", "Sheddable"]))
    var properties: [CoreSchemas.Property] = [
      ("uri", JSONValue.text.described("hf://, s3://, pvc://, oci:// or oci+native://")),
      ("name", JSONValue.text.described("As requests call it; the object's name where it is not set.")),
      (
        "lora",
        .fields([
          ("adapters", ["x-kubernetes-preserve-unknown-fields": true]),
          ("maxRank", JSONValue.int32.with("minimum", 1)),
          ("maxAdapters", JSONValue.int32.with("minimum", 1)),
          ("maxCpuAdapters", JSONValue.int32.with("minimum", 1)),
        ])
      ),
    ]
    properties.append(
      version == .v1alpha1 ? criticality : ("confidential", InferenceServiceSchema.confidential))
    return .fields(properties, required: ["uri"])
  }

  // MARK: workload

  private static let pod: JSONValue = .fields(CoreSchemas.podProperties)

  private static let parallelism: JSONValue = .fields([
    ("tensor", JSONValue.int32.with("minimum", 1)), ("pipeline", JSONValue.int32.with("minimum", 1)),
    ("data", JSONValue.int32.with("minimum", 1)), ("dataLocal", JSONValue.int32.with("minimum", 1)),
    ("dataRPCPort", JSONValue.int32.with("minimum", 1).with("maximum", 65535)), ("expert", .flag),
  ])

  /// Of the decode (or only) workload and of `prefill`.
  private static func workload(_ version: Version) -> [CoreSchemas.Property] {
    let properties: [CoreSchemas.Property] = [
      ("replicas", JSONValue.int32.with("minimum", 0)), ("scaling", scaling), ("parallelism", parallelism),
      ("labels", .textMap), ("annotations", .textMap), ("template", pod), ("worker", pod),
      (
        "rolloutStrategy",
        .fields([("maxUnavailable", .intOrText), ("maxSurge", .intOrText)])
      ),
    ]
    return version == .v1alpha1 ? properties : properties + [("kvCacheOffloading", kvCacheOffloading)]
  }

  private static let kvCacheOffloading: JSONValue = .fields(
    [
      ("cpu", .quantity), ("evictionPolicy", JSONValue.choice(["lru", "arc"]).with("default", "lru")),
      (
        "secondary",
        .list(
          .fields([
            (
              "fileSystem",
              .fields([
                ("emptyDir", .fields([("size", .quantity)], required: ["size"])),
                (
                  "pvc",
                  .fields([
                    ("spec", .definition("io.k8s.api.core.v1.PersistentVolumeClaimSpec")),
                    ("ref", .fields([("name", .text), ("path", .text)], required: ["name"])),
                  ])
                ),
              ])
            )
          ]))
      ),
    ], required: ["cpu"])

  // MARK: scaling

  private static let behavior: JSONValue = .definition(
    "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerBehavior")

  private static let keda: [CoreSchemas.Property] = [
    ("pollingInterval", JSONValue.int32.with("minimum", 1)),
    ("cooldownPeriod", JSONValue.int32.with("minimum", 0)),
    ("initialCooldownPeriod", JSONValue.int32.with("minimum", 0)),
    ("idleReplicaCount", JSONValue.int32.with("minimum", 0)),
    (
      "fallback",
      .fields(
        [
          ("failureThreshold", .int32), ("replicas", .int32),
          (
            "behavior",
            JSONValue.choice([
              "static", "currentReplicas", "currentReplicasIfHigher", "currentReplicasIfLower",
            ]).with("default", "static")
          ),
        ], required: ["failureThreshold", "replicas"])
    ),
    (
      "advanced",
      .fields([
        ("horizontalPodAutoscalerConfig", .fields([("behavior", behavior), ("name", .text)])),
        ("restoreToOriginalReplicaCount", .flag),
        (
          "scalingModifiers",
          .fields([
            ("formula", .text), ("target", .text), ("activationTarget", .text),
            ("metricType", .choice(["AverageValue", "Value"])),
          ])
        ),
      ])
    ),
  ]

  private static let trigger: JSONValue = .fields(
    [
      ("type", .text), ("name", .text), ("useCachedMetrics", .flag), ("metadata", .textMap),
      ("authenticationRef", .fields([("name", .text), ("kind", .text)], required: ["name"])),
      ("metricType", .text),
    ], required: ["type", "metadata"])

  private static let scaling: JSONValue = .fields(
    [
      ("minReplicas", JSONValue.int32.with("default", 1).with("minimum", 1)),
      ("maxReplicas", JSONValue.int32.with("minimum", 1)),
      (
        "wva",
        .fields([
          ("variantCost", JSONValue.text.with("default", "10.0").with("pattern", "^\\d+(\\.\\d+)?$")),
          ("hpa", .fields([("behavior", behavior)])), ("keda", .fields(keda)),
        ])
      ),
      (
        "keda",
        .fields(
          keda + [
            (
              "triggers",
              JSONValue.list(trigger).with("minItems", 1).with("x-kubernetes-list-type", "atomic")
            )
          ], required: ["triggers"])
      ),
    ], required: ["maxReplicas"])

  // MARK: router

  private static let label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"

  private static let objectName = JSONValue.text.with("minLength", 1).with("maxLength", 253)
  private static let namespaceName = JSONValue.text.with("minLength", 1).with("maxLength", 63)
    .with("pattern", .string("^\(label)$"))

  private static func router(_ version: Version) -> JSONValue {
    .fields([
      (
        "route",
        .fields(
          [
            (
              "http",
              .fields([
                ("refs", .list(DuckSchemas.localReference)),
                ("spec", .definition("io.k8s.networking.gateway.v1.HTTPRouteSpec")),
              ])
            ),
            (
              "group",
              JSONValue.text.with("minLength", 1).with("maxLength", 63)
                .with("pattern", "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")
            ),
            ("weight", JSONValue.int32.with("minimum", 0).with("maximum", 1_000_000)),
          ])
      ),
      (
        "gateway",
        .fields([
          (
            "refs",
            .list(
              .fields([
                ("name", objectName), ("namespace", namespaceName),
                (
                  "sectionName", objectName.with("pattern", .string("^\(label)(\\.\(label))*$"))
                ),
              ]))
          )
        ])
      ),
      (
        "ingress",
        .fields([("refs", .list(.fields([("name", objectName), ("namespace", namespaceName)])))])
      ),
      ("scheduler", scheduler(version)),
    ])
  }

  private static func scheduler(_ version: Version) -> JSONValue {
    .fields([
      (
        "pool",
        .fields([
          ("spec", version == .v1alpha1 ? olderPool : pool), ("ref", DuckSchemas.localReference),
        ])
      ),
      ("labels", .textMap), ("annotations", .textMap), ("template", pod),
      (
        "config",
        .fields([
          ("inline", ["type": "object", "x-kubernetes-preserve-unknown-fields": true]),
          (
            "ref",
            .fields(
              [("name", JSONValue.text.with("default", "")), ("key", .text), ("optional", .flag)],
              required: ["key"])
          ),
        ])
      ),
      ("replicas", .int32), ("tokenizer", .fields([("template", pod)])),
    ])
  }

  private static let port = JSONValue.int32.with("minimum", 1).with("maximum", 65535)

  private static let pool: JSONValue = .fields(
    [
      ("selector", .fields([("matchLabels", .textMap)], required: ["matchLabels"])),
      (
        "targetPorts",
        JSONValue.list(.fields([("number", port)], required: ["number"])).with("minItems", 1)
          .with("maxItems", 8).with("x-kubernetes-list-type", "atomic")
      ),
      ("appProtocol", JSONValue.choice(["http", "kubernetes.io/h2c"]).with("default", "http")),
      (
        "endpointPickerRef",
        .fields(
          [
            ("group", JSONValue.text.with("default", "")),
            ("kind", JSONValue.text.with("default", "Service")),
            ("name", objectName), ("port", .fields([("number", port)], required: ["number"])),
            ("failureMode", JSONValue.choice(["FailOpen", "FailClose"]).with("default", "FailClose")),
          ], required: ["name"])
      ),
    ], required: ["endpointPickerRef", "selector", "targetPorts"])

  private static let olderPool: JSONValue = .fields(
    [
      ("selector", .textMap), ("targetPortNumber", port),
      (
        "extensionRef",
        .fields(
          [
            ("group", JSONValue.text.with("default", "")),
            ("kind", JSONValue.text.with("default", "Service")),
            ("name", objectName), ("portNumber", port),
            ("failureMode", JSONValue.choice(["FailOpen", "FailClose"]).with("default", "FailClose")),
          ], required: ["name"])
      ),
    ], required: ["extensionRef", "selector", "targetPortNumber"])
}
