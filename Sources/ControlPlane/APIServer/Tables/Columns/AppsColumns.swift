internal import Formats
internal import KubeProtocol

/// Deployments: NAME READY UP-TO-DATE AVAILABLE AGE; ReplicaSets: NAME DESIRED CURRENT READY AGE.
enum AppsColumns {
  static let deployments: [TableColumn] =
    [
      .objectName,
      TableColumn("Ready", description: "Number of the pod with ready state") { object, _ in
        .string("\(object.status?["readyReplicas"]?.int ?? 0)/\(object.spec?["replicas"]?.int ?? 0)")
      },
      TableColumn("Up-to-date", type: "integer") { object, _ in
        CellValues.number(object.status?["updatedReplicas"])
      },
      TableColumn("Available", type: "integer") { object, _ in
        CellValues.number(object.status?["availableReplicas"])
      },
      .age,
    ] + template

  static let replicaSets: [TableColumn] =
    [
      .objectName,
      TableColumn("Desired", type: "integer") { object, _ in CellValues.number(object.spec?["replicas"]) },
      TableColumn("Current", type: "integer") { object, _ in CellValues.number(object.status?["replicas"]) },
      TableColumn("Ready", type: "integer") { object, _ in CellValues.number(object.status?["readyReplicas"])
      },
      .age,
    ] + template

  static let controllerRevisions: [TableColumn] = [
    .objectName,
    TableColumn("Controller") { object, _ in
      .string(object.controllerReference.map { "\($0.kind.lowercased())/\($0.name)" } ?? "<none>")
    },
    TableColumn("Revision", type: "integer") { object, _ in CellValues.number(object["revision"]) },
    .age,
  ]

  /// What `-o wide` shows of a pod template and of who is chosen by it.
  static let template: [TableColumn] = [
    TableColumn("Containers", priority: 1) { object, _ in
      CellValues.joined(object.json.at("spec", "template", "spec", "containers")?.array, "name")
    },
    TableColumn("Images", priority: 1) { object, _ in
      CellValues.joined(object.json.at("spec", "template", "spec", "containers")?.array, "image")
    },
    TableColumn("Selector", priority: 1) { object, _ in CellValues.selector(object.spec?["selector"]) },
  ]
}
