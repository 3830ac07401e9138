internal import Formats
internal import KubeProtocol

/// The built-in runtime for models over several nodes: Hugging Face's server on a Ray cluster. Its programs
/// are in upstream's image; the control plane sets the variables that name sizes and Services.
enum MultiNodeRuntime {
  private static let image = "kserve/huggingfaceserver:latest-gpu"
  private static let healthCheck = "python ./huggingfaceserver/health_check.py"
  private static let headAddress = "${HEAD_SVC}.${POD_NAMESPACE}.svc.cluster.local"

  static let huggingFace: KubeObject = {
    var object = KubeObject(.clusterServingRuntimes, name: "kserve-huggingfaceserver-multinode")
    object.annotations = [ServingAnnotation.serverType: "huggingfaceserver"]
    object.spec = [
      "annotations": ["prometheus.kserve.io/port": "8080", "prometheus.kserve.io/path": "/metrics"],
      "supportedModelFormats": [
        ["name": "huggingface", "version": "1", "autoSelect": true, "priority": 2]
      ],
      "protocolVersions": ["v2", "v1"],
      "containers": [head],
      "volumes": [sharedMemory],
      "workerSpec": [
        "pipelineParallelSize": 1, "tensorParallelSize": 1, "containers": [worker],
        "volumes": [sharedMemory],
      ],
    ]
    return object
  }()

  private static let sharedMemory: JSONValue = [
    "name": "shm", "emptyDir": ["medium": "Memory", "sizeLimit": "3Gi"],
  ]

  private static let resources: JSONValue = [
    "requests": ["cpu": "2", "memory": "6Gi"], "limits": ["cpu": "4", "memory": "12Gi"],
  ]

  private static let headScript = """
    set -- "$0" "$@"
    directory=${MODEL_DIR:-${MODEL_ID}}
    [ -n "${directory}" ] && set -- "--model_dir=${directory}" "$@"
    export RAY_ADDRESS=${POD_IP}:${RAY_PORT}
    ray start --head --disable-usage-stats --include-dashboard false
    \(healthCheck) registered_nodes --retries 200 --probe_name runtime_start
    exec python -m huggingfaceserver --tensor-parallel-size=${TENSOR_PARALLEL_SIZE} \\
      --pipeline-parallel-size=${PIPELINE_PARALLEL_SIZE} "$@"
    """

  private static let workerScript = """
    until ray health-check --address "\(headAddress):6379"; do
      echo "waiting for the head of the Ray cluster, ${SECONDS} s so far"
      sleep 5
    done
    exec ray start --address="\(headAddress):6379" --block
    """

  private static let head: JSONValue = [
    "name": .string(ServingPod.modelContainer), "image": .string(image),
    "command": ["bash", "-c", .string(headScript)], "args": ["--model_name={{.Name}}"],
    "env": [
      ["name": "RAY_PORT", "value": "6379"], fieldVariable("POD_NAMESPACE", "metadata.namespace"),
      fieldVariable("POD_IP", "status.podIP"), ["name": "VLLM_CONFIG_ROOT", "value": "/tmp"],
      ["name": "HF_HUB_CACHE", "value": "/tmp"],
    ],
    "resources": resources, "volumeMounts": [["name": "shm", "mountPath": "/dev/shm"]],
    "livenessProbe": probe(
      "\(healthCheck) registered_node_and_runtime_health --health_check_url http://localhost:8080 "
        + "--probe_name head_liveness"),
    "readinessProbe": probe(
      "\(healthCheck) runtime_health --health_check_url http://localhost:8080 --probe_name head_readiness"),
    "startupProbe": startupProbe(
      "\(healthCheck) registered_node_and_runtime_health --health_check_url http://localhost:8080 "
        + "--probe_name head_startup"),
  ]

  private static let worker: JSONValue = [
    "name": .string(ServingPod.workerContainer), "image": .string(image),
    "command": ["bash", "-c", .string(workerScript)],
    "env": [
      fieldVariable("POD_NAME", "metadata.name"), fieldVariable("POD_NAMESPACE", "metadata.namespace"),
    ],
    "resources": resources, "volumeMounts": [["name": "shm", "mountPath": "/dev/shm"]],
    "livenessProbe": probe(
      "RAY_ADDRESS=\(headAddress):6379 \(healthCheck) registered_nodes --probe_name worker_liveness"),
    "startupProbe": startupProbe(
      "RAY_ADDRESS=\(headAddress):6379 \(healthCheck) registered_node_and_runtime_models "
        + "--runtime_url http://\(headAddress):8080/v1/models --probe_name worker_startup"),
  ]

  private static func fieldVariable(_ name: String, _ path: String) -> JSONValue {
    ["name": .string(name), "valueFrom": ["fieldRef": ["fieldPath": .string(path)]]]
  }

  private static func probe(_ script: String) -> JSONValue {
    [
      "failureThreshold": 2, "periodSeconds": 5, "successThreshold": 1, "timeoutSeconds": 15,
      "exec": ["command": ["bash", "-c", .string(script)]],
    ]
  }

  private static func startupProbe(_ script: String) -> JSONValue {
    [
      "failureThreshold": 40, "periodSeconds": 30, "successThreshold": 1, "timeoutSeconds": 30,
      "initialDelaySeconds": 60, "exec": ["command": ["bash", "-c", .string(script)]],
    ]
  }
}
