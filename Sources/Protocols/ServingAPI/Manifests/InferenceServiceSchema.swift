internal import Formats

/// The schema of `InferenceService.spec`.
enum InferenceServiceSchema {
  static let spec: JSONValue = JSONValue.fields(
    [
      ("predictor", predictor.described("Serves the model.")),
      ("transformer", transformer.described("Works on requests and answers before and after the predictor.")),
      ("explainer", explainer.described("Explains predictions.")),
      (
        "canary",
        JSONValue.list(canary).with("x-kubernetes-list-type", "atomic").described(
          "Further predictors that get a share of the traffic.")
      ),
    ], required: ["predictor"])

  /// Where a model lies and the container that serves it.
  private static let modelProperties: [CoreSchemas.Property] = [
    (
      "storageUri", JSONValue.text.described("Where the model's files are: gs://, s3://, pvc://, https://, …")
    ),
    ("runtimeVersion", JSONValue.text.described("Tag of the runtime's image.")),
    ("protocolVersion", JSONValue.text.described("v1, v2, grpc-v1 or grpc-v2.")),
    ("storage", ComponentSchemas.storage),
    ("confidential", confidential),
  ]

  static let confidential: JSONValue = .fields(
    [("enabled", .flag), ("resourceId", .text)], required: ["enabled"])

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
    CoreSchemas.podProperties + ComponentSchemas.parallelSizes)

  private static let predictor: JSONValue = .fields(
    [("name", JSONValue.text.with("pattern", "^[a-z]([-a-z0-9]*[a-z0-9])?$"))]
      + PredictorFramework.all.map { ($0.field, framework) }
      + [
        ("model", model), ("storageUris", ComponentSchemas.storageURIs), ("storageContainerName", .text),
        ("workerSpec", workerSpec),
      ] + CoreSchemas.podProperties + ComponentSchemas.properties)

  private static let transformer: JSONValue = .fields(
    [("storageUris", ComponentSchemas.storageURIs)] + CoreSchemas.podProperties + ComponentSchemas.properties)

  private static let explainer: JSONValue = .fields(
    [
      (
        "art",
        .fields(
          [
            ("type", .text), ("storageUri", .text), ("runtimeVersion", .text),
            ("config", .textMap), ("storage", ComponentSchemas.storage),
          ] + CoreSchemas.containerProperties)
      ), ("storageUris", ComponentSchemas.storageURIs),
    ] + CoreSchemas.podProperties + ComponentSchemas.properties)

  private static let canary: JSONValue = .fields(
    [
      ("predictor", predictor),
      ("trafficPercent", JSONValue.int32.with("minimum", 0).with("maximum", 100)),
    ], required: ["predictor", "trafficPercent"])
}
