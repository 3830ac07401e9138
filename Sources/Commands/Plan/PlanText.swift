internal import Formats
internal import ServingAPI
internal import ServingControllers

/// A plan as people read it: `+` what is made, `~` what is changed, field by field.
struct PlanText {
  let style: TerminalStyle

  func render(_ objects: [PlannedObject]) -> String {
    let text = objects.map { self.object($0, indent: "") }.joined(separator: "\n")
    let all = objects.flatMap { [$0] + $0.children }
    func count(_ action: PlannedObject.Action) -> Int { all.count { $0.action == action } }
    let refused = count(.refused)
    return text + "\n"
      + "\(count(.create)) to create, \(count(.change)) to change, \(count(.none)) unchanged"
      + (refused > 0 ? ", \(refused) refused" : "") + "\n"
  }

  private func object(_ planned: PlannedObject, indent: String) -> String {
    let name = planned.namespace.isEmpty ? planned.name : "\(planned.namespace)/\(planned.name)"
    var text = "\(indent)\(sign(planned.action)) \(style.ink("\(planned.kind) \(name)", .bold))\n"
    if let cause = planned.cause {
      text += "\(indent)    \(style.ink("\(cause.code.rawValue): \(cause.sentence)", .red))\n"
    }
    for difference in planned.differences.prefix(60) { text += "\(indent)    \(line(difference))\n" }
    if planned.differences.count > 60 { text += "\(indent)    … \(planned.differences.count - 60) more\n" }
    if let forecast = planned.forecast { text += self.forecast(forecast, indent: indent + "    ") }
    for child in planned.children { text += object(child, indent: indent + "  ") }
    return text
  }

  private func sign(_ action: PlannedObject.Action) -> String {
    switch action {
    case .create: style.ink("+", .green)
    case .change: style.ink("~", .yellow)
    case .none: " "
    case .refused: style.ink("x", .red)
    }
  }

  private func line(_ difference: ObjectDifference) -> String {
    let old = difference.old.map(short)
    let new = difference.new.map(short)
    switch (old, new) {
    case (let old?, let new?):
      return "\(difference.path): \(style.ink(old, .red)) → \(style.ink(new, .green))"
    case (nil, let new?): return "\(difference.path): \(style.ink("+ \(new)", .green))"
    case (let old?, nil): return "\(difference.path): \(style.ink("- \(old)", .red))"
    case (nil, nil): return difference.path
    }
  }

  private func short(_ value: JSONValue) -> String {
    let text = value.string ?? value.encodedText
    return text.count <= 100 ? text : "\(text.prefix(99))…"
  }

  private func forecast(_ forecast: ServiceForecast, indent: String) -> String {
    var lines: [String] = []
    if let runtime = forecast.runtime {
      let others = forecast.runtimes.count - 1
      lines.append("runtime   \(runtime.name), the first of \(others + 1) that fits")
    }
    for share in forecast.traffic {
      lines.append(
        "traffic   \(share.percent) % to \(share.component) revision \(share.revision)"
          + (share.isNew ? " (new)" : ""))
    }
    for need in forecast.needs {
      let parts = [
        need.cpu.isEmpty ? nil : "\(need.cpu) CPU", need.memory.isEmpty ? nil : "\(need.memory) memory",
        need.memoryLimit.isEmpty ? nil : "at most \(need.memoryLimit)",
      ].compactMap { $0 }
      let pods = "\(need.replicas) pod\(need.replicas == 1 ? "" : "s")"
      lines.append(
        "needs     \(pods) of \(need.deployment)\(parts.isEmpty ? "" : ": ")\(parts.joined(separator: ", "))")
    }
    for uri in forecast.downloads { lines.append("disk      \(uri), fetched into each pod") }
    for note in forecast.notes { lines.append("note      \(note)") }
    if forecast.cause != nil, forecast.runtime == nil {
      for verdict in forecast.runtimes { lines.append("runtime   \(verdict.name) \(verdict.reason)") }
    }
    return lines.map { "\(indent)\($0)\n" }.joined()
  }
}
