internal import Formats
internal import KubeProtocol

/// Gateway API kinds.
enum GatewayColumns {
  static let gatewayClasses: [TableColumn] = [
    .objectName,
    TableColumn("Controller") { object, _ in CellValues.text(object.spec?["controllerName"]) },
    TableColumn("Accepted") { object, _ in condition(object, "Accepted") },
    .age,
    TableColumn("Description", priority: 1) { object, _ in CellValues.text(object.spec?["description"]) },
  ]

  static let gateways: [TableColumn] = [
    .objectName,
    TableColumn("Class") { object, _ in CellValues.text(object.spec?["gatewayClassName"]) },
    TableColumn("Address") { object, _ in
      let addresses = object.status?["addresses"]?.array ?? []
      return .string(addresses.compactMap { $0["value"]?.string }.joined(separator: ","))
    },
    TableColumn("Programmed") { object, _ in condition(object, "Programmed") },
    .age,
  ]

  static let httpRoutes: [TableColumn] = [
    .objectName,
    TableColumn("Hostnames") { object, _ in
      guard let hostnames = object.spec?["hostnames"], hostnames.array?.isEmpty == false else { return "" }
      return .string(hostnames.encodedText)
    },
    .age,
  ]

  private static func condition(_ object: KubeObject, _ type: String) -> JSONValue {
    let conditions = object.status?["conditions"]?.array ?? []
    return CellValues.text(conditions.first { $0["type"]?.string == type }?["status"])
  }
}
