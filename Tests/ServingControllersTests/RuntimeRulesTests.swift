import Formats
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

/// What certain servers get beyond their runtime, and which image is meant: a row each.
@Suite struct RuntimeRulesTests {
  /// One runtime of one server: the predictor's model with this format and these members.
  private func container(
    _ server: String?, named name: String = "r", format: String = "sklearn", _ members: String = "",
    protocols: [String] = ["v1", "v2"], image: String = "corp/server:1"
  ) throws -> (container: JSONValue, pod: PodTemplate) {
    let formats = #"[{"name":"\#(format)","autoSelect":true}]"#
    var runtime = try makeRuntime(
      name, formats: formats, protocols: protocols,
      extra: #"{"containers":[{"name":"kserve-container","image":"\#(image)"}]}"#)
    if let server { runtime.object.annotations = ["serving.kserve.io/server-type": server] }
    let spec =
      #"{"predictor":{"model":{"modelFormat":{"name":"\#(format)"}\#(members.isEmpty ? "" : ",\(members)")}}}"#
    let pod = try makePod(try makeService(spec), runtime: runtime)
    return (try #require(pod.spec["containers"]?[0]), pod)
  }

  private func variables(_ container: JSONValue) -> [String: String] {
    var found: [String: String] = [:]
    for entry in container["env"]?.array ?? [] {
      found[entry["name"]?.string ?? ""] = entry["value"]?.string
    }
    found["INFERENCE_SERVICE_NAME"] = nil
    return found
  }

  private static let stored = #""storageUri":"gs://b/m""#
  private static let noModels = ["MLSERVER_LOAD_MODELS_AT_STARTUP": "false"]
  private static let oneModel = ["MLSERVER_MODEL_NAME": "iris", "MLSERVER_MODEL_URI": "/mnt/models"]

  @Test(arguments: [
    ("sklearn", "mlserver_sklearn.SKLearnModel"), ("xgboost", "mlserver_xgboost.XGBoostModel"),
    ("lightgbm", "mlserver_lightgbm.LightGBMModel"), ("mlflow", "mlserver_mlflow.MLflowRuntime"),
  ])
  func mlserverIsToldItsModel(_ format: String, _ implementation: String) throws {
    let (main, pod) = try container(
      "mlserver", format: format, #"\#(Self.stored),"protocolVersion":"v2""#, protocols: ["v2"])
    #expect(variables(main) == Self.oneModel)
    #expect(pod.labels["modelClass"] == implementation)
    let (bare, _) = try container(
      "mlserver", format: format, #""protocolVersion":"v2""#, protocols: ["v2"])
    #expect(variables(bare)["MLSERVER_LOAD_MODELS_AT_STARTUP"] == "false")
    #expect(variables(bare)["MLSERVER_MODEL_NAME"] == nil)
  }

  @Test(arguments: [("v1", "kserve"), ("v2", "kservev2")])
  func torchserveIsToldItsEnvelope(_ version: String, _ envelope: String) throws {
    let (main, pod) = try container(
      "torchserve", format: "pytorch", #"\#(Self.stored),"protocolVersion":"\#(version)""#)
    #expect(variables(main) == ["PROTOCOL_VERSION": version])
    #expect(pod.labels["serviceEnvelope"] == envelope)
  }

  @Test func tritonWithoutAModelWaitsForOnes() throws {
    let bare = try container(
      "tritonserver", format: "onnx", #""protocolVersion":"v2","args":["--x"]"#, protocols: ["v2"])
    #expect(bare.container["args"] == ["--x", "--model-control-mode=explicit"])
    let stored = try container(
      "tritonserver", format: "onnx", #"\#(Self.stored),"protocolVersion":"v2""#, protocols: ["v2"])
    #expect(stored.container["args"] == nil)
  }

  /// Without the annotation the names of upstream's own runtimes tell.
  @Test(arguments: [
    ("kserve-mlserver", "mlserver"), ("kserve-torchserve", "torchserve"),
    ("kserve-tritonserver", "tritonserver"), ("kserve-tensorflow-serving", "tensorflow-serving"),
    ("kserve-huggingfaceserver", "huggingfaceserver"), ("kserve-vllmserver", "vllmserver"), ("mine", ""),
  ])
  func theNameTellsTheServer(_ name: String, _ server: String) throws {
    #expect(try makeRuntime(name, formats: "[]").serverType ?? "" == server)
    var annotated = try makeRuntime(name, formats: "[]")
    annotated.object.annotations = ["serving.kserve.io/server-type": "mine"]
    #expect(annotated.serverType == "mine")
  }

  @Test(
    arguments: [
      (nil, "r/i:1", "", "r/i:1"), (nil, "r/i:1", #""runtimeVersion":"2""#, "r/i:2"),
      (nil, "r/i", #""runtimeVersion":"2""#, "r/i:2"),
      (nil, "r/i@sha256:abc", #""runtimeVersion":"2""#, "r/i@sha256:abc"),
      (nil, "r/i:1", gpu, "r/i:1"), ("tensorflow-serving", "r/i:1", gpu, "r/i:1-gpu"),
      ("torchserve", "r/i:1", gpu, "r/i:1-gpu"), ("torchserve", "r/i:1", slice, "r/i:1-gpu"),
      ("huggingfaceserver", "r/i:1", gpu, "r/i:1-gpu"), ("huggingfaceserver", "r/i:1", "", "r/i:1"),
      ("huggingfaceserver", "r/i:1-gpu", gpu, "r/i:1-gpu"),
      ("vllmserver", "r/i:1", "", "r/i-cpu:1"), ("vllmserver", "r/i:1", gpu, "r/i:1"),
      ("vllmserver", "r/i:1", amd, "r/i-cpu:1"),
    ] as [(String?, String, String, String)])
  func imagesFollowVersionAndGPU(
    _ server: String?, _ image: String, _ members: String, _ expected: String
  ) throws {
    let made = try container(
      server, #"\#(Self.stored)\#(members.isEmpty ? "" : ",\(members)")"#, image: image)
    #expect(made.container["image"]?.string == expected)
  }

  @Test func aPlaceholderIsTheServicesNameOrNamespaceOrOneOfItsTexts() throws {
    let runtime = try makeRuntime(
      "r", formats: #"[{"name":"sklearn","autoSelect":true}]"#,
      extra: #"""
        {"containers":[{"name":"kserve-container","image":"{{ .Namespace }}/i",
          "args":["{{.Name}}-{{.Labels.tier}}","{{.Annotations.modelFormat}}"],
          "env":[{"name":"{{.Name}}","value":"{{index .Labels \"corp/x\"}}"}]}]}
        """#)
    let pod = try makePod(
      try makeService(
        #"{"predictor":{"sklearn":{}}}"#, labels: ["tier": "gold", "corp/x": "y"]), runtime: runtime)
    let main = pod.spec["containers"]?[0]
    #expect(main?["image"] == "team/i")
    #expect(main?["args"] == ["iris-gold", "sklearn"])
    #expect(main?["env"]?[0] == ["name": "iris", "value": "y"])
  }

  /// The status names the runtime under the member of its kind, and no other.
  @Test func theStatusNamesARuntimeOfTheNamespaceByItsOwnMember() throws {
    let service = try makeService(#"{"predictor":{"sklearn":{}}}"#)
    var observed = ServiceObservation(service: service, configuration: embedded, mode: .standard)
    observed.runtime = try makeRuntime("own", formats: "[]", namespace: "team")
    let own = ServiceStatus.make(observed, now: moment)
    #expect(own["servingRuntimeName"] == "own" && own["clusterServingRuntimeName"] == nil)
    observed.service.object.status = own
    observed.runtime = try makeRuntime("wide", formats: "[]")
    let wide = ServiceStatus.make(observed, now: moment)
    #expect(wide["servingRuntimeName"] == nil && wide["clusterServingRuntimeName"] == "wide")
  }
}

private let gpu = #""resources":{"limits":{"nvidia.com/gpu":"1"}}"#
private let slice = #""resources":{"limits":{"nvidia.com/mig-1g.5gb":"1"}}"#
private let amd = #""resources":{"limits":{"amd.com/gpu":"1"}}"#

/// How pods are put together: the rules that no other table has.
@Suite struct PodRulesTests {
  @Test(
    arguments: [
      ("nodeSelector", #"{"a":"1"}"#, #"{"b":"2"}"#, #"{"a":"1","b":"2"}"#),
      ("affinity", #"{"nodeAffinity":{"x":1}}"#, #"{"podAffinity":{"y":1}}"#, nil),
      ("tolerations", #"[{"key":"a"}]"#, #"[{"key":"b"}]"#, #"[{"key":"b"}]"#),
      (
        "volumes", #"[{"name":"a","emptyDir":{}}]"#, #"[{"name":"b","emptyDir":{}}]"#,
        #"[{"name":"b","emptyDir":{}},{"name":"a","emptyDir":{}}]"#
      ),
      (
        "imagePullSecrets", #"[{"name":"a"}]"#, #"[{"name":"b"}]"#, #"[{"name":"b"},{"name":"a"}]"#
      ),
      ("schedulerName", #""theirs""#, #""mine""#, #""mine""#),
      (
        "resourceClaims", #"[{"name":"a"}]"#, #"[{"name":"b"}]"#, #"[{"name":"b"},{"name":"a"}]"#
      ),
    ] as [(String, String, String, String?)])
  func membersOfTheRuntimesPodAreMergedBelowTheServices(
    _ field: String, _ theirs: String, _ mine: String, _ expected: String?
  ) throws {
    func pod(_ own: String?) throws -> JSONValue {
      let runtime = try makeRuntime(
        "r", formats: #"[{"name":"sklearn","autoSelect":true}]"#, extra: #"{"\#(field)":\#(theirs)}"#)
      let member = own.map { #","\#(field)":\#($0)"# } ?? ""
      return try makePod(
        try makeService(#"{"predictor":{"sklearn":{"storageUri":"/m"}\#(member)}}"#), runtime: runtime
      ).spec
    }
    /// Without the volume of the model.
    func listed(_ pod: JSONValue) -> JSONValue? {
      guard let list = pod[field]?.array else { return pod[field] }
      return .array(list.filter { $0["name"] != "kserve-provision-location" })
    }
    #expect(listed(try pod(nil)) == (try JSONValue(parsing: theirs)), "alone")
    let merged = try #require(listed(try pod(mine)))
    if let expected {
      let wanted = try JSONValue(parsing: expected)
      if let list = wanted.array {
        // Upstream's order of merged lists is nobody's contract.
        #expect(Set(merged.array ?? []) == Set(list))
      } else {
        #expect(merged == wanted)
      }
    } else {
      #expect(merged["nodeAffinity"] != nil && merged["podAffinity"] != nil)
    }
  }

  @Test func theServicesNameGoesToAllOfAPredictorAndToTheFirstOfOthers() throws {
    let plan = makePlan(
      try makeService(
        #"""
        {"predictor":{"containers":[{"name":"a","image":"a"},{"name":"b","image":"b"}]},
         "transformer":{"containers":[{"name":"a","image":"a"},{"name":"b","image":"b"}]}}
        """#))
    func told(_ name: String) throws -> [Bool] {
      let pods = try plan.child(.deployments, name).json.at("spec", "template", "spec", "containers")
      return (pods?.array ?? []).map { $0.environmentValue("INFERENCE_SERVICE_NAME") == "iris" }
    }
    #expect(try told("iris-predictor") == [true, true])
    #expect(try told("iris-transformer") == [true, false])
  }

  /// What the configuration adds to upstream's lists; upstream's stay.
  @Test func theConfigurationKeepsFurtherTextsFromChildren() throws {
    let configured = try InferenceServiceConfig(
      data: [
        "inferenceService":
          #"{"serviceAnnotationDisallowedList":["corp/secret"],"serviceLabelDisallowedList":["corp/internal"]}"#
      ], platform: embedded.platform)
    let pod = try makePod(
      try makeService(
        #"{"predictor":{"sklearn":{},"annotations":{"corp/secret":"c","mine":"c"},"labels":{"corp/internal":"c"}}}"#,
        annotations: ["corp/secret": "s", "autoscaling.knative.dev/max-scale": "3", "kept": "s"],
        labels: ["corp/internal": "s", "kept": "s"]), configuration: configured)
    #expect(pod.annotations["corp/secret"] == nil && pod.labels["corp/internal"] == nil)
    #expect(pod.annotations["autoscaling.knative.dev/max-scale"] == nil)
    #expect(pod.annotations["modelFormat"] == nil)
    #expect(pod.annotations["kept"] == "s" && pod.labels["kept"] == "s")
    #expect(pod.annotations["mine"] == "c")
  }

  @Test func aTransformerInThePredictorsPodTakesItsRequests() throws {
    let plan = makePlan(
      try makeService(
        #"""
        {"predictor":{"model":{"modelFormat":{"name":"sklearn"},"storageUri":"pvc://c/m"},
          "containers":[{"name":"transformer-container","image":"t","ports":[{"containerPort":9100,"name":"http"}]}]}}
        """#))
    let ports = try plan.child(.services, "iris-predictor").spec?["ports"]
    #expect(
      ports == [["name": "http", "port": 80, "targetPort": 9100, "protocol": "TCP"]])
    let containers = try plan.child(.deployments, "iris-predictor")
      .json.at("spec", "template", "spec", "containers")
    #expect(containers?[1]?["name"] == "transformer-container")
    #expect(containers?[1]?.at("readinessProbe", "tcpSocket", "port") == 9100)
    #expect(containers?[0]?["readinessProbe"] != nil)
    for index in 0...1 {
      #expect(containers?[index]?["volumeMounts"]?[0]?["mountPath"] == "/mnt/models")
    }
  }

  @Test(arguments: [
    (#"{"sklearn":{}}"#, true), (#"{"sklearn":{"storageUri":"gs://b/m"}}"#, false),
    (#"{"model":{"modelFormat":{"name":"sklearn"},"storage":{"path":"p"}}}"#, false),
    (#"{"model":{"modelFormat":{"name":"sklearn"}},"storageUris":[{"uri":"gs://b/m"}]}"#, false),
    (#"{"huggingface":{}}"#, false), (#"{"model":{"modelFormat":{"name":"huggingface"}}}"#, false),
    (#"{"containers":[{"image":"x"}]}"#, false),
    (#"{"containers":[{"image":"x","env":[{"name":"MULTI_MODEL_SERVER","value":"true"}]}]}"#, true),
    (#"{"containers":[{"image":"x","env":[{"name":"MULTI_MODEL_SERVER","value":"false"}]}]}"#, false),
  ])
  func aPredictorWithoutAModelServesSeveral(_ predictor: String, _ isMultiModel: Bool) throws {
    #expect(try makeService(#"{"predictor":\#(predictor)}"#).predictor.isMultiModel == isMultiModel)
  }

  /// Own explainers get upstream's flags unless they have them (upstream repeats `--http_port`).
  @Test func ownExplainersGetEachFlagOnce() throws {
    let plan = makePlan(
      try makeService(
        #"""
        {"predictor":{"sklearn":{}},
         "explainer":{"containerConcurrency":2,"containers":[{"image":"e","args":["--http_port","9"]}]}}
        """#))
    let container = try plan.child(.deployments, "iris-explainer")
      .json.at("spec", "template", "spec", "containers")?[0]
    #expect(
      container?["args"] == [
        "--http_port", "9", "--model_name", "iris", "--predictor_host", "iris-predictor.team", "--workers",
        "2",
      ])
  }
}
