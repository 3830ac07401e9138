internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// A predictor on several nodes: how many of them, and how many GPUs each; pure.
struct MultiNode: Sendable, Hashable {
  /// Stages, each a node or more.
  var pipelineSize: Int64
  /// Devices per layer.
  var tensorSize: Int64
  /// The head among them.
  var nodes: Int64
  var headGPUs: Int64
  var workerGPUs: Int64
  /// `nvidia.com/gpu`, …
  var resource: String

  private static let largest: Int64 = 1 << 20

  /// Nil for a predictor on one node.
  /// - Parameters:
  ///   - head: the merged `kserve-container`.
  ///   - worker: the merged `worker-container`.
  init?(
    _ service: InferenceService, _ runtime: ServingRuntime, head: JSONValue, worker: JSONValue,
    configuration: InferenceServiceConfig
  ) throws(ServingFailure) {
    guard let own = service.predictor.workerSpec else { return nil }
    let gpus = GPUResources(
      configured: configuration.customGPUResourceTypes,
      annotations: runtime.annotations.merging(service.annotations) { $1 })
    pipelineSize = own.pipelineParallelSize ?? runtime.workerSpec?.pipelineParallelSize ?? 1
    tensorSize = own.tensorParallelSize ?? runtime.workerSpec?.tensorParallelSize ?? 1
    guard (1...Self.largest).contains(pipelineSize), (1...Self.largest).contains(tensorSize) else {
      throw .invalid("spec.predictor.workerSpec: the parallel sizes must be from 1 to \(Self.largest)")
    }
    let asked = (Self.find(gpus, in: head), Self.find(gpus, in: worker))
    resource = asked.1?.name ?? asked.0?.name ?? gpus.names.first ?? GPUResources.known[0]
    let total = pipelineSize * tensorSize
    if runtime.annotations["multinode/executor-backend"] == "mp" {
      (nodes, headGPUs, workerGPUs) = (pipelineSize, tensorSize, tensorSize)
      return
    }
    workerGPUs = max(1, asked.1?.count ?? 1)
    if let given = asked.0?.count {
      guard total >= given else { throw Self.insufficient(total, "the head asks for \(given)") }
      headGPUs = given
      nodes = 1 + (total - given + workerGPUs - 1) / workerGPUs
    } else {
      nodes = (total + workerGPUs - 1) / workerGPUs
      let rest = total % workerGPUs
      headGPUs = rest == 0 ? workerGPUs : rest
    }
    guard nodes > 1 else {
      throw Self.insufficient(total, "one node with \(workerGPUs) would do; leave workerSpec out")
    }
  }

  private static func insufficient(_ total: Int64, _ why: String) -> ServingFailure {
    .invalid(
      "InvalidGPUAllocation: the total required number of GPUs(\(total)) is less than what the containers "
        + "ask for: \(why)")
  }

  private static func find(_ gpus: GPUResources, in container: JSONValue) -> (name: String, count: Int64)? {
    for kind in ["limits", "requests"] {
      for name in gpus.names {
        guard let quantity = container.at("resources", kind, name).flatMap(Quantity.init(json:)),
          let count = Int64(exactly: quantity.billionths / 1_000_000_000), (1...largest).contains(count)
        else { continue }
        return (name, count)
      }
    }
    return nil
  }

  // MARK: containers

  /// Variables and GPUs of the head's or a worker's container.
  func complete(_ container: inout JSONValue, isHead: Bool, _ service: InferenceService) {
    let count = isHead ? headGPUs : workerGPUs
    var variables: [(String, String)] = [
      ("PIPELINE_PARALLEL_SIZE", String(pipelineSize)), ("TENSOR_PARALLEL_SIZE", String(tensorSize)),
      ("RAY_NODE_COUNT", String(nodes)), ("REQUEST_GPU_COUNT", String(count)),
    ]
    if isHead {
      variables += [("MODEL_NAME", service.name), ("MODEL_DIR", ServingPod.modelPath)]
    } else {
      variables += [
        ("ISVC_NAME", service.name), ("HEAD_SVC", Self.headService(service)),
        ("WORKER_SVC", Self.workerService(service)),
      ]
    }
    for (name, value) in variables { container.setEnvironment(name, value, overwrite: true) }
    for kind in ["limits", "requests"] {
      container.set(.string(String(count)), at: "resources", kind, resource)
    }
  }

  // MARK: objects

  static func workerName(_ component: Component) -> String { "\(component.name)-worker" }
  static func headService(_ service: InferenceService) -> String {
    "\(service.name)-head-\(service.object.generation)"
  }
  static func workerService(_ service: InferenceService) -> String {
    "\(service.name)-workers-\(service.object.generation)"
  }

  /// The Services through which head and workers find each other; pods that are not ready are found too.
  static func makeServices(_ component: Component) -> [KubeObject] {
    [
      (headService(component.service), component.name, "head"),
      (workerService(component.service), workerName(component), "worker"),
    ].map { name, deployment, role in
      var object = KubeObject(.services, namespace: component.service.namespace, name: name)
      object.labels = [
        ServingLabel.inferenceService: component.service.name,
        ServingLabel.component: component.kind.rawValue,
        "isvc.generation": String(component.service.object.generation), "multinode/role": role,
      ]
      object.ownerReferences = [OwnerReference(controller: component.service.object)]
      object.spec = [
        "selector": [ServingLabel.app: .string(ServingLabel.app(forDeployment: deployment))],
        "clusterIP": "None", "publishNotReadyAddresses": true, "type": "ClusterIP",
      ]
      return object
    }
  }
}
