internal import Basics
internal import Formats
internal import KubeProtocol

/// LAST SEEN TYPE REASON OBJECT MESSAGE, wide: SUBOBJECT SOURCE FIRST SEEN COUNT NAME.
enum EventColumns {
  static let all: [TableColumn] = [
    TableColumn("Last Seen") { event, now in .string(lastSeen(event, now)) },
    TableColumn("Type") { event, _ in CellValues.text(event["type"]) },
    TableColumn("Reason") { event, _ in CellValues.text(event["reason"]) },
    TableColumn("Object") { event, _ in
      let kind = event["involvedObject"]?["kind"]?.string?.lowercased() ?? ""
      let name = event["involvedObject"]?["name"]?.string ?? ""
      return .string(name.isEmpty ? kind : "\(kind)/\(name)")
    },
    TableColumn("Subobject", priority: 1) { event, _ in CellValues.text(event["involvedObject"]?["fieldPath"])
    },
    TableColumn("Source", priority: 1) { event, _ in
      let component = event["source"]?["component"]?.string ?? event["reportingComponent"]?.string ?? ""
      let host = event["source"]?["host"]?.string ?? ""
      return .string(host.isEmpty ? component : "\(component), \(host)")
    },
    TableColumn("Message") { event, _ in
      .string((event["message"]?.string ?? "").trimmingTrailingWhitespace)
    },
    TableColumn("First Seen", priority: 1) { event, now in
      .string(CellValues.age(event["firstTimestamp"] ?? event["eventTime"], now))
    },
    TableColumn("Count", type: "integer", priority: 1) { event, _ in
      .int(event["series"]?["count"]?.int ?? event["count"]?.int ?? 1)
    },
    TableColumn("Name", format: "name", priority: 1) { event, _ in .string(event.name) },
  ]

  private static func lastSeen(_ event: KubeObject, _ now: Timestamp) -> String {
    let first = CellValues.age(event["firstTimestamp"] ?? event["eventTime"], now)
    if let series = event["series"], series.object != nil {
      return
        "\(CellValues.age(series["lastObservedTime"], now)) (x\(series["count"]?.int ?? 0) over \(first))"
    }
    guard let last = event["lastTimestamp"], !last.isNull else { return first }
    let age = CellValues.age(last, now)
    if let count = event["count"]?.int, count > 1 { return "\(age) (x\(count) over \(first))" }
    return age
  }
}

extension String {
  fileprivate var trimmingTrailingWhitespace: String {
    var rest = self[...]
    while rest.last?.isWhitespace == true { rest = rest.dropLast() }
    return String(rest)
  }
}
