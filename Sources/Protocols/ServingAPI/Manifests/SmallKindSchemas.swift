internal import Formats

/// Schemas of the kinds that hold no pod spec.
enum SmallKindSchemas {
  // MARK: TrainedModel

  static let trainedModelSpec: JSONValue = .fields(
    [
      ("inferenceService", JSONValue.text.described("The multi-model service that serves it.")),
      (
        "model",
        .fields(
          [
            ("storageUri", JSONValue.text.described("s3://, gs://, https:// or http://")),
            ("framework", .text),
            ("memory", JSONValue.quantity.described("What it needs of the predictor's memory.")),
          ], required: ["storageUri", "framework", "memory"])
      ),
    ], required: ["inferenceService", "model"])

  static let trainedModelStatus: JSONValue = .fields(
    DuckSchemas.statusProperties + [("url", .text), ("address", DuckSchemas.address)])

  // MARK: InferenceGraph

  private static let graphStep: JSONValue = .fields([
    ("name", .text),
    ("nodeName", JSONValue.text.described("Another node of this graph.")),
    ("serviceName", JSONValue.text.described("An InferenceService of this namespace.")),
    ("serviceUrl", JSONValue.text.described("Anything that answers there.")),
    ("data", JSONValue.text.described("$request or $response: what the step is given.")),
    ("mapPredictionsToInstances", .flag),
    ("weight", JSONValue.int64.described("Percent of the requests (Splitter).")),
    ("condition", JSONValue.text.described("GJSON path that must find something.")),
    ("dependency", .choice(["Soft", "Hard"])),
  ])

  private static let graphNode: JSONValue = .fields(
    [
      ("routerType", .choice(GraphNode.RouterType.allCases.map(\.rawValue))), ("steps", .list(graphStep)),
    ], required: ["routerType"])

  static let inferenceGraphSpec: JSONValue = .fields(
    [
      ("nodes", JSONValue.map(of: graphNode).described("The graph; its entry is the node \"root\".")),
      ("resources", .definition("io.k8s.api.core.v1.ResourceRequirements")),
      ("affinity", .definition("io.k8s.api.core.v1.Affinity")), ("timeout", .int64),
      (
        "routerTimeouts",
        .fields([
          ("serverRead", .int64), ("serverWrite", .int64), ("serverIdle", .int64), ("serviceClient", .int64),
        ])
      ),
      ("minReplicas", .int32), ("maxReplicas", .int32), ("scaleTarget", .int32),
      ("scaleMetric", ComponentSchemas.scaleMetric),
      ("tolerations", .list(of: "io.k8s.api.core.v1.Toleration")), ("nodeSelector", .textMap),
      ("nodeName", .text), ("serviceAccountName", .text),
    ], required: ["nodes"])

  static let inferenceGraphStatus: JSONValue = .fields(
    DuckSchemas.statusProperties + [("url", .text), ("deploymentMode", .text)])

  // MARK: ClusterStorageContainer

  static let storageContainerSpec: JSONValue = .fields(
    [
      ("container", .definition("io.k8s.api.core.v1.Container")),
      (
        "supportedUriFormats",
        .list(
          .fields([
            ("prefix", JSONValue.text.described("What the URI begins with.")),
            ("regex", JSONValue.text.described("What the whole URI matches.")),
          ]))
      ),
      ("workloadType", JSONValue.text.with("default", "initContainer")),
      ("supportsMultiModelDownload", JSONValue.flag.with("default", false)),
    ], required: ["container", "supportedUriFormats"])
}
