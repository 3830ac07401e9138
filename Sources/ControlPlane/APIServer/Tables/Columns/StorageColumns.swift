internal import Formats
internal import KubeProtocol

/// PersistentVolumes, claims, StorageClasses.
enum StorageColumns {
  static let claims: [TableColumn] = [
    .objectName,
    TableColumn("Status") { object, _ in
      object.isBeingDeleted ? "Terminating" : CellValues.text(object.status?["phase"])
    },
    TableColumn("Volume") { object, _ in CellValues.text(object.spec?["volumeName"]) },
    TableColumn("Capacity") { object, _ in CellValues.text(object.json.at("status", "capacity", "storage")) },
    TableColumn("Access Modes") { object, _ in
      .string(modes(object.status?["accessModes"] ?? []))
    },
    TableColumn("StorageClass") { object, _ in CellValues.text(object.spec?["storageClassName"]) },
    TableColumn("VolumeAttributesClass") { object, _ in
      CellValues.text(object.spec?["volumeAttributesClassName"], empty: "<unset>")
    },
    .age,
    TableColumn("VolumeMode", priority: 1) { object, _ in CellValues.text(object.spec?["volumeMode"]) },
  ]

  static let volumes: [TableColumn] = [
    .objectName,
    TableColumn("Capacity") { object, _ in CellValues.text(object.json.at("spec", "capacity", "storage")) },
    TableColumn("Access Modes") { object, _ in .string(modes(object.spec?["accessModes"] ?? [])) },
    TableColumn("Reclaim Policy") { object, _ in
      CellValues.text(object.spec?["persistentVolumeReclaimPolicy"])
    },
    TableColumn("Status") { object, _ in
      object.isBeingDeleted ? "Terminating" : CellValues.text(object.status?["phase"])
    },
    TableColumn("Claim") { object, _ in
      guard let claim = object.spec?["claimRef"] else { return "" }
      return .string("\(claim["namespace"]?.string ?? "")/\(claim["name"]?.string ?? "")")
    },
    TableColumn("StorageClass") { object, _ in CellValues.text(object.spec?["storageClassName"]) },
    TableColumn("VolumeAttributesClass") { object, _ in
      CellValues.text(object.spec?["volumeAttributesClassName"], empty: "<unset>")
    },
    TableColumn("Reason") { object, _ in CellValues.text(object.status?["reason"]) },
    .age,
    TableColumn("VolumeMode", priority: 1) { object, _ in CellValues.text(object.spec?["volumeMode"]) },
  ]

  static let classes: [TableColumn] = [
    TableColumn("Name", format: "name") { object, _ in
      let isDefault = object.annotations["storageclass.kubernetes.io/is-default-class"] == "true"
      return .string(object.name + (isDefault ? " (default)" : ""))
    },
    TableColumn("Provisioner") { object, _ in CellValues.text(object["provisioner"]) },
    TableColumn("ReclaimPolicy") { object, _ in CellValues.text(object["reclaimPolicy"]) },
    TableColumn("VolumeBindingMode") { object, _ in CellValues.text(object["volumeBindingMode"]) },
    TableColumn("AllowVolumeExpansion") { object, _ in
      .string(object["allowVolumeExpansion"]?.bool == true ? "true" : "false")
    },
    .age,
  ]

  private static let shortModes = [
    "ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP",
  ]

  private static func modes(_ value: JSONValue) -> String {
    (value.array ?? []).compactMap(\.string).map { shortModes[$0] ?? $0 }.joined(separator: ",")
  }
}
