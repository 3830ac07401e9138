internal import Formats
public import KubeProtocol

/// What admission refuses about a runtime, in upstream's words; pure.
public enum ServingRuntimeValidation {
  /// - Parameters:
  ///   - old: the stored object, on update.
  ///   - others: the runtimes of the same kind and namespace.
  ///   - customGPUs: resource names of the configuration that count as GPUs.
  public static func causes(
    _ object: KubeObject, old: KubeObject? = nil, others: [KubeObject], customGPUs: [String] = []
  ) -> [KubeError.Cause] {
    let runtime = ServingRuntime(object)
    if runtime.isDisabled || object.isBeingDeleted { return [] }
    return priorityCauses(runtime) + clashCauses(runtime, others)
      + workerCauses(runtime, old.map(ServingRuntime.init), customGPUs) + environmentCauses(runtime)
  }

  private static func invalid(_ field: String, _ message: String) -> KubeError.Cause {
    KubeError.Cause(reason: "FieldValueInvalid", message: message, field: field)
  }

  private static func title(_ runtime: ServingRuntime) -> String {
    runtime.isClusterWide ? "clusterservingruntime" : "servingruntime"
  }

  // MARK: priorities

  private static func priorityCauses(_ runtime: ServingRuntime) -> [KubeError.Cause] {
    var causes: [KubeError.Cause] = []
    var priorities: [String: Int64] = [:]
    for (index, format) in runtime.modelFormats.enumerated() where format.isAutoSelected {
      guard let priority = format.priority else { continue }
      if let known = priorities[format.name], known != priority {
        causes.append(
          invalid(
            "spec.supportedModelFormats[\(index)].priority",
            "different priorities assigned for the model format \(format.name) under the \(title(runtime)) "
              + "\(runtime.name)"))
      } else {
        priorities[format.name] = priority
      }
    }
    return causes
  }

  private static func clashCauses(_ runtime: ServingRuntime, _ others: [KubeObject]) -> [KubeError.Cause] {
    var causes: [KubeError.Cause] = []
    for other in others.map(ServingRuntime.init) where other.name != runtime.name {
      guard !other.isDisabled, other.isMultiModel == runtime.isMultiModel,
        !Set(other.protocolVersions).isDisjoint(with: runtime.protocolVersions)
      else { continue }
      for (index, format) in runtime.modelFormats.enumerated() where clashes(format, other) {
        let place =
          runtime.isClusterWide
          ? "clusterservingruntimes \(other.name) and \(runtime.name)"
          : "servingruntimes \(other.name) and \(runtime.name) in namespace \(runtime.object.namespace)"
        causes.append(
          invalid(
            "spec.supportedModelFormats[\(index)].priority",
            "same priority assigned for the model format \(format.name) in the \(place)"))
      }
    }
    return causes
  }

  private static func clashes(_ format: ServingRuntime.ModelFormat, _ other: ServingRuntime) -> Bool {
    guard format.isAutoSelected, let priority = format.priority else { return false }
    return other.modelFormats.contains {
      $0.isAutoSelected && $0.priority == priority && $0.name.lowercased() == format.name.lowercased()
        && $0.version == format.version
    }
  }

  // MARK: workers

  private static func workerCauses(
    _ runtime: ServingRuntime, _ old: ServingRuntime?, _ customGPUs: [String]
  ) -> [KubeError.Cause] {
    let subject = "the \(runtime.object.kind) \(runtime.name) is invalid:"
    guard let workers = runtime.workerSpec else {
      guard old?.hasWorkers == true else { return [] }
      return [
        invalid(
          "spec.workerSpec", "\(subject) removing workerSpec where it already exists is not allowed")
      ]
    }
    var causes: [KubeError.Cause] = []
    if workers.containers.count > 1 {
      causes.append(
        invalid(
          "spec.workerSpec.containers",
          "\(subject) setting multiple containers in workerSpec is not allowed"))
    }
    let gpus = GPUResources(configured: customGPUs, annotations: runtime.annotations)
    if let problem = gpus.problem {
      causes.append(invalid("spec.annotations[\(ServingAnnotation.gpuResourceTypes)]", problem))
    }
    var parts = workers.containers.enumerated().map {
      ("spec.workerSpec.containers[\($0.offset)]", $0.element)
    }
    for (index, container) in runtime.containers.enumerated()
    where container["name"]?.string == ServingPod.modelContainer {
      parts.append(("spec.containers[\(index)]", container))
      for variable in ["PIPELINE_PARALLEL_SIZE", "TENSOR_PARALLEL_SIZE"]
      where (container["env"]?.array ?? []).contains(where: { $0["name"]?.string == variable }) {
        causes.append(
          invalid(
            "spec.containers[\(index)].env",
            "\(subject) setting \(variable) in environment variables is not allowed"))
      }
    }
    for (field, container) in parts where !gpus.unknown(in: container).isEmpty {
      let name = container["name"]?.string ?? ""
      causes.append(
        invalid("\(field).resources", "\(subject) unknown GPU resource type in a container(\(name))"))
    }
    for (name, title, size) in [
      ("pipelineParallelSize", "PipelineParallelSize", workers.pipelineParallelSize),
      ("tensorParallelSize", "TensorParallelSize", workers.tensorParallelSize),
    ] {
      if let size, size < 1 {
        causes.append(
          invalid(
            "spec.workerSpec.\(name)", "\(subject) the WorkerSpec.\(title) cannot be less than 1(\(size))"))
      }
    }
    return causes
  }

  // MARK: environment

  private static func environmentCauses(_ runtime: ServingRuntime) -> [KubeError.Cause] {
    var parts = runtime.containers.enumerated().map { ("spec.containers[\($0.offset)]", $0.element) }
    for (index, container) in (runtime.workerSpec?.containers ?? []).enumerated() {
      parts.append(("spec.workerSpec.containers[\(index)]", container))
    }
    return parts.compactMap { path, container in
      guard (container["env"]?.array ?? []).contains(where: { $0["name"]?.string == "PYTHONPATH" }) else {
        return nil
      }
      let name = container["name"]?.string ?? ""
      return invalid(
        "\(path).env",
        "setting PYTHONPATH in container \"\(name)\" is not allowed for security reasons")
    }
  }
}
