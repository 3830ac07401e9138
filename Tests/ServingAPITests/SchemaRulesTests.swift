import Formats
import KubeProtocol
import ServingAPI
import Testing

private let model = #""model":{"modelFormat":{"name":"a"}}"#
private let metric = #"{"predictor":{\#(model),"autoScaling":{"metrics":[$]}}}"#

/// What the schemas alone refuse, before anything else looks at an object: kind, its JSON, the field at fault
/// (empty: good).
private let rows: [(kind: String, json: String, field: String)] =
  service.map { ("InferenceService", #"{"spec":\#($0.spec)}"#, $0.field.isEmpty ? "" : "spec.\($0.field)") }
  + metrics.map {
    (
      "InferenceService", #"{"spec":\#(metric.replacing("$", with: $0.metric))}"#,
      $0.field.isEmpty ? "" : "spec.predictor.autoScaling.metrics[0].\($0.field)"
    )
  }
  + status.map {
    ("InferenceService", #"{"spec":{"predictor":{}},"status":\#($0.status)}"#, "status.\($0.field)")
  } + others

private let service: [(spec: String, field: String)] = [
  ("{}", "predictor"), (#"{"predictor":{\#(model)}}"#, ""),
  (#"{"predictor":{"model":{}}}"#, model(".modelFormat")),
  (#"{"predictor":{"model":{"modelFormat":{}}}}"#, model(".modelFormat.name")),
  (#"{"predictor":{"name":"2a"}}"#, "predictor.name"), (#"{"predictor":{"name":"a-"}}"#, "predictor.name"),
  (#"{"predictor":{"storageUris":[]}}"#, "predictor.storageUris"),
  (#"{"predictor":{"storageUris":[{}]}}"#, "predictor.storageUris[0].uri"),
  (#"{"predictor":{"storageUris":[{"uri":"a","mountPath":"b"}]}}"#, "predictor.storageUris[0].mountPath"),
  (
    #"{"predictor":{"storageUris":[{"uri":"a","mountPath":"/\#(String(repeating: "x", count: 255))"}]}}"#,
    "predictor.storageUris[0].mountPath"
  ),
  (#"{"predictor":{"scaleMetric":"rps","scaleMetricType":"AverageValue"}}"#, ""),
  (#"{"predictor":{"scaleMetric":"load"}}"#, "predictor.scaleMetric"),
  (#"{"predictor":{"scaleMetricType":"Load"}}"#, "predictor.scaleMetricType"),
  (#"{"predictor":{"logger":{"mode":"some"}}}"#, "predictor.logger.mode"),
  (#"{"predictor":{"timeout":"5s"}}"#, "predictor.timeout"),
  (
    #"{"predictor":{"model":{"modelFormat":{"name":"a"},"confidential":{}}}}"#, model(".confidential.enabled")
  ),
  (#"{"predictor":{},"canary":[{"trafficPercent":1}]}"#, "canary[0].predictor"),
  (#"{"predictor":{},"canary":[{"predictor":{}}]}"#, "canary[0].trafficPercent"),
  (#"{"predictor":{},"canary":[{"predictor":{},"trafficPercent":101}]}"#, "canary[0].trafficPercent"),
  (#"{"predictor":{},"canary":[{"predictor":{},"trafficPercent":-1}]}"#, "canary[0].trafficPercent"),
]

private func model(_ path: String) -> String { "predictor.model\(path)" }

private let metrics: [(metric: String, field: String)] = [
  (#"{"type":"Load"}"#, "type"), ("{}", "type"),
  (
    #"{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":5}}}"#,
    ""
  ),
  (#"{"type":"Resource","resource":{"name":"disk","target":{}}}"#, "resource.name"),
  (#"{"type":"Resource","resource":{"name":"cpu"}}"#, "resource.target"),
  (#"{"type":"Resource","resource":{"name":"cpu","target":{"type":"x"}}}"#, "resource.target.type"),
  // Quantities are numbers or texts, and stay what they are.
  (#"{"type":"External","external":{"metric":{"backend":"prometheus"},"target":{"value":5}}}"#, ""),
  (#"{"type":"External","external":{"metric":{"backend":"graphite"},"target":{"averageValue":"1.5k"}}}"#, ""),
  (#"{"type":"External","external":{"metric":{"backend":"x"},"target":{}}}"#, "external.metric.backend"),
  (#"{"type":"External","external":{"target":{}}}"#, "external.metric"),
  (
    #"{"type":"External","external":{"metric":{},"target":{},"authenticationRef":{}}}"#,
    "external.authenticationRef.authenticationRef"
  ),
  (#"{"type":"PodMetric","podmetric":{"metric":{"backend":"opentelemetry"},"target":{}}}"#, ""),
  (
    #"{"type":"PodMetric","podmetric":{"metric":{"backend":"prometheus"},"target":{}}}"#,
    "podmetric.metric.backend"
  ),
]

private let status: [(status: String, field: String)] = [
  (#"{"modelStatus":{"transitionStatus":"Done"}}"#, "modelStatus.transitionStatus"),
  (
    #"{"modelStatus":{"transitionStatus":"InProgress","states":{"activeModelState":"Done"}}}"#,
    "modelStatus.states.activeModelState"
  ),
  (
    #"{"modelStatus":{"transitionStatus":"InProgress","states":{"activeModelState":"","targetModelState":"x"}}}"#,
    "modelStatus.states.targetModelState"
  ),
  (
    #"{"modelStatus":{"transitionStatus":"InvalidSpec","lastFailureInfo":{"reason":"Because"}}}"#,
    "modelStatus.lastFailureInfo.reason"
  ),
  (#"{"canaryStatuses":[{"name":"a","ready":true}]}"#, "canaryStatuses[0].trafficPercent"),
]

private let others: [(kind: String, json: String, field: String)] = [
  ("ServingRuntime", #"{"spec":{}}"#, "spec.containers"),
  ("ServingRuntime", #"{"spec":{"containers":[],"supportedModelFormats":[{"name":"a","priority":1}]}}"#, ""),
  (
    "ServingRuntime", #"{"spec":{"containers":[],"supportedModelFormats":[{"name":"a","priority":0}]}}"#,
    "spec.supportedModelFormats[0].priority"
  ),
  (
    "ClusterServingRuntime", #"{"spec":{"containers":[],"supportedModelFormats":[{"version":"1"}]}}"#,
    "spec.supportedModelFormats[0].name"
  ),
  ("ClusterServingRuntime", #"{"spec":{"containers":[],"workerSpec":{}}}"#, "spec.workerSpec.containers"),
  (
    "TrainedModel", #"{"spec":{"model":{"storageUri":"s","framework":"f","memory":1}}}"#,
    "spec.inferenceService"
  ),
  ("TrainedModel", #"{"spec":{"inferenceService":"i"}}"#, "spec.model"),
  (
    "TrainedModel", #"{"spec":{"inferenceService":"i","model":{"storageUri":"s","framework":"f"}}}"#,
    "spec.model.memory"
  ),
  ("InferenceGraph", #"{"spec":{}}"#, "spec.nodes"),
  ("InferenceGraph", #"{"spec":{"nodes":{"root":{}}}}"#, "spec.nodes.root.routerType"),
  ("InferenceGraph", #"{"spec":{"nodes":{"root":{"routerType":"Loop"}}}}"#, "spec.nodes.root.routerType"),
  (
    "InferenceGraph", #"{"spec":{"nodes":{"root":{"routerType":"Switch","steps":[{"dependency":"Firm"}]}}}}"#,
    "spec.nodes.root.steps[0].dependency"
  ),
  (
    "ClusterStorageContainer",
    #"{"spec":{"container":{"name":"c"},"supportedUriFormats":[]},"disabled":true}"#, ""
  ),
  ("ClusterStorageContainer", #"{"spec":{"supportedUriFormats":[]}}"#, "spec.container"),
  ("LocalModelCache", #"{"spec":{"sourceModelUri":"s","modelSize":"1Gi","nodeGroups":["g"]}}"#, ""),
  (
    "LocalModelCache", #"{"spec":{"sourceModelUri":"s","modelSize":"1Gi","nodeGroups":[]}}"#,
    "spec.nodeGroups"
  ),
  ("LocalModelNamespaceCache", #"{"spec":{"sourceModelUri":"s","nodeGroups":["g"]}}"#, "spec.modelSize"),
  (
    "LocalModelNamespaceCache",
    #"{"spec":{"sourceModelUri":"s","modelSize":1,"nodeGroups":["g"]},"status":{"nodeStatus":{"n":"Gone"}}}"#,
    "status.nodeStatus.n"
  ),
  ("LocalModelNode", #"{"spec":{"localModels":[{"sourceModelUri":"s"}]}}"#, "spec.localModels[0].modelName"),
  (
    "LocalModelNode", #"{"spec":{"localModels":[]},"status":{"modelStatus":{"m":"Gone"}}}"#,
    "status.modelStatus.m"
  ),
  (
    "LocalModelNodeGroup", #"{"spec":{"persistentVolumeSpec":{},"persistentVolumeClaimSpec":{}}}"#,
    "spec.storageLimit"
  ),
]

private let columns: [String: [(name: String, path: String)]] = [
  "InferenceService": [
    ("URL", ".status.url"), ("Ready", ".status.conditions[?(@.type=='Ready')].status"),
    ("Prev", ".status.components.predictor.traffic[?(@.tag=='prev')].percent"),
    ("Latest", ".status.components.predictor.traffic[?(@.latestRevision==true)].percent"),
    ("PrevRolledoutRevision", ".status.components.predictor.traffic[?(@.tag=='prev')].revisionName"),
    ("LatestReadyRevision", ".status.components.predictor.traffic[?(@.latestRevision==true)].revisionName"),
    ("Age", ".metadata.creationTimestamp"),
  ],
  "ServingRuntime": [
    ("Disabled", ".spec.disabled"), ("ModelType", ".spec.supportedModelFormats[*].name"),
    ("Containers", ".spec.containers[*].name"), ("Age", ".metadata.creationTimestamp"),
  ],
  "TrainedModel": [
    ("URL", ".status.url"), ("Ready", ".status.conditions[?(@.type=='Ready')].status"),
    ("Age", ".metadata.creationTimestamp"),
  ],
]

@Suite struct SchemaRulesTests {
  @Test(arguments: rows.indices)
  func eachSchemaHasUpstreamsBounds(_ index: Int) throws {
    let row = rows[index]
    let definition = try #require(
      ServingCRDs.all.first { $0.json.at("spec", "names", "kind")?.string == row.kind })
    let version = try #require(definition.json.at("spec", "versions")?.array?.last)
    let schema = try Schema(openAPIV3: try #require(version.at("schema", "openAPIV3Schema")))
    let found = SchemaValidator(schema: schema, catalog: BuiltinSchemas.catalog)
      .validate(try JSONValue(parsing: row.json), at: "").map(\.field)
    #expect(found == (row.field.isEmpty ? [] : [row.field]))
  }

  @Test(arguments: columns.keys.sorted())
  func columnsReadUpstreamsPaths(_ kind: String) throws {
    let definition = try #require(
      ServingCRDs.all.first { $0.json.at("spec", "names", "kind")?.string == kind })
    let found = definition.json.at("spec", "versions")?[0]?["additionalPrinterColumns"]?.array ?? []
    let wanted = try #require(columns[kind])
    #expect(found.map { $0["name"]?.string } == wanted.map(\.name))
    #expect(found.map { $0["jsonPath"]?.string } == wanted.map(\.path))
  }
}
