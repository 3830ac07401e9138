internal import Basics
internal import Formats
internal import KubeProtocol
internal import ServingAPI

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

/// What one Service and its EndpointSlices say, as the forwarder and the names file need it. Pure.
struct ServiceEntry: Sendable, Hashable {
  /// The address that the Service's name stands for; nil where there is none.
  var address: String?
  var ports: [ForwardedPort] = []

  /// - Parameter gateway: who answers for Services whose requests are to be split as routes say.
  init(service: KubeObject, slices: [KubeObject], gateway: ForwardedPort.Backend? = nil) {
    let clusterAddress = service.spec?["clusterIP"]?.string ?? ""
    if clusterAddress == "None" || clusterAddress.isEmpty {
      // Headless: the name stands for the endpoints themselves.
      address = slices.flatMap { Self.readyAddresses($0) }.min()
      return
    }
    address = clusterAddress
    let isSplit = service.annotations[GatewayAnnotation.reachedBy] == GatewayAnnotation.gateway
    let splitter = isSplit ? gateway : nil
    for port in service.spec?["ports"]?.array ?? [] {
      guard port["protocol"]?.string ?? "TCP" == "TCP", let number = Self.port(port["port"]) else {
        continue
      }
      let backends =
        splitter.map { [$0] }
        ?? Set(slices.flatMap { Self.backends($0, portName: port["name"]?.string ?? "") })
      ports.append(
        ForwardedPort(
          service: service.key, address: clusterAddress, port: number,
          backends: backends.sorted { ($0.address, $0.port) < ($1.address, $1.port) }))
    }
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

/// The entries of all Services, and what a change of one of them makes different.
struct ServiceTable: Sendable {
  private var entries: [ObjectKey: ServiceEntry] = [:]
  /// Lines of the names file, sorted by key.
  private var lines: [(key: ObjectKey, text: String)] = []

  /// Takes a Service's new state.
  /// - Parameter entry: nil for a Service that is gone.
  /// - Returns: the ports before and after it, where these differ, and whether the names differ.
  mutating func set(
    _ key: ObjectKey, _ entry: ServiceEntry?
  ) -> (ports: (old: [ForwardedPort], new: [ForwardedPort])?, namesDiffer: Bool) {
    let old = entries[key]
    if old == entry { return (nil, false) }
    entries[key] = entry
    let namesDiffer = old?.address != entry?.address
    if namesDiffer { setLine(key, entry?.address) }
    let ports = (old: old?.ports ?? [], new: entry?.ports ?? [])
    return (ports.old == ports.new ? nil : ports, namesDiffer)
  }

  private mutating func setLine(_ key: ObjectKey, _ address: String?) {
    var low = 0
    var high = lines.count
    while low < high {
      let middle = (low + high) / 2
      if lines[middle].key < key { low = middle + 1 } else { high = middle }
    }
    let text = address.map { "name \(key.name) \(key.namespace) \($0)\n" }
    if low < lines.count, lines[low].key == key {
      if let text { lines[low].text = text } else { lines.remove(at: low) }
    } else if let text {
      lines.insert((key, text), at: low)
    }
  }

  /// The names file, as the preload library and the built-in roles read it.
  func namesFile(standIns: [PortStandIn]) -> Bytes {
    var text = Bytes("# names of the cluster: made by the node, replaced whenever they change\n".utf8)
    for line in lines { text += line.text.utf8 }
    for standIn in standIns.sorted(by: { ($0.address, $0.port) < ($1.address, $1.port) }) {
      text += "port \(standIn.address) \(standIn.port) \(standIn.standIn)\n".utf8
    }
    return text
  }
}
