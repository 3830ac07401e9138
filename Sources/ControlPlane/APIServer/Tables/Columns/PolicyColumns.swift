internal import Formats
internal import KubeProtocol

/// Quotas, limits, budgets, priorities, ingresses, network policies, roles and bindings.
enum PolicyColumns {
  static let quotas: [TableColumn] = [
    .objectName,
    TableColumn("Request") { object, _ in .string(usage(object) { !$0.hasPrefix("limits.") }) },
    TableColumn("Limit") { object, _ in .string(usage(object) { $0.hasPrefix("limits.") }) },
    .age,
  ]

  private static func usage(_ quota: KubeObject, _ includes: (String) -> Bool) -> String {
    let hard = quota.status?["hard"] ?? quota.spec?["hard"] ?? [:]
    return (hard.object ?? [:]).members.filter { includes($0.key) }.sorted { $0.key < $1.key }.map {
      let used = quota.json.at("status", "used", $0.key).map { $0.string ?? $0.encodedText } ?? "0"
      return "\($0.key): \(used)/\($0.value.string ?? $0.value.encodedText)"
    }.joined(separator: ", ")
  }

  static let limitRanges: [TableColumn] = [
    .objectName,
    TableColumn("Created At", type: "date") { object, _ in
      CellValues.text(object.metadata["creationTimestamp"])
    },
  ]

  static let disruptionBudgets: [TableColumn] = [
    .objectName,
    TableColumn("Min Available") { object, _ in CellValues.text(object.spec?["minAvailable"], empty: "N/A") },
    TableColumn("Max Unavailable") { object, _ in
      CellValues.text(object.spec?["maxUnavailable"], empty: "N/A")
    },
    TableColumn("Allowed Disruptions", type: "integer") { object, _ in
      CellValues.number(object.status?["disruptionsAllowed"])
    },
    .age,
  ]

  static let priorityClasses: [TableColumn] = [
    .objectName, TableColumn("Value", type: "integer") { object, _ in CellValues.number(object["value"]) },
    TableColumn("Global-Default", type: "boolean") { object, _ in
      .bool(object["globalDefault"]?.bool ?? false)
    },
    .age,
    TableColumn("PreemptionPolicy") { object, _ in CellValues.text(object["preemptionPolicy"]) },
  ]

  static let ingresses: [TableColumn] = [
    .objectName,
    TableColumn("Class") { object, _ in CellValues.text(object.spec?["ingressClassName"], empty: "<none>") },
    TableColumn("Hosts") { object, _ in
      let hosts = (object.spec?["rules"]?.array ?? []).compactMap { $0["host"]?.string }.filter {
        !$0.isEmpty
      }
      if hosts.isEmpty { return "*" }
      let more = hosts.count > 3 ? " + \(hosts.count - 3) more..." : ""
      return .string(hosts.prefix(3).joined(separator: ",") + more)
    },
    TableColumn("Address") { object, _ in
      let found = object.json.at("status", "loadBalancer", "ingress")?.array ?? []
      return .string(found.compactMap { $0["ip"]?.string ?? $0["hostname"]?.string }.joined(separator: ","))
    },
    TableColumn("Ports") { object, _ in
      (object.spec?["tls"]?.array?.isEmpty ?? true) ? "80" : "80, 443"
    },
    .age,
  ]

  static let ingressClasses: [TableColumn] = [
    .objectName, TableColumn("Controller") { object, _ in CellValues.text(object.spec?["controller"]) },
    TableColumn("Parameters") { object, _ in
      guard let parameters = object.spec?["parameters"] else { return "<none>" }
      let group = parameters["apiGroup"]?.string.map { ".\($0)" } ?? ""
      return .string("\(parameters["kind"]?.string ?? "")\(group)/\(parameters["name"]?.string ?? "")")
    },
    .age,
  ]

  static let networkPolicies: [TableColumn] = [
    .objectName,
    TableColumn("Pod-Selector") { object, _ in CellValues.selector(object.spec?["podSelector"]) }, .age,
  ]

  static let roles: [TableColumn] = [
    .objectName,
    TableColumn("Created At", type: "date") { object, _ in
      CellValues.text(object.metadata["creationTimestamp"])
    },
  ]

  static let bindings: [TableColumn] = [
    .objectName,
    TableColumn("Role") { object, _ in
      .string(
        "\(object["roleRef"]?["kind"]?.string ?? "")/\(object["roleRef"]?["name"]?.string ?? "")"
      )
    },
    .age, subjects("Users", "User"), subjects("Groups", "Group"),
    subjects("ServiceAccounts", "ServiceAccount"),
  ]

  private static func subjects(_ name: String, _ kind: String) -> TableColumn {
    TableColumn(name, priority: 1) { object, _ in
      let found = (object["subjects"]?.array ?? []).filter { $0["kind"]?.string == kind }
      return .string(
        found.map { subject in
          let name = subject["name"]?.string ?? ""
          return kind == "ServiceAccount" ? "\(subject["namespace"]?.string ?? "")/\(name)" : name
        }.joined(separator: ", "))
    }
  }
}
