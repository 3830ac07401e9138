internal import Basics
internal import Formats
internal import KubeProtocol

/// StatefulSets, DaemonSets, Jobs, CronJobs, HorizontalPodAutoscalers.
enum WorkloadColumns {
  static let statefulSets: [TableColumn] =
    [
      .objectName,
      TableColumn("Ready") { object, _ in
        .string("\(object.status?["readyReplicas"]?.int ?? 0)/\(object.spec?["replicas"]?.int ?? 0)")
      },
      .age,
    ] + AppsColumns.template

  static let daemonSets: [TableColumn] =
    [
      .objectName, number("Desired", "desiredNumberScheduled"), number("Current", "currentNumberScheduled"),
      number("Ready", "numberReady"), number("Up-to-date", "updatedNumberScheduled"),
      number("Available", "numberAvailable"),
      TableColumn("Node Selector") { object, _ in
        .string(CellValues.labels(object.json.at("spec", "template", "spec", "nodeSelector")))
      },
      .age,
    ] + AppsColumns.template

  static let jobs: [TableColumn] =
    [
      .objectName,
      TableColumn("Status") { object, _ in
        let conditions = object.status?["conditions"]?.array ?? []
        let met = ["Complete", "Failed", "Suspended"].first { type in
          conditions.contains { $0["type"]?.string == type && $0["status"] == "True" }
        }
        return .string(met ?? (object.isBeingDeleted ? "Terminating" : "Running"))
      },
      TableColumn("Completions") { object, _ in
        let done = object.status?["succeeded"]?.int ?? 0
        if let wanted = object.spec?["completions"]?.int { return .string("\(done)/\(wanted)") }
        let parallel = object.spec?["parallelism"]?.int ?? 1
        return .string(parallel > 1 ? "\(done)/1 of \(parallel)" : "\(done)/1")
      },
      TableColumn("Duration") { object, now in
        func time(_ field: String) -> Timestamp? {
          object.status?[field]?.string.flatMap(Timestamp.init(rfc3339:))
        }
        guard let start = time("startTime") else { return "" }
        return .string(AgeText.text((time("completionTime") ?? now).since(start)))
      },
      .age,
    ] + AppsColumns.template

  static let cronJobs: [TableColumn] = [
    .objectName, text("Schedule", "spec", "schedule"),
    TableColumn("Timezone") { object, _ in CellValues.text(object.spec?["timeZone"], empty: "<none>") },
    TableColumn("Suspend") { object, _ in
      .string(object.spec?["suspend"]?.bool == true ? "True" : "False")
    },
    TableColumn("Active", type: "integer") { object, _ in
      .int(object.status?["active"]?.array?.count ?? 0)
    },
    TableColumn("Last Schedule") { object, now in
      guard let time = object.status?["lastScheduleTime"] else { return "<none>" }
      return .string(CellValues.age(time, now))
    },
    .age,
  ]

  static let autoscalers: [TableColumn] = autoscalerColumns { object in
    let current = object.status?["currentMetrics"]?.array ?? []
    let metrics = object.spec?["metrics"]?.array ?? []
    if metrics.isEmpty { return "<none>" }
    return metrics.prefix(3).enumerated().map { index, metric in
      targetText(metric, index < current.count ? current[index] : nil)
    }.joined(separator: ", ") + (metrics.count > 3 ? " + \(metrics.count - 3) more..." : "")
  }

  static let firstAutoscalers: [TableColumn] = autoscalerColumns { object in
    guard let target = object.spec?["targetCPUUtilizationPercentage"]?.int else { return "<none>" }
    let current = object.status?["currentCPUUtilizationPercentage"]?.int
    return "cpu: \(current.map { "\($0)%" } ?? "<unknown>")/\(target)%"
  }

  private static func targetText(_ metric: JSONValue, _ current: JSONValue?) -> String {
    let kind = metric["type"]?.string ?? ""
    let source = kind.prefix(1).lowercased() + kind.dropFirst()
    let part = metric[source] ?? [:]
    let name = part["name"]?.string
    let prefix = name.map { "\($0): " } ?? ""
    let status = current?[source]?["current"] ?? [:]
    if let wanted = part.at("target", "averageUtilization")?.int {
      let now = status["averageUtilization"]?.int.map { "\($0)%" } ?? "<unknown>"
      return "\(prefix)\(now)/\(wanted)%"
    }
    for (field, suffix) in [("averageValue", kind == "Resource" ? "" : " (avg)"), ("value", "")] {
      guard let wanted = part.at("target", field) else { continue }
      let now = status[field].map { $0.string ?? $0.encodedText } ?? "<unknown>"
      return "\(prefix)\(now)/\(wanted.string ?? wanted.encodedText)\(suffix)"
    }
    return "\(prefix)<unknown>/<auto>"
  }

  private static func autoscalerColumns(
    _ targets: @escaping @Sendable (KubeObject) -> String
  ) -> [TableColumn] {
    [
      .objectName,
      TableColumn("Reference") { object, _ in
        let target = object.spec?["scaleTargetRef"] ?? [:]
        return .string("\(target["kind"]?.string ?? "")/\(target["name"]?.string ?? "")")
      },
      TableColumn("Targets") { object, _ in .string(targets(object)) },
      TableColumn("MinPods") { object, _ in CellValues.text(object.spec?["minReplicas"], empty: "<unset>") },
      TableColumn("MaxPods", type: "integer") { object, _ in CellValues.number(object.spec?["maxReplicas"]) },
      number("Replicas", "currentReplicas"), .age,
    ]
  }

  private static func number(_ name: String, _ field: String) -> TableColumn {
    TableColumn(name, type: "integer") { object, _ in CellValues.number(object.status?[field]) }
  }

  private static func text(_ name: String, _ path: String...) -> TableColumn {
    TableColumn(name) { object, _ in CellValues.text(object.json.at(path: path)) }
  }
}
