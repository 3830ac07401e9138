import Formats
import KubeProtocol
import ServingAPI
import Testing

/// Spec, then the message of the only cause (empty: good).
private let rows: [(spec: String, expected: String)] = [
  (#"{"model":{"uri":"hf://a"},"replicas":1}"#, ""),
  (
    #"{"replicas":1,"scaling":{"maxReplicas":2,"keda":{"triggers":[{}]}}}"#,
    "scaling and replicas are mutually exclusive; use scaling for autoscaled deployments or replicas for "
      + "static deployments"
  ),
  (
    #"{"scaling":{"maxReplicas":2}}"#,
    "Required value: either wva or keda must be specified when scaling is configured"
  ),
  (
    #"{"scaling":{"minReplicas":3,"maxReplicas":2,"wva":{"hpa":{}}}}"#,
    "minReplicas (3) cannot exceed maxReplicas (2)"
  ),
  (
    #"{"scaling":{"maxReplicas":2,"wva":{}}}"#,
    "Required value: either hpa or keda must be specified as the actuator backend"
  ),
  (
    #"{"scaling":{"maxReplicas":2,"wva":{"hpa":{},"keda":{}}}}"#,
    "hpa and keda are mutually exclusive; choose one actuator backend"
  ),
  (
    #"{"worker":{}}"#,
    "when worker is specified, parallelism must be configured for either data parallelism or pipeline "
      + "parallelism"
  ),
  (
    #"{"parallelism":{"pipeline":2,"data":2,"dataLocal":1}}"#,
    "cannot set both pipeline parallelism and data parallelism (data or dataLocal) simultaneously"
  ),
  (#"{"parallelism":{"data":2}}"#, "dataLocal must be set when data is set"),
  (#"{"parallelism":{"dataLocal":2}}"#, "data must be set when dataLocal is set"),
  (
    #"{"router":{"scheduler":{"replicas":0}}}"#,
    "Invalid value: 0: scheduler replicas must be greater than zero"
  ),
  (#"{"router":{"scheduler":{"config":{}}}}"#, "either inline or ref is required"),
  (#"{"router":{"route":{"weight":5}}}"#, "Required value: weight requires group"),
  (#"{"router":{"route":{"group":"g"}}}"#, "Required value: group requires weight"),
  (
    #"{"model":{"lora":{"adapters":[{"uri":"x"}]}}}"#, "Required value: adapter name is required"
  ),
  (
    #"{"model":{"lora":{"adapters":[{"name":"a"},{"name":"a"}]}}}"#,
    "Invalid value: \"a\": duplicate name (same as adapters[0])"
  ),
  (
    #"{"model":{"name":"base","lora":{"adapters":[{"name":"base"}]}}}"#,
    "Invalid value: \"base\": adapter name must differ from base model name \"base\""
  ),
  (
    #"{"rolloutStrategy":{"maxUnavailable":0,"maxSurge":"0%"}}"#,
    "maxUnavailable and maxSurge cannot both be zero; this would prevent any rolling update progress"
  ),
  (
    #"{"rolloutStrategy":{"maxUnavailable":"120%"}}"#,
    "Invalid value: \"120%\": must not be greater than 100%"
  ),
]

@Suite struct LLMServiceTests {
  private func service(_ spec: String, version: String = "v1alpha2") throws -> KubeObject {
    var object = KubeObject(.llmInferenceServices, namespace: "team", name: "llm")
    object["apiVersion"] = .string("serving.kserve.io/\(version)")
    object.spec = try JSONValue(parsing: spec)
    return object
  }

  @Test(arguments: rows.indices)
  func eachRuleHasUpstreamsSentence(_ index: Int) throws {
    let messages = LLMServiceValidation.causes(try service(rows[index].spec)).map(\.message)
    #expect(messages == (rows[index].expected.isEmpty ? [] : [rows[index].expected]))
  }

  @Test func theSizeOfAModelStays() throws {
    let old = try service(#"{"parallelism":{"pipeline":2}}"#)
    #expect(
      LLMServiceValidation.causes(try service(#"{"parallelism":{"pipeline":4}}"#), old: old).map(\.message)
        == ["Invalid value: 4: total parallelism size is immutable, previous size 2, curr size 4"])
  }

  @Test func goingToTheOtherVersionAndBackLosesNothing() throws {
    let older = try service(
      #"{"model":{"uri":"hf://a","criticality":"Critical","lora":{"adapters":[{"name":"x","criticality":"Sheddable"},{"name":"y"}]}},"router":{"scheduler":{"pool":{"spec":{"selector":{"app":"a"},"targetPortNumber":8000,"extensionRef":{"name":"p","portNumber":9002,"failureMode":"FailOpen"}}}}}}"#,
      version: "v1alpha1")
    let newer = LLMServiceConversion.convert(older, to: "v1alpha2")
    #expect(newer.apiVersion == "serving.kserve.io/v1alpha2")
    #expect(newer.json.at("spec", "model", "criticality") == nil)
    #expect(newer.annotations["internal.serving.kserve.io/model-criticality"] == "Critical")
    let pool = newer.json.at("spec", "router", "scheduler", "pool", "spec")
    #expect(pool?["targetPorts"] == [["number": 8000]])
    #expect(pool?.at("endpointPickerRef", "port", "number") == 9002)
    let back = LLMServiceConversion.convert(newer, to: "v1alpha1")
    #expect(back.json.at("spec", "model") == older.json.at("spec", "model"))
    #expect(back.annotations == [:])
    #expect(
      back.json.at("spec", "router", "scheduler", "pool", "spec", "extensionRef", "portNumber") == 9002)
  }
}
