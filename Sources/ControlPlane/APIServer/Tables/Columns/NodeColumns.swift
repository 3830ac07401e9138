internal import Formats
internal import KubeProtocol

/// NAME STATUS ROLES AGE VERSION, wide: addresses and system.
enum NodeColumns {
  static let all: [TableColumn] = [
    .objectName,
    TableColumn("Status") { node, _ in .string(status(node)) },
    TableColumn("Roles") { node, _ in .string(roles(node)) },
    .age,
    TableColumn("Version") { node, _ in CellValues.text(info(node, "kubeletVersion")) },
    TableColumn("Internal-IP", priority: 1) { node, _ in .string(address(node, "InternalIP")) },
    TableColumn("External-IP", priority: 1) { node, _ in .string(address(node, "ExternalIP")) },
    TableColumn("OS-Image", priority: 1) { node, _ in
      CellValues.text(info(node, "osImage"), empty: "<unknown>")
    },
    TableColumn("Kernel-Version", priority: 1) { node, _ in
      CellValues.text(info(node, "kernelVersion"), empty: "<unknown>")
    },
    TableColumn("Container-Runtime", priority: 1) { node, _ in
      CellValues.text(info(node, "containerRuntimeVersion"), empty: "<unknown>")
    },
  ]

  private static func info(_ node: KubeObject, _ field: String) -> JSONValue? {
    node.json.at("status", "nodeInfo", field)
  }

  private static func status(_ node: KubeObject) -> String {
    let ready = (node.status?["conditions"]?.array ?? []).first { $0["type"] == "Ready" }
    var words: [String]
    switch ready?["status"]?.string {
    case "True": words = ["Ready"]
    case "False": words = ["NotReady"]
    default: words = [ready == nil ? "Unknown" : "NotReady"]
    }
    if node.spec?["unschedulable"]?.bool == true { words.append("SchedulingDisabled") }
    return words.joined(separator: ",")
  }

  private static func roles(_ node: KubeObject) -> String {
    let prefix = "node-role.kubernetes.io/"
    let found = node.labels.keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
    return found.isEmpty ? "<none>" : found.sorted().joined(separator: ",")
  }

  private static func address(_ node: KubeObject, _ type: String) -> String {
    let addresses = node.status?["addresses"]?.array ?? []
    return addresses.first { $0["type"]?.string == type }?["address"]?.string ?? "<none>"
  }
}
