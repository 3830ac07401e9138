internal import Formats
internal import KubeProtocol

/// Services, Endpoints and EndpointSlices.
enum ServiceColumns {
  static let all: [TableColumn] = [
    .objectName,
    TableColumn("Type") { service, _ in CellValues.text(service.spec?["type"]) },
    TableColumn("Cluster-IP") { service, _ in CellValues.text(service.spec?["clusterIP"], empty: "<none>") },
    TableColumn("External-IP") { service, _ in .string(externalAddress(service)) },
    TableColumn("Port(s)") { service, _ in .string(ports(service)) },
    .age,
    TableColumn("Selector", priority: 1) { service, _ in
      .string(CellValues.labels(service.spec?["selector"]))
    },
  ]

  private static func externalAddress(_ service: KubeObject) -> String {
    let spec = service.spec ?? [:]
    let external = (spec["externalIPs"]?.array ?? []).compactMap(\.string)
    switch spec["type"]?.string {
    case "ExternalName": return spec["externalName"]?.string ?? ""
    case "LoadBalancer":
      let ingress = service.json.at("status", "loadBalancer", "ingress")?.array ?? []
      let addresses = ingress.compactMap { $0["ip"]?.string ?? $0["hostname"]?.string } + external
      return addresses.isEmpty ? "<pending>" : addresses.joined(separator: ",")
    default: return external.isEmpty ? "<none>" : external.joined(separator: ",")
    }
  }

  private static func ports(_ service: KubeObject) -> String {
    let ports = (service.spec?["ports"]?.array ?? []).map { port -> String in
      let number = port["port"]?.int ?? 0
      let name = port["protocol"]?.string ?? "TCP"
      if let node = port["nodePort"]?.int, node > 0 { return "\(number):\(node)/\(name)" }
      return "\(number)/\(name)"
    }
    return ports.isEmpty ? "<none>" : ports.joined(separator: ",")
  }

  static let endpoints: [TableColumn] = [
    .objectName,
    TableColumn("Endpoints") { object, _ in
      var found: [String] = []
      for subset in object["subsets"]?.array ?? [] {
        let ports = subset["ports"]?.array ?? []
        for address in subset["addresses"]?.array ?? [] {
          let host = address["ip"]?.string ?? ""
          if ports.isEmpty { found.append(host) }
          for port in ports { found.append("\(host):\(port["port"]?.int ?? 0)") }
        }
      }
      return .string(shortened(found, limit: 3))
    },
    .age,
  ]

  static let endpointSlices: [TableColumn] = [
    .objectName,
    TableColumn("AddressType") { object, _ in CellValues.text(object["addressType"]) },
    TableColumn("Ports") { object, _ in
      let ports = (object["ports"]?.array ?? []).map { $0["port"]?.int.map { String($0) } ?? "*" }
      return .string(ports.isEmpty ? "<unset>" : shortened(ports, limit: 3))
    },
    TableColumn("Endpoints") { object, _ in
      let addresses = (object["endpoints"]?.array ?? []).flatMap { $0["addresses"]?.array ?? [] }
      return .string(addresses.isEmpty ? "<unset>" : shortened(addresses.compactMap(\.string), limit: 3))
    },
    .age,
  ]

  /// `a,b,c + 2 more...`.
  private static func shortened(_ values: [String], limit: Int) -> String {
    if values.isEmpty { return "<none>" }
    let shown = values.prefix(limit).joined(separator: ",")
    return values.count > limit ? "\(shown) + \(values.count - limit) more..." : shown
  }
}
