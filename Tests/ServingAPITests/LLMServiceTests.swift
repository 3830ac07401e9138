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
    #"{"router":{"route":{"http":{"refs":[{"name":"r"}],"spec":{}}}}}"#,
    "unsupported configuration: cannot use both custom HTTPRoute refs ('spec.router.route.http.refs') and an "
      + "inline route spec ('spec.router.route.http.spec'); use one of them"
  ),
  (
    #"{"router":{"gateway":{},"route":{"http":{"refs":[{"name":"r"}]}}}}"#,
    "unsupported configuration: custom HTTP routes ('spec.router.route.http.refs') cannot be used with a "
      + "managed gateway ('spec.router.gateway'); either remove 'spec.router.gateway' or set "
      + "'spec.router.route.http.spec'"
  ),
  (
    #"{"router":{"gateway":{"refs":[{"name":"g"}]},"route":{"http":{"spec":{"parentRefs":[{"name":"h"}]}}}}}"#,
    "unsupported configuration: 'spec.router.route.http.spec.parentRefs' names other gateways than "
      + "'spec.router.gateway.refs'; leave one of them out"
  ),
  (
    #"{"router":{"gateway":{"refs":[{"name":"g"}]},"route":{"http":{"spec":{"parentRefs":[{"name":"g"}]}}}}}"#,
    ""
  ),
  (
    #"{"router":{"ingress":{},"route":{"group":"g","weight":5}}}"#,
    "traffic splitting requires Gateway API routing; the controller manages HTTPRoutes, not Ingress resources"
  ),
  (
    #"{"router":{"route":{"group":"g","weight":5,"http":{"refs":[{"name":"r"}]}}}}"#,
    "Invalid value: \"g\": traffic splitting cannot be used with custom HTTPRoute refs; controller-managed "
      + "routes (route.http.spec or route.http: {}) are required"
  ),
  (
    #"{"router":{"scheduler":{"config":{"inline":{"a":1},"ref":{"name":"c"}}}}}"#,
    "both inline and ref are set, either specify inline or ref"
  ),
  (#"{"router":{"scheduler":{"config":{"ref":{}}}}}"#, "name is empty"),
  (
    #"{"model":{"lora":{"adapters":[{"name":".."}]}}}"#,
    "Invalid value: \"..\": adapter name must not include \".\" or \"..\" (path traversal risk)"
  ),
  (
    #"{"model":{"confidential":{"enabled":true,"resourceId":"kbs://a"}}}"#,
    "Invalid value: \"kbs://a\": must be in the format kbs:///<repo>/<type>/<tag>"
  ),
  (
    #"{"parallelism":{"pipeline":0}}"#, "Invalid value: 0: pipeline parallelism must be greater than 0"
  ),
  (
    #"{"scaling":{"maxReplicas":2,"wva":{"hpa":{}},"keda":{"triggers":[{}]}}}"#,
    "wva and keda are mutually exclusive; choose one scaling mechanism"
  ),
  (
    #"{"scaling":{"maxReplicas":2,"keda":{}}}"#,
    "Required value: at least one trigger is required when using direct KEDA scaling"
  ),
  (
    #"{"scaling":{"maxReplicas":2,"wva":{"keda":{"advanced":{"scalingModifiers":{"formula":"x"}}}}}}"#,
    "Forbidden: scalingModifiers must not be set; WVA controls the scaling metric formula and logic"
  ),
  (
    #"{"scaling":{"maxReplicas":2,"keda":{"triggers":[{}],"advanced":{"horizontalPodAutoscalerConfig":{"name":"x"}}}}}"#,
    "Forbidden: horizontalPodAutoscalerConfig.name must not be set; the controller manages the HPA name"
  ),
  (
    #"{"scaling":{"minReplicas":1,"maxReplicas":2,"keda":{"triggers":[{}],"idleReplicaCount":1}}}"#,
    "Invalid value: 1: idleReplicaCount (1) must be less than minReplicas (1)"
  ),
  (
    #"{"scaling":{"maxReplicas":2,"keda":{"triggers":[{}],"idleReplicaCount":0}}}"#,
    "Required value: minReplicas is required when idleReplicaCount is set; idleReplicaCount (0) must be less "
      + "than minReplicas"
  ),
  (
    #"{"scaling":{"maxReplicas":2,"wva":{"hpa":{}}},"prefill":{"scaling":{"maxReplicas":2,"keda":{"triggers":[{}]}}}}"#,
    "prefill scaling mode (keda) must match decode scaling mode (wva)"
  ),
  (
    #"{"scaling":{"maxReplicas":2,"wva":{"hpa":{}}},"prefill":{"scaling":{"maxReplicas":2,"wva":{"keda":{}}}}}"#,
    "prefill WVA actuator (keda) must match decode WVA actuator (hpa)"
  ),
  (
    #"{"kvCacheOffloading":{"secondary":[{}]}}"#, "Required value: a tier must say what it is"
  ),
  (
    #"{"kvCacheOffloading":{"secondary":[{"fileSystem":{"emptyDir":{},"pvc":{"ref":{}}}}]}}"#,
    "exactly one of emptyDir, pvc must be specified"
  ),
  (
    #"{"prefill":{"kvCacheOffloading":{"secondary":[{"fileSystem":{"pvc":{}}}]}}}"#,
    "exactly one of spec, ref must be specified"
  ),
  (
    #"{"kvCacheOffloading":{"cpu":"1Gi","secondary":[{"fileSystem":{"pvc":{"ref":{"name":"c"}}}}]}}"#, ""
  ),
  (
    #"{"worker":{},"parallelism":{"pipeline":2},"rolloutStrategy":{"maxUnavailable":0}}"#,
    "Required value: maxSurge is required for multi-node workloads when maxUnavailable is 0, otherwise no rolling update "
      + "progress is possible"
  ),
  (
    #"{"rolloutStrategy":{"maxSurge":-1}}"#, "Invalid value: -1: must be greater than or equal to 0"
  ),
  (
    #"{"rolloutStrategy":{"maxSurge":"many"}}"#,
    "Invalid value: \"many\": a valid percent string must be a number followed by '%'"
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

  @Test(
    arguments: [
      (["device-class": "gpu"], []), (["device-class": "gpu", "device-count": "2"], []),
      (["device-class": "gpu", "device-count": "0"], ["device-count"]),
      (["device-count": "1"], ["device-class"]),
      (["cel-selector": "x"], ["device-class"]), (["container-name": "main"], ["device-class"]),
      (["device-count": "many"], ["device-class", "device-count"]),
    ] as [([String: String], [String])])
  func devicesAreOfAClass(_ given: [String: String], _ faulty: [String]) throws {
    var object = try service("{}")
    for (name, value) in given { object.annotations["serving.kserve.io/exp-dra-\(name)"] = value }
    #expect(
      LLMServiceValidation.causes(object).map(\.field)
        == faulty.map { "metadata.annotations[serving.kserve.io/exp-dra-\($0)]" })
  }

  @Test func aConfigRefersToNoOther() throws {
    var config = try service(#"{"baseRefs":[{"name":"x"}],"router":{"scheduler":{"replicas":0}}}"#)
    config["kind"] = "LLMInferenceServiceConfig"
    #expect(
      LLMServiceValidation.causes(config).map(\.field) == [
        "spec.baseRefs", "spec.router.scheduler.replicas",
      ])
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
