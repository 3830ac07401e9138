import Formats
import KubeProtocol
import ServingAPI
import Testing

private let none = ["serving.kserve.io/autoscalerClass": "none"]

@Suite struct MultiNodeValidationTests {
  private func messages(
    _ worker: String, model: String = #""storageUri":"pvc://c/m""#, annotations: [String: String] = none,
    customGPUs: [String] = []
  ) throws -> [String] {
    InferenceServiceValidation.causes(
      try makeService(
        #"{"predictor":{"model":{"modelFormat":{"name":"huggingface"},\#(model)},"workerSpec":\#(worker)}}"#,
        annotations: annotations), customGPUs: customGPUs
    ).map { $0.message.replacing("the InferenceService \"iris\" is invalid: ", with: "") }
  }

  private static let unknownGPU =
    "Unknown GPU resource type. Set 'serving.kserve.io/gpu-resource-types' annotation to use custom gpu "
    + "resource type"

  @Test func goodOnesPass() throws {
    #expect(try messages("{}") == [])
    #expect(try messages(#"{"pipelineParallelSize":2,"tensorParallelSize":1}"#) == [])
    #expect(
      try messages(#"{"containers":[{"resources":{"limits":{"amd.com/gpu":"1","cpu":"1"}}}]}"#) == [])
  }

  @Test(arguments: [
    (
      #"{"containers":[{},{}]}"#, #""storageUri":"pvc://c/m""#,
      "setting multiple containers in workerSpec is not allowed"
    ),
    (
      "{}", #""storageUri":"pvc://c/m","env":[{"name":"PIPELINE_PARALLEL_SIZE","value":"2"}]"#,
      "setting PIPELINE_PARALLEL_SIZE in environment variables is not allowed"
    ),
    (
      "{}", #""storageUri":"pvc://c/m","env":[{"name":"TENSOR_PARALLEL_SIZE","value":"2"}]"#,
      "setting TENSOR_PARALLEL_SIZE in environment variables is not allowed"
    ),
    ("{}", #""runtime":"r""#, "StorageURI must be set for multinode enabled"),
    (
      "{}", #""storageUri":"gs://b/m""#,
      "Multinode only supports 'pvc' and 'oci' Storage Protocol(gs)"
    ),
    (
      #"{"pipelineParallelSize":0}"#, #""storageUri":"oci://r/m""#,
      "WorkerSpec.PipelineParallelSize cannot be less than 1(0)"
    ),
    (
      #"{"tensorParallelSize":-1}"#, #""storageUri":"oci://r/m""#,
      "WorkerSpec.TensorParallelSize cannot be less than 1(-1)"
    ),
    (
      #"{"containers":[{"resources":{"requests":{"example.com/gpu":"1"}}}]}"#,
      #""storageUri":"pvc://c/m""#, Self.unknownGPU
    ),
    (
      "{}", #""storageUri":"pvc://c/m","resources":{"limits":{"example.com/gpu":"1"}}"#, Self.unknownGPU
    ),
  ])
  func badOnesAreRefused(_ worker: String, _ model: String, _ expected: String) throws {
    #expect(try messages(worker, model: model) == [expected])
  }

  @Test func theyScaleByHandOnly() throws {
    #expect(
      try messages("{}", annotations: [:]) == ["Multinode only supports 'none' autoscaler()"])
    #expect(
      try messages("{}", annotations: ["serving.kserve.io/autoscalerClass": "hpa"]) == [
        "Multinode only supports 'none' autoscaler(hpa)"
      ])
  }

  @Test func ownNamesOfGPUsComeFromAnnotationAndConfiguration() throws {
    let worker = #"{"containers":[{"resources":{"limits":{"example.com/gpu":"1"}}}]}"#
    var annotations = none
    annotations["serving.kserve.io/gpu-resource-types"] = #"["example.com/gpu"]"#
    #expect(try messages(worker, annotations: annotations) == [])
    #expect(try messages(worker, customGPUs: ["example.com/gpu"]) == [])
    annotations["serving.kserve.io/gpu-resource-types"] = "example.com/gpu"
    #expect(try messages(worker, annotations: annotations).count == 2)
  }
}
