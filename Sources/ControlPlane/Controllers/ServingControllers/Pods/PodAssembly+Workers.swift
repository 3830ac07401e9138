internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// The pods of a predictor on several nodes.
extension PodAssembly {
  /// What there is to several nodes; nil for one.
  /// - Parameter head: the merged `kserve-container`.
  func multiNode(_ runtime: ServingRuntime, head: JSONValue) throws(ServingFailure) -> MultiNode? {
    guard service.predictor.workerSpec != nil else { return nil }
    return try MultiNode(
      service, runtime, head: head, worker: try workerContainer(runtime), configuration: configuration)
  }

  /// Replaces the pod by a worker's.
  mutating func addWorker(_ runtime: ServingRuntime, _ nodes: MultiNode) throws(ServingFailure) {
    var container = try workerContainer(runtime)
    nodes.complete(&container, isHead: false, service)
    let own = service.predictor.workerSpec
    var base = runtime.workerSpec?.podSpec ?? [:]
    base["containers"] = nil
    var overlay = own?.podSpec ?? [:]
    overlay["containers"] = nil
    do throws(PatchError) {
      pod = try PodMerge.podSpec(base: base, overlay: overlay)
    } catch {
      throw .invalid("spec.predictor.workerSpec cannot be merged with the runtime's: \(error.message)")
    }
    setContainers([container])
  }

  /// The service's `worker-container` over the runtime's.
  private func workerContainer(_ runtime: ServingRuntime) throws(ServingFailure) -> JSONValue {
    guard let spec = runtime.workerSpec,
      let base = spec.pod.container(named: ServingPod.workerContainer) ?? spec.containers.first
    else {
      throw .invalid(
        "you cannot set WorkerSpec in the InferenceService if the ServingRuntime does not have a WorkerSpec: "
          + "give runtime \"\(runtime.name)\" one, or leave spec.predictor.workerSpec out")
    }
    let overlay = service.predictor.workerSpec?.containers.first ?? [:]
    let merged = try merged(base, with: overlay, runtime: runtime, name: ServingPod.workerContainer)
    return try rendered(merged, runtime: runtime)
  }
}
