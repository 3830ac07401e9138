internal import Formats
internal import KubeProtocol

extension InferenceServiceValidation {
  /// `workerSpec`: a model over several nodes.
  mutating func checkWorkers(configuredGPUs: [String]) {
    guard let workers = service.predictor.workerSpec else { return }
    let path = "spec.predictor.workerSpec"
    let subject = "the InferenceService \"\(service.name)\" is invalid:"
    if workers.containers.count > 1 {
      add(
        "\(path).containers", "\(subject) setting multiple containers in workerSpec is not allowed",
        reason: "FieldValueTooMany")
    }
    let gpus = GPUResources(configured: configuredGPUs, annotations: service.annotations)
    if let problem = gpus.problem {
      add("metadata.annotations[\(ServingAnnotation.gpuResourceTypes)]", problem)
    }
    var containers = workers.containers.enumerated().map { ("\(path).containers[\($0.offset)]", $0.element) }
    if let model = service.predictor.model {
      checkMultiNodeModel(model, subject)
      containers.insert(("spec.predictor.model", model.json), at: 0)
    }
    for (field, container) in containers where !gpus.unknown(in: container).isEmpty {
      add(
        "\(field).resources",
        "\(subject) Unknown GPU resource type. Set '\(ServingAnnotation.gpuResourceTypes)' annotation to use "
          + "custom gpu resource type")
    }
    for (name, title, size) in [
      ("pipelineParallelSize", "PipelineParallelSize", workers.pipelineParallelSize),
      ("tensorParallelSize", "TensorParallelSize", workers.tensorParallelSize),
    ] {
      if let size, size < 1 {
        add("\(path).\(name)", "\(subject) WorkerSpec.\(title) cannot be less than 1(\(size))")
      }
    }
  }

  private mutating func checkMultiNodeModel(_ model: ModelSpec, _ subject: String) {
    for variable in ["PIPELINE_PARALLEL_SIZE", "TENSOR_PARALLEL_SIZE"]
    where (model.json["env"]?.array ?? []).contains(where: { $0["name"]?.string == variable }) {
      add(
        "spec.predictor.model.env",
        "\(subject) setting \(variable) in environment variables is not allowed",
        reason: "FieldValueForbidden")
    }
    if let uri = model.storageURI {
      let scheme = uri.split(separator: ":", maxSplits: 1).first.map(String.init) ?? ""
      if !uri.contains("://") || !["pvc", "oci"].contains(scheme) {
        let shown = uri.contains("://") ? scheme : uri
        add(
          "spec.predictor.model.storageUri",
          "\(subject) Multinode only supports 'pvc' and 'oci' Storage Protocol(\(shown))")
      }
    } else {
      add(
        "spec.predictor.model.storageUri", "\(subject) StorageURI must be set for multinode enabled",
        reason: "FieldValueRequired")
    }
    let autoscaler = service.autoscalerClass ?? ""
    if autoscaler != "none" {
      add(
        "metadata.annotations[\(ServingAnnotation.autoscalerClass)]",
        "\(subject) Multinode only supports 'none' autoscaler(\(autoscaler))")
    }
  }
}
