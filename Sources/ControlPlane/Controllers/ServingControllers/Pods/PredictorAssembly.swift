internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// The steps that build a predictor's pod spec.
struct PredictorAssembly {
  let service: InferenceService
  let configuration: InferenceServiceConfig
  var pod: JSONValue = [:]
  /// Labels that the runtime's placeholders need and the pod gets.
  var extraLabels: [String: String] = [:]

  /// Members of a runtime's spec that go into the pod; `hostIPC` stays behind, as upstream leaves it.
  private static let runtimePodFields: [String] = [
    "nodeSelector", "affinity", "tolerations", "volumes", "imagePullSecrets", "schedulerName",
    "resourceClaims",
  ]

  init(service: InferenceService, configuration: InferenceServiceConfig) {
    self.service = service
    self.configuration = configuration
  }

  // MARK: model spec

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
          "failed to find kserve-container in ServingRuntime containers: the runtime \"\(runtime.name)\" "
          + "has no container of that name; add one to its spec.containers or name another runtime")
    }
    var container = try merged(base, with: model.container, runtime: runtime, name: ServingPod.modelContainer)
    addDefaults(defaults, to: &container)
    addBatching(to: &container)
    container = try rendered(container, runtime: runtime)
    if let image = container["image"]?.string {
      container["image"] = .string(
        RuntimeImage.resolve(
          image, version: model.runtimeVersion, serverType: runtime.serverType, container: container))
    }
    var others = service.predictor.component.containers
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
  private func merged(
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

  /// The service's `batcher`: the model server itself joins requests, told so by variables that other servers
  /// pass over. What the container already says goes first.
  private func addBatching(to container: inout JSONValue) {
    guard let batcher = service.predictor.json["batcher"], !batcher.isNull else { return }
    let settings = [
      ("APUS_SERVER_MAX_BATCHSIZE", batcher["maxBatchSize"]?.int ?? 32),
      ("APUS_SERVER_MAX_LATENCY", batcher["maxLatency"]?.int ?? 5000),
    ]
    for (name, value) in settings { container.setEnvironment(name, String(value), overwrite: false) }
  }

  private func rendered(_ container: JSONValue, runtime: ServingRuntime) throws(ServingFailure) -> JSONValue {
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
    var overlay = service.predictor.component.podSpec
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

  // MARK: own containers

  mutating func addOwnContainers() throws(ServingFailure) {
    pod = service.predictor.component.podSpec
    let containers = pod["containers"]?.array ?? []
    guard !containers.isEmpty else {
      throw .invalid("spec.predictor has neither a model nor containers; give one of them")
    }
    setContainers(containers)
  }

  // MARK: what every pod gets

  private mutating func setContainers(_ containers: [JSONValue]) {
    pod["containers"] = .array(
      containers.map { container in
        var container = container
        container.setEnvironment(ServingPod.serviceNameVariable, service.name, overwrite: true)
        return container
      })
  }

  /// Upstream's defaults, written out so that a server's own defaulting changes nothing.
  mutating func fillDefaults() {
    let defaults: [(String, JSONValue)] = [
      ("restartPolicy", "Always"), ("terminationGracePeriodSeconds", 30), ("dnsPolicy", "ClusterFirst"),
      ("schedulerName", "default-scheduler"),
    ]
    for (key, value) in defaults where pod[key] == nil { pod[key] = value }
    for list in ["initContainers", "containers"] {
      guard let containers = pod[list]?.array, !containers.isEmpty else { continue }
      pod[list] = .array(containers.map { Self.filled($0, isMain: list == "containers") })
    }
  }

  private static func filled(_ container: JSONValue, isMain: Bool) -> JSONValue {
    var container = container
    let name = container["name"]?.string ?? ""
    let takesRequests = name == ServingPod.modelContainer || name == ServingPod.transformerContainer
    let defaults: [(String, JSONValue)] = [
      ("terminationMessagePath", "/dev/termination-log"),
      // A model server that dies without a message still says why in its last lines.
      ("terminationMessagePolicy", takesRequests ? "FallbackToLogsOnError" : "File"),
      ("imagePullPolicy", "IfNotPresent"),
    ]
    for (key, value) in defaults where container[key] == nil { container[key] = value }
    if let ports = container["ports"]?.array {
      container["ports"] = .array(
        ports.map { port in
          var port = port
          if port["protocol"] == nil { port["protocol"] = "TCP" }
          return port
        })
    }
    if isMain && takesRequests && container["readinessProbe"] == nil {
      container["readinessProbe"] = [
        "tcpSocket": ["port": .int(container.firstPort)], "timeoutSeconds": 1, "periodSeconds": 10,
        "successThreshold": 1, "failureThreshold": 3,
      ]
    }
    return container
  }
}

extension JSONValue {
  /// The first `containerPort` of a container, else 8080.
  var firstPort: Int64 { self["ports"]?[0]?["containerPort"]?.int ?? ServingPod.defaultPort }

  /// Sets a variable in a container's `env`, at the end where it is new.
  mutating func setEnvironment(_ name: String, _ value: String, overwrite: Bool) {
    var variables = self["env"]?.array ?? []
    let entry: JSONValue = ["name": .string(name), "value": .string(value)]
    if let position = variables.firstIndex(where: { $0["name"]?.string == name }) {
      if overwrite { variables[position] = entry }
    } else {
      variables.append(entry)
    }
    self["env"] = .array(variables)
  }
}
