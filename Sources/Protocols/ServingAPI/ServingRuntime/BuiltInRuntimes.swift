internal import Formats
public import KubeProtocol

/// The ClusterServingRuntimes that every installation has, under upstream's names. Those whose image this
/// binary stands in for run natively; a pod of another says that its image cannot run here.
public enum BuiltInRuntimes {
  public static let all: [KubeObject] = rows.map(make) + [MultiNodeRuntime.huggingFace]

  struct Row {
    var name: String
    var serverType: String
    /// Format, version, whether it is chosen by itself, priority.
    var formats: [(name: String, version: String, isAuto: Bool, priority: Int64?)]
    var protocols: [String]
    var image: String
    var command: [String] = []
    var arguments: [String] = []
    var environment: [(name: String, value: String)] = []
    var metricsPort: Int64 = 8080
    var user: Int64?
    /// In-memory volume at /dev/shm, for servers with several processes.
    var hasSharedMemory = false
    var probePath: String?
    /// Names of the users in the container's image are not all numbers.
    var mustNotBeRoot = true
    var isDisabled = false
  }

  static let standardArguments: [String] = [
    "--model_name={{.Name}}", "--model_dir=\(ServingPod.modelPath)", "--http_port=8080",
  ]
  private static let protocolsV1V2: [String] = ["v1", "v2"]

  static let rows: [Row] =
    [
      Row(
        name: "kserve-sklearnserver", serverType: "sklearnserver", formats: [("sklearn", "1", true, 1)],
        protocols: protocolsV1V2, image: "kserve/sklearnserver:latest", arguments: standardArguments),
      Row(
        name: "kserve-xgbserver", serverType: "xgbserver", formats: [("xgboost", "2", true, 1)],
        protocols: protocolsV1V2, image: "kserve/xgbserver:latest",
        arguments: standardArguments + ["--nthread=1"]),
      Row(
        name: "kserve-lgbserver", serverType: "lgbserver", formats: [("lightgbm", "4", true, 1)],
        protocols: protocolsV1V2, image: "kserve/lgbserver:latest",
        arguments: standardArguments + ["--nthread=1"]),
      Row(
        name: "kserve-pmmlserver", serverType: "pmmlserver",
        formats: [("pmml", "3", true, 1), ("pmml", "4", true, 1)],
        protocols: protocolsV1V2, image: "kserve/pmmlserver:latest", arguments: standardArguments),
      Row(
        name: "kserve-paddleserver", serverType: "paddleserver", formats: [("paddle", "2", true, 1)],
        protocols: protocolsV1V2, image: "kserve/paddleserver:latest", arguments: standardArguments),
      Row(
        name: "kserve-autogluonserver", serverType: "autogluonserver", formats: [("autogluon", "1", true, 1)],
        protocols: protocolsV1V2, image: "kserve/autogluonserver:latest", arguments: standardArguments),
      Row(
        name: "kserve-predictiveserver", serverType: "predictiveserver",
        formats: [("sklearn", "1", false, 3), ("xgboost", "2", false, 3), ("lightgbm", "4", false, 3)],
        protocols: protocolsV1V2, image: "kserve/predictiveserver:latest",
        arguments: standardArguments + ["--framework={{.Annotations.modelFormat}}", "--nthread=1"]),
    ] + serversOfOthers

  private static let serversOfOthers: [Row] = [
    Row(
      name: "kserve-mlserver", serverType: "mlserver",
      formats: [
        ("sklearn", "0", true, 2), ("sklearn", "1", true, 2), ("xgboost", "1", true, 2),
        ("xgboost", "2", true, 2),
        ("lightgbm", "3", true, 2), ("lightgbm", "4", true, 2), ("mlflow", "1", true, 1),
        ("mlflow", "2", true, 1),
      ], protocols: ["v2"], image: "docker.io/seldonio/mlserver:1.7.1",
      environment: [
        ("MLSERVER_MODEL_IMPLEMENTATION", "{{.Labels.modelClass}}"), ("MLSERVER_HTTP_PORT", "8080"),
        ("MLSERVER_GRPC_PORT", "9000"), ("MODELS_DIR", ServingPod.modelPath),
      ]),
    Row(
      name: "kserve-tensorflow-serving", serverType: "tensorflow-serving",
      formats: [("tensorflow", "1", true, 2), ("tensorflow", "2", true, 2)], protocols: ["v1", "grpc-v1"],
      image: "tensorflow/serving:2.6.2", command: ["/usr/bin/tensorflow_model_server"],
      arguments: [
        "--model_name={{.Name}}", "--port=9000", "--rest_api_port=8080",
        "--model_base_path=\(ServingPod.modelPath)",
        "--rest_api_timeout_in_ms=60000",
      ], user: 1000),
    Row(
      name: "kserve-torchserve", serverType: "torchserve", formats: [("pytorch", "1", true, 2)],
      protocols: ["v1", "v2", "grpc-v2"], image: "pytorch/torchserve-kfs:0.9.0",
      arguments: [
        "torchserve", "--start", "--model-store=\(ServingPod.modelPath)/model-store",
        "--ts-config=\(ServingPod.modelPath)/config/config.properties",
      ], environment: [("TS_SERVICE_ENVELOPE", "{{.Labels.serviceEnvelope}}")], metricsPort: 8082,
      user: 1000),
    Row(
      name: "kserve-tritonserver", serverType: "tritonserver",
      formats: [
        ("tensorrt", "8", true, 1), ("tensorflow", "1", true, 1), ("tensorflow", "2", true, 1),
        ("onnx", "1", true, 1), ("pytorch", "1", false, nil), ("triton", "2", true, 1),
      ], protocols: ["v2", "grpc-v2"], image: "nvcr.io/nvidia/tritonserver:23.05-py3",
      arguments: [
        "tritonserver", "--model-store=\(ServingPod.modelPath)", "--grpc-port=9000", "--http-port=8080",
        "--allow-grpc=true", "--allow-http=true",
      ], metricsPort: 8002, user: 1000),
    Row(
      name: "kserve-huggingfaceserver", serverType: "huggingfaceserver",
      formats: [("huggingface", "1", true, 1)],
      protocols: ["v2", "v1"], image: "kserve/huggingfaceserver:latest",
      arguments: ["--model_name={{.Name}}"], environment: [("LMCACHE_USE_EXPERIMENTAL", "True")],
      hasSharedMemory: true),
    Row(
      name: "kserve-vllmserver", serverType: "vllmserver", formats: [("vLLM", "1", true, 1)], protocols: [],
      image: "docker.io/vllm/vllm-openai:latest",
      command: ["python", "-m", "vllm.entrypoints.openai.api_server"],
      arguments: ["--port=8080", "--served-model-name={{.Name}}", "--model=\(ServingPod.modelPath)"],
      environment: [
        ("LMCACHE_USE_EXPERIMENTAL", "True"), ("HF_HOME", "/tmp"), ("VLLM_CONFIG_ROOT", "/tmp"),
        ("VLLM_WORKER_MULTIPROC_METHOD", "spawn"),
      ], hasSharedMemory: true, probePath: "/v1/models", mustNotBeRoot: false),
    // Upstream ships it beside the ones that it installs; enabled, it is taken for ONNX before the others.
    Row(
      name: "kserve-openvino", serverType: "ovms",
      formats: [
        ("openvino", "10", true, 1), ("onnx", "1", true, 2), ("tensorflow", "1", true, 3),
        ("huggingface", "", true, nil),
      ], protocols: ["v1", "v2", "grpc-v2"], image: "openvino/model_server:latest",
      arguments: [
        "--model_name={{.Name}}", "--model_path=\(ServingPod.modelPath)", "--port=9000", "--rest_port=8080",
        "--file_system_poll_wait_seconds=0",
      ], user: 5000, isDisabled: true),
  ]

  static func make(_ row: Row) -> KubeObject {
    var object = KubeObject(.clusterServingRuntimes, name: row.name)
    object.annotations = [ServingAnnotation.serverType: row.serverType]
    var spec: JSONValue = [
      "annotations": [
        "prometheus.kserve.io/port": .string(String(row.metricsPort)),
        "prometheus.kserve.io/path": "/metrics",
      ],
      "supportedModelFormats": .array(row.formats.map(makeFormat)),
    ]
    if !row.protocols.isEmpty { spec["protocolVersions"] = .array(row.protocols.map { .string($0) }) }
    if row.isDisabled { spec["disabled"] = true }
    spec["containers"] = [makeContainer(row)]
    if row.hasSharedMemory {
      spec["volumes"] = [["name": "devshm", "emptyDir": ["medium": "Memory"]]]
      spec["hostIPC"] = false
    }
    object.spec = spec
    return object
  }

  private static func makeFormat(
    _ format: (name: String, version: String, isAuto: Bool, priority: Int64?)
  ) -> JSONValue {
    var json: JSONValue = ["name": .string(format.name)]
    if !format.version.isEmpty { json["version"] = .string(format.version) }
    if format.isAuto { json["autoSelect"] = true }
    if let priority = format.priority { json["priority"] = .int(priority) }
    return json
  }

  private static func makeContainer(_ row: Row) -> JSONValue {
    var container: JSONValue = ["name": .string(ServingPod.modelContainer), "image": .string(row.image)]
    if !row.command.isEmpty { container["command"] = .array(row.command.map { .string($0) }) }
    if !row.arguments.isEmpty { container["args"] = .array(row.arguments.map { .string($0) }) }
    if !row.environment.isEmpty {
      container["env"] = .array(
        row.environment.map { ["name": .string($0.name), "value": .string($0.value)] })
    }
    if row.hasSharedMemory { container["volumeMounts"] = [["name": "devshm", "mountPath": "/dev/shm"]] }
    if let path = row.probePath {
      container["readinessProbe"] = makeProbe(path, failures: 3, period: 10, timeout: 5)
      // Half an hour for large models.
      var startup = makeProbe(path, failures: 60, period: 30, timeout: 10)
      startup["initialDelaySeconds"] = 30
      container["startupProbe"] = startup
    }
    var security: JSONValue = [
      "allowPrivilegeEscalation": false, "privileged": false, "capabilities": ["drop": ["ALL"]],
    ]
    if row.mustNotBeRoot { security["runAsNonRoot"] = true }
    if let user = row.user { security["runAsUser"] = .int(user) }
    container["securityContext"] = security
    container["resources"] = ResourceDefaults().json
    return container
  }

  private static func makeProbe(
    _ path: String, failures: Int64, period: Int64, timeout: Int64
  ) -> JSONValue {
    [
      "httpGet": ["path": .string(path), "port": 8080], "failureThreshold": .int(failures),
      "periodSeconds": .int(period), "successThreshold": 1, "timeoutSeconds": .int(timeout),
    ]
  }
}
