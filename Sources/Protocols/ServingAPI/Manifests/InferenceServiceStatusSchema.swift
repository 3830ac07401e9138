internal import Formats

/// The schema of `InferenceService.status`. Unknown members stay, as in upstream.
enum InferenceServiceStatusSchema {
  static let status: JSONValue = JSONValue.fields(
    DuckSchemas.statusProperties + [
      ("url", .text), ("address", DuckSchemas.address), ("components", .map(of: component)),
      ("modelStatus", modelStatus), ("canaryStatuses", canaryStatuses), ("deploymentMode", .text),
      ("servingRuntimeName", .text), ("clusterServingRuntimeName", .text),
    ]
  ).with("x-kubernetes-preserve-unknown-fields", true)

  private static let component: JSONValue = .fields([
    ("latestReadyRevision", .text), ("latestCreatedRevision", .text), ("previousRolledoutRevision", .text),
    ("latestRolledoutRevision", .text),
    (
      "traffic",
      .list(
        .fields([
          ("tag", .text), ("revisionName", .text), ("configurationName", .text), ("latestRevision", .flag),
          ("percent", .int64), ("url", .text),
        ]))
    ),
    ("url", .text), ("restUrl", .text), ("grpcUrl", .text), ("address", DuckSchemas.address),
  ])

  private static let modelStates: [String] = [
    "", "Pending", "Standby", "Loading", "Loaded", "FailedToLoad",
  ]

  private static let modelStatus: JSONValue = .fields(
    [
      (
        "transitionStatus",
        JSONValue.choice(["", "UpToDate", "InProgress", "BlockedByFailedLoad", "InvalidSpec"])
          .with("default", "UpToDate")
      ),
      (
        "states",
        .fields(
          [
            ("activeModelState", JSONValue.choice(modelStates).with("default", "Pending")),
            ("targetModelState", JSONValue.choice(modelStates).with("default", "")),
          ], required: ["activeModelState"])
      ),
      (
        "lastFailureInfo",
        .fields([
          ("location", .text),
          (
            "reason",
            .choice([
              "ModelLoadFailed", "RuntimeUnhealthy", "RuntimeDisabled", "NoSupportingRuntime",
              "RuntimeNotRecognized", "InvalidPredictorSpec",
            ])
          ), ("message", .text), ("modelRevisionName", .text),
          ("time", JSONValue.text.with("format", "date-time")), ("exitCode", .int32),
        ])
      ),
      (
        "copies",
        .fields(
          [("failedCopies", JSONValue.int64.with("default", 0)), ("totalCopies", .int64)],
          required: ["failedCopies"])
      ),
    ], required: ["transitionStatus"])

  private static let canaryStatuses: JSONValue = JSONValue.list(
    .fields(
      [
        ("name", .text), ("ready", .flag), ("trafficPercent", .int32), ("modelStatus", modelStatus),
      ], required: ["name", "ready", "trafficPercent"])
  ).with("x-kubernetes-list-type", "atomic")
}
