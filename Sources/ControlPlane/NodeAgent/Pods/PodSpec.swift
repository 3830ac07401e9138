internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeProtocol

/// The parts of a pod that a node needs, read from its JSON. Absent members have the API's defaults.
struct PodSpec: Sendable {
  enum RestartPolicy: String, Sendable { case always = "Always", onFailure = "OnFailure", never = "Never" }

  var object: KubeObject

  init(_ object: KubeObject) { self.object = object }

  private var spec: JSONValue { object.spec ?? [:] }

  var restartPolicy: RestartPolicy {
    spec["restartPolicy"]?.string.flatMap(RestartPolicy.init(rawValue:)) ?? .always
  }
  var initContainers: [ContainerSpec] { containers("initContainers", isInit: true) }
  var mainContainers: [ContainerSpec] { containers("containers", isInit: false) }
  var allContainers: [ContainerSpec] { initContainers + mainContainers }
  var volumes: [JSONValue] { spec["volumes"]?.array ?? [] }
  var readinessGates: [String] {
    (spec["readinessGates"]?.array ?? []).compactMap { $0["conditionType"]?.string }
  }
  var serviceAccountName: String { spec["serviceAccountName"]?.string ?? "default" }
  var nodeName: String { spec["nodeName"]?.string ?? "" }
  var isHostNetwork: Bool { spec["hostNetwork"]?.bool ?? false }

  var terminationGrace: Duration {
    .seconds(min(86_400, max(0, spec["terminationGracePeriodSeconds"]?.int ?? 30)))
  }

  /// How long the deletion that is under way lets containers finish.
  var deletionGrace: Duration {
    guard let seconds = object.metadata["deletionGracePeriodSeconds"]?.int else { return terminationGrace }
    return .seconds(min(86_400, max(0, seconds)))
  }

  /// The name inside the pod.
  var hostName: String { spec["hostname"]?.string ?? String(object.name.prefix(63)) }

  func container(_ name: String) -> ContainerSpec? { allContainers.first { $0.name == name } }

  private func containers(_ member: String, isInit: Bool) -> [ContainerSpec] {
    (spec[member]?.array ?? []).map { ContainerSpec(json: $0, isInit: isInit) }
  }
}

/// One container of a pod's spec.
struct ContainerSpec: Sendable, Hashable {
  var json: JSONValue
  var isInit: Bool

  var name: String { json["name"]?.string ?? "" }
  var image: String { json["image"]?.string ?? "" }
  var command: [String] { json.texts("command") }
  var arguments: [String] { json.texts("args") }
  var workingDirectory: String? { json["workingDir"]?.string.flatMap { $0.isEmpty ? nil : $0 } }
  var mounts: [JSONValue] { json["volumeMounts"]?.array ?? [] }
  /// An init container that goes on beside the others.
  var isSidecar: Bool { isInit && json["restartPolicy"]?.string == "Always" }

  var terminationMessagePath: String {
    json["terminationMessagePath"]?.string.flatMap { $0.isEmpty ? nil : $0 } ?? "/dev/termination-log"
  }
  var fallsBackToLogs: Bool { json["terminationMessagePolicy"]?.string == "FallbackToLogsOnError" }

  /// In bytes; nil where there is none.
  var memoryLimit: Int64? {
    json.at("resources", "limits", "memory").flatMap(Quantity.init(json:)).map(\.wholeUnits)
  }

  func probe(_ kind: ProbeKind) -> ProbeSpec? {
    json[kind.member].flatMap { $0.object == nil ? nil : ProbeSpec(json: $0, container: self) }
  }

  var preStop: JSONValue? { json.at("lifecycle", "preStop") }
  var postStart: JSONValue? { json.at("lifecycle", "postStart") }

  /// A container port by its name.
  func port(named name: String) -> Int? {
    let ports = json["ports"]?.array ?? []
    return ports.first { $0["name"]?.string == name }?["containerPort"]?.int.flatMap(Int.init(exactly:))
  }

  /// A probe's `port`: a number or a port's name.
  func port(_ value: JSONValue?) -> Int? {
    if let number = value?.int { return Int(exactly: number).flatMap { (1...65535).contains($0) ? $0 : nil } }
    guard let text = value?.string else { return nil }
    return port(named: text) ?? Int(text).flatMap { (1...65535).contains($0) ? $0 : nil }
  }
}
