internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// Builds the pod spec of a component step by step; pure.
struct PodAssembly {
  let component: Component
  let configuration: InferenceServiceConfig
  var pod: JSONValue = [:]
  /// Labels that the runtime's placeholders need and the pod gets.
  var extraLabels: [String: String] = [:]
  /// Volumes that the platform's own parts need.
  var volumes: [JSONValue] = []

  init(component: Component, configuration: InferenceServiceConfig) {
    self.component = component
    self.configuration = configuration
  }

  var service: InferenceService { component.service }

  // MARK: own containers

  /// The component's own pod spec.
  /// - Parameter arguments: what upstream adds to the first container, as flags with values; a flag that is
  ///   there already stays as the user wrote it.
  mutating func addOwnContainers(arguments: [(flag: String, value: String)] = []) throws(ServingFailure) {
    pod = component.spec.podSpec
    var containers = pod["containers"]?.array ?? []
    guard !containers.isEmpty else {
      let model = component.kind == .predictor ? "a model nor containers" : "containers"
      throw .invalid(
        "spec.\(component.kind.rawValue) has \(component.kind == .predictor ? "neither" : "no") \(model); "
          + "give it a container")
    }
    for argument in arguments { containers[0].addArgument(argument.flag, argument.value) }
    setContainers(containers)
  }

  // MARK: what every pod gets

  /// The service's name goes to every container of a predictor, to the first one of the others.
  mutating func setContainers(_ containers: [JSONValue]) {
    pod["containers"] = .array(
      containers.enumerated().map { index, container in
        var container = container
        if component.kind == .predictor || index == 0 {
          container.setEnvironment(ServingPod.serviceNameVariable, service.name, overwrite: true)
        }
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
      container["readinessProbe"] = defaultReadinessProbe(port: container.firstPort)
    }
    return container
  }

  static func defaultReadinessProbe(port: Int64) -> JSONValue {
    [
      "tcpSocket": ["port": .int(port)], "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1,
      "failureThreshold": 3,
    ]
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

  /// Appends `--flag value` to a container's `args` unless the flag is there, with its value beside it or
  /// after an equals sign.
  mutating func addArgument(_ flag: String, _ value: String) {
    var arguments = self["args"]?.array ?? []
    let isThere = arguments.contains { argument in
      argument.string.map { $0 == flag || $0.hasPrefix("\(flag)=") } ?? false
    }
    if isThere { return }
    arguments += [.string(flag), .string(value)]
    self["args"] = .array(arguments)
  }
}
