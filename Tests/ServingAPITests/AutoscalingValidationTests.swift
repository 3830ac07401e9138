import Formats
import KubeProtocol
import ServingAPI
import Testing

/// What each autoscaler's rules say: the annotations, the predictor's members, the message (empty: good).
private let rows: [(annotations: [String: String], members: String, expected: String)] = [
  (standardHPA, #""scaleMetric":"cpu","scaleTarget":80"#, ""),
  (standardHPA, #""scaleMetric":"memory","scaleTarget":300"#, ""),
  (standardHPA, #""scaleMetric":"concurrency""#, "[concurrency] is not a supported metric"),
  (standardHPA, #""scaleMetric":"rps""#, "[rps] is not a supported metric"),
  (standardHPA, #""scaleTarget":0"#, percentage), (standardHPA, #""scaleTarget":101"#, percentage),
  (
    standardHPA, #""scaleMetric":"memory","scaleTarget":0"#,
    "the target memory should be greater than 1 MiB"
  ),
  (standardHPA, metrics(#"{"type":"Resource","resource":{"name":"cpu","target":{}}}"#), ""),
  (
    standardHPA, metrics(#"{"type":"External"}"#),
    "invalid HPA metric source type with value [External],valid metric source types are Resource"
  ),
  (
    standardHPA, metrics(#"{"type":"Resource"}"#),
    "metricSpec.Resource is not set for resource metric source type"
  ),
  (standardKEDA, #""scaleMetric":"cpu""#, "ScaleMetric is not supported for KEDA"),
  (
    standardKEDA,
    resource("cpu", #"{"type":"Utilization","averageUtilization":50}"#), ""
  ),
  (
    standardKEDA, resource("cpu", #"{"type":"Value","value":1}"#),
    "the cpu target value type should be Utilization"
  ),
  (standardKEDA, resource("cpu", #"{"type":"Utilization","averageUtilization":0}"#), percentage),
  (standardKEDA, resource("cpu", #"{"type":"Utilization"}"#), "the AverageUtilization type should be set"),
  (standardKEDA, resource("memory", #"{"type":"AverageValue","averageValue":"1Gi"}"#), ""),
  (
    standardKEDA, resource("memory", #"{"type":"AverageValue","averageValue":"1Ki"}"#),
    "the memory target value should be greater than 1 MiB"
  ),
  (
    standardKEDA, resource("memory", #"{"type":"AverageValue"}"#), "the AverageValue type should be set"
  ),
  (
    standardKEDA, resource("memory", #"{"type":"Value","value":1}"#),
    "the memory target value type should be AverageValue or Utilization"
  ),
  (standardKEDA, resource("disk", #"{"type":"Value","value":1}"#), "resource type disk is not supported"),
  (standardKEDA, external(#""query":"up""#, #"{"type":"Value","value":"7.5"}"#), ""),
  (standardKEDA, external("", #"{"type":"Value","value":1}"#), "the query should not be empty"),
  (standardKEDA, external(#""query":"up""#, "{}"), "the target threshold value should not be empty"),
  (
    standardKEDA, external(#""query":"up""#, #"{"type":"Value","value":"many"}"#),
    "\"many\" is no quantity, as 10, 500m or 2Gi"
  ),
  (
    standardKEDA, metrics(#"{"type":"External"}"#),
    "metricSpec.External is not set for external metric source type"
  ),
  (
    standardKEDA, metrics(#"{"type":"PodMetric"}"#),
    "metricSpec.PodMetric is not set for pod metric source type"
  ),
  (
    standardKEDA, metrics(#"{"type":"PodMetric","podmetric":{"metric":{"query":"x"},"target":{"value":1}}}"#),
    ""
  ),
  (
    standardKEDA, metrics(#"{"type":"Load"}"#),
    "unknown KEDA metric type with value [Load].Valid types are Resource,External,PodMetric"
  ),
  (knative, #""scaleMetric":"concurrency","scaleTarget":1"#, ""), (knative, #""scaleMetric":"rps""#, ""),
  (knative, #""scaleMetric":"cpu""#, "[cpu] is not a supported metric"),
  (knative, #""scaleMetric":"rps","scaleTarget":0"#, "the target for rps should be greater than 1"),
  (
    knative, #""deploymentStrategy":{"type":"Recreate"}"#,
    "customizing deploymentStrategy is only supported for raw deployment mode"
  ),
  (knativeHPA, #""scaleMetric":"cpu","scaleTarget":50"#, ""),
  (knativeHPA, #""scaleMetric":"rps""#, "[rps] is not a supported metric"),
  (standardKEDA, resource("memory", #"{"type":"Utilization","averageUtilization":101}"#), percentage),
  (
    standardKEDA, external(#""query":"up""#, #"{"type":"AverageValue","value":1}"#),
    "the AverageValue type should be set"
  ),
  // The class without the mode has its own rules.
  (
    ["serving.kserve.io/autoscalerClass": "keda"], #""scaleMetric":"cpu""#,
    "ScaleMetric is not supported for KEDA"
  ),
  (["serving.kserve.io/autoscalerClass": "hpa"], #""scaleMetric":"rps""#, "[rps] is not a supported metric"),
  (["serving.kserve.io/autoscalerClass": "hpa"], #""scaleTarget":101"#, percentage),
  // Without the class, Standard mode judges nothing; without the mode, whatever either mode has may be used.
  (["serving.kserve.io/deploymentMode": "Standard"], #""scaleMetric":"rps","scaleTarget":0"#, ""),
  ([:], #""scaleMetric":"concurrency","deploymentStrategy":{"type":"Recreate"},"minReplicas":0"#, ""),
  ([:], #""scaleMetric":"cpu","scaleTarget":60,"canaryTrafficPercent":10"#, ""),
  ([:], #""scaleMetric":"cpu","scaleTarget":600"#, percentage),
  ([:], #""scaleMetric":"rps","scaleTarget":0"#, "the target for rps should be greater than 1"),
]

private let percentage = "the target utilization percentage should be a [1-100] integer"
private let standardHPA = [
  "serving.kserve.io/deploymentMode": "Standard", "serving.kserve.io/autoscalerClass": "hpa",
]
private let standardKEDA = [
  "serving.kserve.io/deploymentMode": "Standard", "serving.kserve.io/autoscalerClass": "keda",
]
private let knative = ["serving.kserve.io/deploymentMode": "Knative"]
private let knativeHPA = [
  "serving.kserve.io/deploymentMode": "Knative",
  "autoscaling.knative.dev/class": "hpa.autoscaling.knative.dev",
]

private func metrics(_ metric: String) -> String { #""autoScaling":{"metrics":[\#(metric)]}"# }
private func resource(_ name: String, _ target: String) -> String {
  metrics(#"{"type":"Resource","resource":{"name":"\#(name)","target":\#(target)}}"#)
}
private func external(_ metric: String, _ target: String) -> String {
  metrics(#"{"type":"External","external":{"metric":{\#(metric)},"target":\#(target)}}"#)
}

@Suite struct AutoscalingValidationTests {
  @Test(arguments: rows.indices)
  func eachAutoscalerHasUpstreamsRules(_ index: Int) throws {
    let row = rows[index]
    let service = try makeService(
      #"{"predictor":{"model":{"modelFormat":{"name":"a"}},\#(row.members)}}"#, annotations: row.annotations)
    let messages = InferenceServiceValidation.causes(service).map(\.message)
    #expect(messages == (row.expected.isEmpty ? [] : [row.expected]))
  }
}
