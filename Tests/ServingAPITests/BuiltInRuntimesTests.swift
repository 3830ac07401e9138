import Formats
import KubeProtocol
import ServingAPI
import Testing

/// Upstream's table: formats as `name version:auto:priority`, `-` where there is none.
private struct Row {
  var name: String
  var serverType: String
  var formats: String
  var protocols: String
  var image: String
  /// Every one of them stands among the command, the arguments and the variables.
  var words: [String]
  var metricsPort = "8080"
  var user: Int64?
}

private let model = ["--model_name={{.Name}}", "--model_dir=/mnt/models", "--http_port=8080"]

private let rows: [Row] = [
  Row(
    name: "kserve-sklearnserver", serverType: "sklearnserver", formats: "sklearn 1:auto:1",
    protocols: "v1,v2", image: "kserve/sklearnserver:latest", words: model),
  Row(
    name: "kserve-xgbserver", serverType: "xgbserver", formats: "xgboost 2:auto:1", protocols: "v1,v2",
    image: "kserve/xgbserver:latest", words: model + ["--nthread=1"]),
  Row(
    name: "kserve-lgbserver", serverType: "lgbserver", formats: "lightgbm 4:auto:1", protocols: "v1,v2",
    image: "kserve/lgbserver:latest", words: model + ["--nthread=1"]),
  Row(
    name: "kserve-pmmlserver", serverType: "pmmlserver", formats: "pmml 3:auto:1, pmml 4:auto:1",
    protocols: "v1,v2", image: "kserve/pmmlserver:latest", words: model),
  Row(
    name: "kserve-paddleserver", serverType: "paddleserver", formats: "paddle 2:auto:1",
    protocols: "v1,v2", image: "kserve/paddleserver:latest", words: model),
  Row(
    name: "kserve-autogluonserver", serverType: "autogluonserver", formats: "autogluon 1:auto:1",
    protocols: "v1,v2", image: "kserve/autogluonserver:latest", words: model),
  Row(
    name: "kserve-predictiveserver", serverType: "predictiveserver",
    formats: "sklearn 1:-:3, xgboost 2:-:3, lightgbm 4:-:3", protocols: "v1,v2",
    image: "kserve/predictiveserver:latest",
    words: model + ["--framework={{.Annotations.modelFormat}}", "--nthread=1"]),
  Row(
    name: "kserve-mlserver", serverType: "mlserver",
    formats: "sklearn 0:auto:2, sklearn 1:auto:2, xgboost 1:auto:2, xgboost 2:auto:2, lightgbm 3:auto:2, "
      + "lightgbm 4:auto:2, mlflow 1:auto:1, mlflow 2:auto:1", protocols: "v2",
    image: "docker.io/seldonio/mlserver:1.7.1",
    words: [
      "MLSERVER_MODEL_IMPLEMENTATION={{.Labels.modelClass}}", "MLSERVER_HTTP_PORT=8080",
      "MLSERVER_GRPC_PORT=9000",
    ]),
  Row(
    name: "kserve-tensorflow-serving", serverType: "tensorflow-serving",
    formats: "tensorflow 1:auto:2, tensorflow 2:auto:2", protocols: "v1,grpc-v1",
    image: "tensorflow/serving:2.6.2",
    words: [
      "--model_name={{.Name}}", "--port=9000", "--rest_api_port=8080", "--model_base_path=/mnt/models",
      "--rest_api_timeout_in_ms=60000",
    ], user: 1000),
  Row(
    name: "kserve-torchserve", serverType: "torchserve", formats: "pytorch 1:auto:2",
    protocols: "v1,v2,grpc-v2", image: "pytorch/torchserve-kfs:0.9.0",
    words: [
      "--model-store=/mnt/models/model-store", "--ts-config=/mnt/models/config/config.properties",
      "TS_SERVICE_ENVELOPE={{.Labels.serviceEnvelope}}",
    ], metricsPort: "8082", user: 1000),
  Row(
    name: "kserve-tritonserver", serverType: "tritonserver",
    formats: "tensorrt 8:auto:1, tensorflow 1:auto:1, tensorflow 2:auto:1, onnx 1:auto:1, pytorch 1:-:-, "
      + "triton 2:auto:1", protocols: "v2,grpc-v2", image: "nvcr.io/nvidia/tritonserver:23.05-py3",
    words: ["--model-store=/mnt/models", "--grpc-port=9000", "--http-port=8080"], metricsPort: "8002",
    user: 1000),
  Row(
    name: "kserve-huggingfaceserver", serverType: "huggingfaceserver", formats: "huggingface 1:auto:1",
    protocols: "v2,v1", image: "kserve/huggingfaceserver:latest", words: ["--model_name={{.Name}}"]),
  Row(
    name: "kserve-vllmserver", serverType: "vllmserver", formats: "vLLM 1:auto:1", protocols: "",
    image: "docker.io/vllm/vllm-openai:latest",
    words: [
      "vllm.entrypoints.openai.api_server", "--port=8080", "--served-model-name={{.Name}}",
      "--model=/mnt/models",
    ]),
  Row(
    name: "kserve-openvino", serverType: "ovms",
    formats: "openvino 10:auto:1, onnx 1:auto:2, tensorflow 1:auto:3, huggingface -:auto:-",
    protocols: "v1,v2,grpc-v2", image: "openvino/model_server:latest",
    words: ["--port=9000", "--rest_port=8080"], user: 5000),
  Row(
    name: "kserve-huggingfaceserver-multinode", serverType: "huggingfaceserver",
    formats: "huggingface 1:auto:2", protocols: "v2,v1", image: "kserve/huggingfaceserver:latest-gpu",
    words: ["--model_name={{.Name}}"]),
]

@Suite struct BuiltInRuntimesTests {
  @Test func theyFitTheirSchemaAndDoNotClash() throws {
    let json = try #require(
      ServingCRDs.clusterServingRuntime.json.at("spec", "versions")?[0]?.at("schema", "openAPIV3Schema"))
    let validator = SchemaValidator(schema: try Schema(openAPIV3: json), catalog: BuiltinSchemas.catalog)
    for runtime in BuiltInRuntimes.all {
      #expect(validator.validate(runtime.json, at: "") == [], "\(runtime.name)")
      #expect(ServingRuntimeValidation.causes(runtime, others: BuiltInRuntimes.all) == [], "\(runtime.name)")
      #expect(ServingRuntime(runtime).serverType?.isEmpty == false)
    }
  }

  @Test func theyAreUpstreamsAndNoOthers() {
    #expect(BuiltInRuntimes.all.map(\.name).sorted() == rows.map(\.name).sorted())
    #expect(
      BuiltInRuntimes.all.filter { ServingRuntime($0).isDisabled }.map(\.name) == ["kserve-openvino"],
      "the one that upstream does not install")
  }

  @Test(arguments: rows.indices)
  func eachIsAsUpstreamHasIt(_ index: Int) throws {
    let row = rows[index]
    let runtime = ServingRuntime(try #require(BuiltInRuntimes.all.first { $0.name == row.name }))
    let formats = runtime.modelFormats.map { format in
      "\(format.name) \(format.version ?? "-"):\(format.isAutoSelected ? "auto" : "-"):"
        + (format.priority.map(String.init) ?? "-")
    }
    #expect(runtime.object.annotations["serving.kserve.io/server-type"] == row.serverType)
    #expect(formats.joined(separator: ", ") == row.formats)
    #expect(runtime.protocolVersions.joined(separator: ",") == row.protocols)
    #expect(!runtime.isMultiModel)
    let container = try #require(runtime.containers.first)
    #expect(container["name"] == "kserve-container")
    #expect(container["image"]?.string == row.image)
    var words: [String] = []
    for field in ["command", "args"] { words += (container[field]?.array ?? []).compactMap(\.string) }
    for variable in container["env"]?.array ?? [] {
      words.append("\(variable["name"]?.string ?? "")=\(variable["value"]?.string ?? "")")
    }
    for word in row.words { #expect(words.contains(word), "\(word)") }
    #expect(runtime.annotations["prometheus.kserve.io/port"] == row.metricsPort)
    #expect(runtime.annotations["prometheus.kserve.io/path"] == "/metrics")
    // Upstream's for several nodes says nothing about it.
    if row.name.hasSuffix("multinode") { return }
    #expect(container.at("securityContext", "runAsUser")?.int == row.user)
    #expect(container.at("securityContext", "capabilities", "drop") == ["ALL"])
    #expect(container.at("securityContext", "allowPrivilegeEscalation") == false)
  }

  @Test func mostAskForOneProcessorAndTwoGibibytes() throws {
    for object in BuiltInRuntimes.all where object.name != "kserve-huggingfaceserver-multinode" {
      let resources = try #require(ServingRuntime(object).containers.first?["resources"])
      for kind in ["requests", "limits"] {
        #expect(resources[kind] == ["cpu": "1", "memory": "2Gi"], "\(object.name)")
      }
    }
  }

  @Test func serversWithSeveralProcessesShareMemory() throws {
    for name in ["kserve-huggingfaceserver", "kserve-vllmserver"] {
      let runtime = ServingRuntime(try #require(BuiltInRuntimes.all.first { $0.name == name }))
      #expect(runtime.pod.volumes.contains { $0.at("emptyDir", "medium") == "Memory" })
      #expect(runtime.containers[0]["volumeMounts"]?[0]?["mountPath"] == "/dev/shm")
    }
    let several = ServingRuntime(
      try #require(BuiltInRuntimes.all.first { $0.name == "kserve-huggingfaceserver-multinode" }))
    #expect(several.workerSpec?.pipelineParallelSize == 1 && several.workerSpec?.tensorParallelSize == 1)
    #expect(several.workerSpec?.containers.first?["name"] == "worker-container")
    let probes = [several.containers[0], several.workerSpec?.containers.first ?? [:]].flatMap { container in
      ["startupProbe", "readinessProbe", "livenessProbe"].compactMap { container[$0] }
    }
    #expect(!probes.isEmpty)
    for probe in probes {
      #expect(probe.at("exec", "command")?.encodedText.contains("health_check.py") == true)
    }
  }
}
