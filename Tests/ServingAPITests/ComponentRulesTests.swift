import Formats
import KubeProtocol
import ServingAPI
import Testing

private let model = #""model":{"modelFormat":{"name":"a"},"storageUri":"gs://b/m"}"#
private let modelMesh = ["serving.kserve.io/deploymentMode": "ModelMesh"]
private let both = "Setting both StorageURI and StorageURIs is not supported."
private let pytorchIsGPU = "PyTorch RuntimeVersion is GPU enabled but GPU resources are not requested. "
private let pythonPath = #""env":[{"name":"PYTHONPATH","value":"/x"}]"#

/// The rules that hold for every component, and those of single frameworks.
@Suite struct ComponentRulesTests {
  private func causes(_ spec: String, _ annotations: [String: String] = [:]) throws -> [KubeError.Cause] {
    InferenceServiceValidation.causes(
      InferenceServiceDefaults.apply(
        to: try makeService(spec, annotations: annotations), configuration: embedded))
  }

  @Test(arguments: [
    (#"{"predictor":{"containers":[{"name":"c",\#(pythonPath)}]}}"#, "kserve-container"),
    (#"{"predictor":{\#(model),"initContainers":[{"name":"i",\#(pythonPath)}]}}"#, "i"),
    (#"{"predictor":{"sklearn":{"storageUri":"gs://b/m",\#(pythonPath)}}}"#, "kserve-container"),
    (
      #"{"predictor":{\#(model)},"transformer":{"containers":[{"image":"t",\#(pythonPath)}]}}"#,
      "kserve-container"
    ),
    (
      #"{"predictor":{\#(model)},"transformer":{"containers":[{"image":"t"}],"initContainers":[{"name":"i",\#(pythonPath)}]}}"#,
      "i"
    ),
    (
      #"{"predictor":{\#(model)},"explainer":{"containers":[{"image":"e",\#(pythonPath)}]}}"#,
      "kserve-container"
    ),
    (
      #"{"predictor":{\#(model)},"explainer":{"art":{"type":"SquareAttack",\#(pythonPath)}}}"#,
      "kserve-container"
    ),
  ])
  func codeOfTheServerIsNotReplacedAnywhere(_ spec: String, _ container: String) throws {
    #expect(
      try causes(spec).map(\.message) == [
        "setting PYTHONPATH in container \"\(container)\" is not allowed for security reasons"
      ])
  }

  @Test func norByAWorker() throws {
    let spec = #"""
      {"predictor":{"model":{"modelFormat":{"name":"a"},"storageUri":"pvc://c/m"},
        "workerSpec":{"containers":[{"name":"w",\#(pythonPath)}]}}}
      """#
    #expect(
      try causes(spec, ["serving.kserve.io/autoscalerClass": "none"]).map(\.message) == [
        "setting PYTHONPATH in container \"w\" is not allowed for security reasons"
      ])
  }

  @Test(arguments: [
    #"{"predictor":{\#(model),"storageUris":[{"uri":"gs://b/n"}]}}"#,
    #"{"predictor":{"containers":[{"image":"x","env":[{"name":"STORAGE_URI","value":"gs://b/m"}]}],"storageUris":[{"uri":"gs://b/n"}]}}"#,
    #"{"predictor":{\#(model)},"transformer":{"containers":[{"image":"x","env":[{"name":"STORAGE_URI","value":"gs://b/m"}]}],"storageUris":[{"uri":"gs://b/n"}]}}"#,
    #"{"predictor":{\#(model)},"explainer":{"art":{"type":"SquareAttack","storageUri":"gs://b/m"},"storageUris":[{"uri":"gs://b/n"}]}}"#,
  ])
  func oneFormOfStorageIsGiven(_ spec: String) throws {
    #expect(try causes(spec).map(\.message) == [both])
  }

  @Test func aPathOfTheStoreStandsAlone() throws {
    let spec =
      #"{"predictor":{"model":{"modelFormat":{"name":"a"},"storageUri":"gs://b/m","storage":{"path":"p"}}}}"#
    #expect(
      try causes(spec).map(\.message) == ["must provide only one of storageUri and storage.path"])
  }

  @Test(arguments: [
    "gs://b/m", "s3://b/m", "pvc://c/m", "file:///m", "https://h/m", "http://h/m", "hdfs://h/m",
    "webhdfs://h/m", "oci://r/i", "oci+native://r/i", "oci+fetch://r/i", "hf://o/m", "/srv/m", "models/m",
    "https://account.blob.core.windows.net/c/m",
  ])
  func upstreamsPlacesPass(_ uri: String) throws {
    let spec = #"{"predictor":{"model":{"modelFormat":{"name":"a"},"storageUri":"\#(uri)"}}}"#
    #expect(try causes(spec) == [])
  }

  @Test(arguments: [
    (#"{"predictor":{"pytorch":{"storageUri":"s3://b/m","runtimeVersion":"1-gpu"}}}"#, pytorchIsGPU),
    (
      #"{"predictor":{"pytorch":{"storageUri":"s3://b/m","runtimeVersion":"1","resources":{"limits":{"nvidia.com/gpu":"1"}}}}}"#,
      "PyTorch RuntimeVersion is not GPU enabled but GPU resources are requested. "
    ),
    (
      #"{"predictor":{"tensorflow":{"storageUri":"s3://b/m","runtimeVersion":"2-gpu"}}}"#,
      "Tensorflow RuntimeVersion is GPU enabled but GPU resources are not requested"
    ),
    (
      #"{"predictor":{"onnx":{"storageUri":"s3://b/m.pb"}}}"#,
      "expected storageUri file extension: '.onnx' but got '.pb'"
    ),
    (
      #"{"predictor":{"tensorflow":{"storage":{"parameters":{"type":"gs"}}}}}"#,
      "storage.spec.type, must be one of: [s3://, hdfs://, webhdfs://]. storage.spec.type [gs] is not "
        + "supported"
    ),
    (#"{"predictor":{"tensorflow":{"storage":{"parameters":{"type":"s3"}}}}}"#, ""),
    (#"{"predictor":{"sklearn":{"storage":{"parameters":{"type":"gs"}}}}}"#, ""),
  ])
  func frameworksHaveRulesOfTheirOwn(_ spec: String, _ expected: String) throws {
    // Elsewhere the field has become a model by now.
    #expect(try causes(spec, modelMesh).map(\.message) == (expected.isEmpty ? [] : [expected]))
  }

  @Test(arguments: [
    (#"{"predictor":{\#(model)},"transformer":{}}"#, "spec.transformer", "TransformerSpec"),
    (#"{"predictor":{\#(model)},"explainer":{}}"#, "spec.explainer", "ExplainerSpec"),
    (
      #"{"predictor":{\#(model)},"explainer":{"art":{"type":"SquareAttack"},"containers":[{"image":"e"}]}}"#,
      "spec.explainer", "ExplainerSpec"
    ),
  ])
  func eachComponentHasOneImplementation(_ spec: String, _ field: String, _ title: String) throws {
    let found = try causes(spec)
    #expect(found.map(\.field) == [field])
    #expect(found.first?.message.hasPrefix("exactly one of [") == true)
    #expect(found.first?.message.hasSuffix("must be specified in \(title)") == true)
  }

  @Test func theToolboxNamesItsAttack() throws {
    #expect(
      try causes(#"{"predictor":{\#(model)},"explainer":{"art":{}}}"#).map(\.field) == [
        "spec.explainer.art.type"
      ])
  }

  @Test(arguments: [
    (#""minReplicas":-1"#, "'MinReplicas' cannot be less than 0"),
    (#""maxReplicas":-1"#, "'MaxReplicas' cannot be less than 0"),
    (#""minReplicas":3,"maxReplicas":1"#, "'MinReplicas' cannot be greater than MaxReplicas"),
    (#""containerConcurrency":-1"#, "parallelism cannot be less than 0"),
    (#""canaryTrafficPercent":101"#, "a share of the traffic is 0 to 100 percent, not 101"),
    (#""canaryTrafficPercent":-1"#, "a share of the traffic is 0 to 100 percent, not -1"),
    (#""timeout":-5"#, "a request cannot take less than 0 seconds"),
    (#""logger":{"mode":"some"}"#, "invalid logger type"),
    (#""storageUris":[{"uri":"gs://b/m","mountPath":"m"}]"#, "storage path must be absolute"),
  ])
  func transformersAndExplainersAreCheckedAsPredictors(_ field: String, _ expected: String) throws {
    for component in ["transformer", "explainer"] {
      let found = try causes(
        #"{"predictor":{\#(model)},"\#(component)":{"containers":[{"image":"x"}],\#(field)}}"#)
      #expect(found.map(\.message) == [expected])
      #expect(found.first?.field.hasPrefix("spec.\(component).") == true)
    }
  }

  @Test(arguments: [("v2", true), ("a-b", true), ("2v", false), ("V", false), ("a-", false), ("a.b", false)])
  func thePredictorsNameBeginsWithALetter(_ name: String, _ isGood: Bool) throws {
    #expect(try causes(#"{"predictor":{"name":"\#(name)",\#(model)}}"#).isEmpty == isGood)
  }

  @Test(arguments: ["v1", "v2", "grpc-v1", "grpc-v2", "v3"])
  func protocolsAreUpstreamsFour(_ version: String) throws {
    let spec = #"{"predictor":{"model":{"modelFormat":{"name":"a"},"protocolVersion":"\#(version)"}}}"#
    #expect(
      try causes(spec).map(\.message)
        == (version == "v3" ? ["invalid protocol v3. Must be one of [v1, v2, grpc-v1, grpc-v2]"] : []))
  }

  // MARK: defaults

  @Test func transformersAndExplainersGetNameAndResources() throws {
    let service = InferenceServiceDefaults.apply(
      to: try makeService(
        #"""
        {"predictor":{\#(model)},
         "transformer":{"containers":[{"name":"mine","image":"t","resources":{"limits":{"cpu":"3"}}},{"name":"b"}]},
         "explainer":{"art":{"type":"SquareAttack"}}}
        """#), configuration: embedded)
    let transformer = service.json.at("spec", "transformer", "containers")?[0]
    let art = service.json.at("spec", "explainer", "art")
    for container in [transformer, art] {
      #expect(container?["name"] == "kserve-container")
      #expect(container?.at("resources", "requests") == ["cpu": "1", "memory": "2Gi"])
      #expect(container?.at("resources", "limits", "memory") == "2Gi")
    }
    #expect(transformer?.at("resources", "limits", "cpu") == "3")
    #expect(art?.at("resources", "limits", "cpu") == "1")
    #expect(service.json.at("spec", "transformer", "containers")?[1]?["resources"] == nil)
  }

  @Test func emptyResourcesOfTheConfigurationAreNotFilledIn() throws {
    var bare = embedded
    bare.resources.cpuLimit = ""
    let service = InferenceServiceDefaults.apply(
      to: try makeService(#"{"predictor":{"containers":[{"image":"x"}]}}"#), configuration: bare)
    let resources = service.json.at("spec", "predictor", "containers")?[0]?["resources"]
    #expect(resources?["limits"] == ["memory": "2Gi"])
    #expect(resources?["requests"] == ["cpu": "1", "memory": "2Gi"])
  }

  /// What the status says, then the annotation, then the configuration.
  @Test(
    arguments: [
      (nil, nil, "Knative"), (nil, "Standard", "Standard"), (nil, "RawDeployment", "Standard"),
      (nil, "Serverless", "Knative"), ("Standard", "Knative", "Standard"), ("Knative", nil, "Knative"),
      ("ModelMesh", "Standard", "ModelMesh"), (nil, "nonsense", "Knative"), ("", "Standard", "Standard"),
    ] as [(String?, String?, String)])
  func theModeIsResolvedInUpstreamsOrder(_ status: String?, _ annotation: String?, _ expected: String) throws
  {
    var object = try makeService(
      #"{"predictor":{\#(model)}}"#,
      annotations: annotation.map { ["serving.kserve.io/deploymentMode": $0] } ?? [:])
    object.status = status.map { ["deploymentMode": .string($0)] }
    #expect(InferenceService(object).deploymentMode(default: .knative).rawValue == expected)
  }
}
