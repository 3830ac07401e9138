internal import Formats
internal import KubeProtocol

/// The endpoints of one Service: pure functions from the Service and its pods.
struct ServiceEndpoints {
  /// A port of the Service as one pod offers it.
  struct Port: Hashable {
    var name: String
    var number: Int64
    var transport: String
    var application: String?
  }

  /// One pod.
  struct Address: Hashable {
    var address: String
    var isReady: Bool
    var isServing: Bool
    var isTerminating: Bool
    var nodeName: String
    var hostname: String
    var pod: KubeObject

    var targetReference: JSONValue {
      [
        "kind": "Pod", "namespace": .string(pod.namespace), "name": .string(pod.name),
        "uid": .string(pod.uid),
      ]
    }
  }

  /// Pods that offer the same ports.
  struct Group {
    var ports: [Port]
    var addresses: [Address]
  }

  let service: KubeObject
  /// In the order of their ports, then addresses.
  let groups: [Group]

  /// Nil for a Service whose endpoints are somebody else's business: without selector, or an external name.
  static func selector(of service: KubeObject) -> [String: String]? {
    if service.spec?["type"]?.string == "ExternalName" { return nil }
    let selector = KubeObject.stringMap(service.spec?["selector"])
    return selector.isEmpty ? nil : selector
  }

  /// - Parameter pods: those that the Service selects.
  init(service: KubeObject, pods: [KubeObject]) {
    self.service = service
    let publishesAll = service.spec?["publishNotReadyAddresses"]?.bool ?? false
    var byPorts: [[Port]: [Address]] = [:]
    for pod in pods {
      let state = PodState(pod)
      if state.isTerminal || state.address.isEmpty { continue }
      guard let ports = Self.ports(of: service, on: pod) else { continue }
      let isTerminating = pod.isBeingDeleted
      let hostname = pod.spec?["subdomain"]?.string == service.name ? pod.spec?["hostname"]?.string ?? "" : ""
      byPorts[ports, default: []].append(
        Address(
          address: state.address, isReady: publishesAll || (state.isReady && !isTerminating),
          isServing: state.isReady, isTerminating: isTerminating, nodeName: state.nodeName,
          hostname: hostname,
          pod: pod))
    }
    groups = byPorts.map { entry in
      Group(
        ports: entry.key,
        addresses: entry.value.sorted { ($0.address, $0.pod.name) < ($1.address, $1.pod.name) })
    }
    .sorted { left, right in
      let (first, second) = (left.ports.map(\.number), right.ports.map(\.number))
      return first.lexicographicallyPrecedes(second)
    }
  }

  /// The Service's ports as this pod offers them; nil where it has none of the ports that the Service names.
  private static func ports(of service: KubeObject, on pod: KubeObject) -> [Port]? {
    let declared = service.spec?["ports"]?.array ?? []
    // Only headless Services come without ports.
    if declared.isEmpty { return [] }
    let resolved = declared.compactMap { port -> Port? in
      let transport = port["protocol"]?.string ?? "TCP"
      guard let number = number(of: port, transport: transport, on: pod) else { return nil }
      return Port(
        name: port["name"]?.string ?? "", number: number, transport: transport,
        application: port["appProtocol"]?.string)
    }
    return resolved.isEmpty ? nil : resolved
  }

  private static func number(of port: JSONValue, transport: String, on pod: KubeObject) -> Int64? {
    guard let target = port["targetPort"], !target.isNull else { return port["port"]?.int }
    if let number = target.int { return number == 0 ? port["port"]?.int : number }
    guard let name = target.string else { return nil }
    if let number = Int64(name) { return number }
    for container in pod.spec?["containers"]?.array ?? [] {
      for offered in container["ports"]?.array ?? []
      where offered["name"]?.string == name && (offered["protocol"]?.string ?? "TCP") == transport {
        return offered["containerPort"]?.int
      }
    }
    return nil
  }
}
