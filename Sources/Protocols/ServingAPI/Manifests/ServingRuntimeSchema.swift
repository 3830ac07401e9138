internal import Formats

/// The schema of `ServingRuntime.spec`, which `ClusterServingRuntime` shares.
enum ServingRuntimeSchema {
  private static let podFields: [String] = [
    "containers", "volumes", "nodeSelector", "affinity", "tolerations", "imagePullSecrets", "hostIPC",
    "schedulerName", "resourceClaims",
  ]

  private static let podProperties: [CoreSchemas.Property] =
    CoreSchemas.podProperties.filter { podFields.contains($0.name) }
    + [("labels", .textMap), ("annotations", .textMap)]

  private static let modelFormat: JSONValue = .fields(
    [
      ("name", JSONValue.text.described("Name of the format, as in predictor.model.modelFormat.name.")),
      ("version", .text),
      ("autoSelect", JSONValue.flag.described("Taken for models of this format that name no runtime.")),
      ("priority", JSONValue.int32.with("minimum", 1).described("The highest priority is taken first.")),
    ], required: ["name"])

  static let spec: JSONValue = .fields(
    [
      ("supportedModelFormats", .list(modelFormat)), ("multiModel", .flag), ("disabled", .flag),
      ("protocolVersions", .texts),
      (
        "workerSpec",
        .fields(podProperties + ComponentSchemas.parallelSizes, required: ["containers"])
      ),
      ("grpcEndpoint", .text), ("grpcDataEndpoint", .text), ("httpDataEndpoint", .text), ("replicas", .int32),
      ("storageHelper", .fields([("disabled", .flag)])),
      (
        "builtInAdapter",
        .fields([
          ("serverType", .text), ("runtimeManagementPort", .int64), ("memBufferBytes", .int64),
          ("modelLoadingTimeoutMillis", .int64), ("env", .list(of: "io.k8s.api.core.v1.EnvVar")),
        ])
      ),
    ] + podProperties, required: ["containers"])
}
