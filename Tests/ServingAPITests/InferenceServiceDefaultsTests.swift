import Formats
import KubeProtocol
import ServingAPI
import Testing

@Suite struct InferenceServiceDefaultsTests {
  private func defaulted(
    _ spec: String, annotations: [String: String] = [:], configuration: InferenceServiceConfig = embedded
  ) throws -> KubeObject {
    let once = InferenceServiceDefaults.apply(
      to: try makeService(spec, annotations: annotations), configuration: configuration)
    #expect(InferenceServiceDefaults.apply(to: once, configuration: configuration) == once, "not idempotent")
    return once
  }

  @Test(arguments: PredictorFramework.all)
  func everyFrameworkFieldBecomesAModelOfThatFormat(_ framework: PredictorFramework) throws {
    let service = try defaulted(
      #"{"predictor":{"\#(framework.field)":{"storageUri":"pvc://c/p","args":["--x"]},"minReplicas":2}}"#)
    let predictor = try #require(service.json.at("spec", "predictor"))
    #expect(predictor[framework.field] == nil)
    #expect(predictor.at("model", "modelFormat", "name")?.string == framework.field)
    #expect(predictor.at("model", "storageUri")?.string == "pvc://c/p")
    #expect(predictor.at("model", "args") == ["--x"])
    #expect(predictor["minReplicas"]?.int == 2)
    let v2: Set<String> = ["triton", "onnx", "huggingface"]
    #expect(predictor.at("model", "protocolVersion")?.string == (v2.contains(framework.field) ? "v2" : nil))
    #expect(service.annotations["modelFormat"] == framework.field)
  }

  @Test func aModelOfTritonOrVLLMSpeaksV2() throws {
    for format in ["triton", "vLLM"] {
      let service = try defaulted(#"{"predictor":{"model":{"modelFormat":{"name":"\#(format)"}}}}"#)
      #expect(service.json.at("spec", "predictor", "model", "protocolVersion")?.string == "v2")
    }
    let onnx = try defaulted(#"{"predictor":{"model":{"modelFormat":{"name":"onnx"}}}}"#)
    #expect(onnx.json.at("spec", "predictor", "model", "protocolVersion") == nil)
  }

  @Test func aGivenProtocolAndAnnotationStay() throws {
    let service = try defaulted(
      #"{"predictor":{"onnx":{"protocolVersion":"grpc-v2","storageUri":"gs://b/m"}}}"#,
      annotations: ["modelFormat": "mine"])
    #expect(service.json.at("spec", "predictor", "model", "protocolVersion")?.string == "grpc-v2")
    #expect(service.annotations["modelFormat"] == "mine")
  }

  @Test(arguments: [("RawDeployment", "Standard"), ("Serverless", "Knative"), ("Standard", "Standard")])
  func olderModeNamesBecomeTodays(_ given: String, _ expected: String) throws {
    let service = try defaulted(
      #"{"predictor":{"sklearn":{}}}"#, annotations: ["serving.kserve.io/deploymentMode": given])
    #expect(service.annotations["serving.kserve.io/deploymentMode"] == expected)
  }

  @Test func theModeOfTheConfigurationIsWrittenDownUnlessItIsKnative() throws {
    #expect(
      try defaulted(#"{"predictor":{"sklearn":{}}}"#).annotations["serving.kserve.io/deploymentMode"]
        == "Standard")
    var knative = embedded
    knative.defaultDeploymentMode = .knative
    let service = try defaulted(#"{"predictor":{"sklearn":{}}}"#, configuration: knative)
    #expect(service.annotations["serving.kserve.io/deploymentMode"] == nil)
  }

  @Test func modelMeshKeepsItsFrameworkField() throws {
    let service = try defaulted(
      #"{"predictor":{"sklearn":{"storageUri":"s3://b/m"}}}"#,
      annotations: ["serving.kserve.io/deploymentMode": "ModelMesh"])
    #expect(service.json.at("spec", "predictor", "sklearn") != nil)
    #expect(service.json.at("spec", "predictor", "model") == nil)
  }

  @Test func theOnlyOwnContainerIsNamedAndGetsResources() throws {
    let service = try defaulted(
      #"{"predictor":{"containers":[{"name":"mine","image":"x","resources":{"limits":{"cpu":"3"}}}]}}"#)
    let container = try #require(service.json.at("spec", "predictor", "containers")?[0])
    #expect(container["name"]?.string == "kserve-container")
    #expect(container.at("resources", "limits", "cpu")?.string == "3")
    #expect(container.at("resources", "limits", "memory")?.string == "2Gi")
    #expect(container.at("resources", "requests", "cpu")?.string == "1")
  }

  @Test func ofSeveralOwnContainersOnlyAnUnnamedFirstOneIsNamed() throws {
    let named = try defaulted(#"{"predictor":{"containers":[{"name":"a"},{"name":"b"}]}}"#)
    #expect(named.json.at("spec", "predictor", "containers")?[0]?["name"]?.string == "a")
    let unnamed = try defaulted(#"{"predictor":{"containers":[{"image":"a"},{"name":"b"}]}}"#)
    #expect(unnamed.json.at("spec", "predictor", "containers")?[0]?["name"]?.string == "kserve-container")
  }

  @Test func aModelGetsNoResources() throws {
    let service = try defaulted(#"{"predictor":{"sklearn":{"storageUri":"gs://b/m"}}}"#)
    #expect(service.json.at("spec", "predictor", "model", "resources") == nil)
  }

  @Test func theTokenMountCanBeTurnedOff() throws {
    var strict = embedded
    strict.automountsServiceAccountToken = false
    let service = try defaulted(
      #"{"predictor":{"sklearn":{},"automountServiceAccountToken":true},"transformer":{"containers":[{"name":"t"}]}}"#,
      configuration: strict)
    #expect(service.json.at("spec", "predictor", "automountServiceAccountToken")?.bool == true)
    #expect(service.json.at("spec", "transformer", "automountServiceAccountToken")?.bool == false)
  }

  @Test func aFrameworkFieldReplacesTheModelThatItBecameBefore() throws {
    let service = try defaulted(
      #"{"predictor":{"sklearn":{"storageUri":"gs://b/2"},"model":{"modelFormat":{"name":"onnx"},"env":[]}}}"#
    )
    #expect(
      service.json.at("spec", "predictor") == [
        "model": ["modelFormat": ["name": "sklearn"], "storageUri": "gs://b/2"]
      ])
  }

  @Test(arguments: [
    #"{}"#, #"{"predictor":null}"#, #"{"predictor":[]}"#, #"{"predictor":{"containers":[]}}"#,
  ])
  func malformedSpecsPassThrough(_ spec: String) throws {
    let service = try defaulted(spec)
    #expect(try service.spec == JSONValue(parsing: spec))
  }
}
