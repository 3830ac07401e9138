internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// The pods of a predictor that a runtime serves.
extension PodAssembly {
  /// Members of a runtime's spec that go into the pod; `hostIPC` stays behind, as upstream leaves it.
  private static let runtimePodFields: [String] = [
    "nodeSelector", "affinity", "tolerations", "volumes", "imagePullSecrets", "schedulerName",
    "resourceClaims",
  ]

  mutating func addModel(
    _ model: ModelSpec, _ choice: RuntimeSelection.Choice, hasStorage: Bool
  ) throws(ServingFailure) {
    let runtime = choice.runtime
    let defaults = RuntimeDefaults(
      runtime: runtime, model: model, serviceName: service.name, hasStorage: hasStorage,
      chosenProtocol: choice.protocolVersion)
    extraLabels = defaults.labels
    guard let base = runtime.containers.first(where: { $0["name"]?.string == ServingPod.modelContainer })
    else {
      throw ServingFailure(
        .invalidPredictorSpec, message: "failed to find kserve-container in ServingRuntime containers",
        explanation:
          "the runtime \"\(runtime.name)\" "
          + "has no container of that name; add one to its spec.containers or name another runtime")
    }
    var container = try merged(base, with: model.container, runtime: runtime, name: ServingPod.modelContainer)
    addDefaults(defaults, to: &container)
    addBatching(to: &container)
    addLogging(to: &container)
    container = try rendered(container, runtime: runtime)
    if let image = container["image"]?.string {
      container["image"] = .string(
        RuntimeImage.resolve(
          image, version: model.runtimeVersion, serverType: runtime.serverType, container: container))
    }
    if let nodes = try multiNode(runtime, head: container) {
      nodes.complete(&container, isHead: true, service)
    }
    var others = component.spec.containers
    var containers = [container]
    if let transformer = try transformer(runtime, &others) { containers.append(transformer) }
    let taken: Set<String> = [ServingPod.modelContainer, ServingPod.transformerContainer]
    for extra in runtime.containers where !taken.contains(extra["name"]?.string ?? "") {
      if let position = others.firstIndex(where: { $0["name"] == extra["name"] }) {
        let overlay = others.remove(at: position)
        containers.append(
          try merged(extra, with: overlay, runtime: runtime, name: extra["name"]?.string ?? ""))
      } else {
        containers.append(extra)
      }
    }
    containers += others
    try mergePodSpec(runtime)
    for volume in volumes { pod.appendUnlessNamed(volume, to: "volumes") }
    setContainers(containers)
  }

  /// A transformer in the same pod, from the runtime, the service, or both.
  private func transformer(
    _ runtime: ServingRuntime, _ others: inout [JSONValue]
  ) throws(ServingFailure) -> JSONValue? {
    let name = ServingPod.transformerContainer
    let base = runtime.containers.first { $0["name"]?.string == name }
    guard let position = others.firstIndex(where: { $0["name"]?.string == name }) else {
      guard let base else { return nil }
      return try rendered(base, runtime: runtime)
    }
    let overlay = others.remove(at: position)
    guard let base else { return try rendered(overlay, runtime: runtime) }
    return try rendered(try merged(base, with: overlay, runtime: runtime, name: name), runtime: runtime)
  }

  /// The service's container over the runtime's; arguments of both, the runtime's first.
  func merged(
    _ base: JSONValue, with overlay: JSONValue, runtime: ServingRuntime, name: String
  ) throws(ServingFailure) -> JSONValue {
    var overlay = overlay
    overlay["name"] = nil
    let arguments = (base["args"]?.array ?? []) + (overlay["args"]?.array ?? [])
    overlay["args"] = nil
    do throws(PatchError) {
      var container = try PodMerge.container(base: base, overlay: overlay)
      if !arguments.isEmpty { container["args"] = .array(arguments) }
      return container
    } catch {
      throw .invalid(
        "the container \"\(name)\" of the service cannot be merged with the one of runtime "
          + "\"\(runtime.name)\": "
          + "\(error.message)")
    }
  }

  private func addDefaults(_ defaults: RuntimeDefaults, to container: inout JSONValue) {
    for variable in defaults.environment {
      container.setEnvironment(variable.name, variable.value, overwrite: true)
    }
    for argument in defaults.arguments {
      var arguments = container["args"]?.array ?? []
      if !arguments.contains(.string(argument)) { arguments.append(.string(argument)) }
      container["args"] = .array(arguments)
    }
  }

  func rendered(_ container: JSONValue, runtime: ServingRuntime) throws(ServingFailure) -> JSONValue {
    let template = PlaceholderTemplate(
      .init(
        fields: ["Name": service.name, "Namespace": service.namespace],
        maps: ["Labels": extraLabels.merging(service.labels) { $1 }, "Annotations": service.annotations]))
    do throws(PlaceholderTemplate.Failure) {
      return try template.render(container)
    } catch {
      let name = container["name"]?.string ?? ""
      let message = "failed to replace placeholders in serving runtime \(runtime.name) Container \(name)"
      throw .invalid(.invalidRuntime, value: runtime.name, "\(message): \(error.description)")
    }
  }

  private mutating func mergePodSpec(_ runtime: ServingRuntime) throws(ServingFailure) {
    var base: JSONValue = [:]
    for field in Self.runtimePodFields { base[field] = runtime.spec[field] }
    var overlay = component.spec.podSpec
    overlay["containers"] = nil
    do throws(PatchError) {
      pod = try PodMerge.podSpec(base: base, overlay: overlay)
    } catch {
      throw .invalid(
        "the pod spec of the service cannot be merged with that of runtime \"\(runtime.name)\": "
          + "\(error.message)"
      )
    }
  }
}
