internal import Formats
internal import KubeProtocol

/// Kinds with one or two columns of their own.
enum CoreColumns {
  static let namespaces: [TableColumn] = [
    .objectName, TableColumn("Status") { object, _ in CellValues.text(object.status?["phase"]) }, .age,
  ]

  static let configMaps: [TableColumn] = [
    .objectName,
    TableColumn("Data", type: "string") { object, _ in
      .int((object["data"]?.object?.count ?? 0) + (object["binaryData"]?.object?.count ?? 0))
    },
    .age,
  ]

  static let secrets: [TableColumn] = [
    .objectName,
    TableColumn("Type") { object, _ in CellValues.text(object["type"]) },
    TableColumn("Data") { object, _ in .int(object["data"]?.object?.count ?? 0) },
    .age,
  ]

  static let serviceAccounts: [TableColumn] = [
    .objectName,
    TableColumn("Secrets") { object, _ in .int(object["secrets"]?.array?.count ?? 0) },
    .age,
  ]

  static let leases: [TableColumn] = [
    .objectName, TableColumn("Holder") { object, _ in CellValues.text(object.spec?["holderIdentity"]) }, .age,
  ]

  static let customResourceDefinitions: [TableColumn] = [
    .objectName,
    TableColumn("Created At", type: "date") { object, _ in
      CellValues.text(object.metadata["creationTimestamp"])
    },
  ]
}
