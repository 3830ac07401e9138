internal import Basics
internal import Formats
internal import KubeProtocol

/// One port of one Service, and who answers for it.
struct ForwardedPort: Sendable, Hashable {
  var service: ObjectKey
  /// The Service's address.
  var address: String
  var port: Int
  /// Ready endpoints: address and port.
  var backends: [Backend]

  struct Backend: Sendable, Hashable {
    var address: String
    var port: Int
  }
}

/// A Service port that could not be bound as it is, and the one that stands in for it.
struct PortStandIn: Sendable, Hashable {
  var address: String
  var port: Int
  var standIn: Int
}

/// What Services and EndpointSlices say, as the forwarder and the names file need it. Pure.
struct ServiceTable: Sendable, Hashable {
  struct Name: Sendable, Hashable {
    var service: ObjectKey
    var address: String
  }

  var ports: [ForwardedPort] = []
  var names: [Name] = []

  init(services: [KubeObject], slices: [KubeObject]) {
    let slicesByService = Dictionary(grouping: slices) { slice in
      ObjectKey(namespace: slice.namespace, name: slice.labels["kubernetes.io/service-name"] ?? "")
    }
    for service in services.sorted(by: { $0.key < $1.key }) where !service.isBeingDeleted {
      let own = slicesByService[service.key] ?? []
      let address = service.spec?["clusterIP"]?.string ?? ""
      if address == "None" || address.isEmpty {
        // Headless: the name stands for the endpoints themselves.
        let addresses = Set(own.flatMap { slice in Self.readyAddresses(slice) }).sorted()
        names += addresses.prefix(1).map { Name(service: service.key, address: $0) }
        continue
      }
      names.append(Name(service: service.key, address: address))
      for port in service.spec?["ports"]?.array ?? [] {
        guard port["protocol"]?.string ?? "TCP" == "TCP", let number = Self.port(port["port"]) else {
          continue
        }
        let backends = Set(own.flatMap { Self.backends($0, portName: port["name"]?.string ?? "") })
        ports.append(
          ForwardedPort(
            service: service.key, address: address, port: number,
            backends: backends.sorted { ($0.address, $0.port) < ($1.address, $1.port) }))
      }
    }
  }

  /// The names file, as the preload library and the built-in roles read it.
  func namesFile(standIns: [PortStandIn]) -> Bytes {
    var text = "# names of the cluster: made by the node, replaced whenever they change\n"
    for name in names { text += "name \(name.service.name) \(name.service.namespace) \(name.address)\n" }
    for standIn in standIns.sorted(by: { ($0.address, $0.port) < ($1.address, $1.port) }) {
      text += "port \(standIn.address) \(standIn.port) \(standIn.standIn)\n"
    }
    return Bytes(text.utf8)
  }

  private static func port(_ value: JSONValue?) -> Int? {
    value?.int.flatMap(Int.init(exactly:)).flatMap { (1...65535).contains($0) ? $0 : nil }
  }

  private static func readyAddresses(_ slice: KubeObject) -> [String] {
    (slice["endpoints"]?.array ?? []).flatMap { endpoint -> [String] in
      guard endpoint.at("conditions", "ready")?.bool != false else { return [] }
      return endpoint.texts("addresses")
    }
  }

  private static func backends(_ slice: KubeObject, portName: String) -> [ForwardedPort.Backend] {
    let ports = (slice["ports"]?.array ?? []).filter { ($0["name"]?.string ?? "") == portName }
    return readyAddresses(slice).flatMap { address in
      ports.compactMap { port in
        Self.port(port["port"]).map { ForwardedPort.Backend(address: address, port: $0) }
      }
    }
  }
}
