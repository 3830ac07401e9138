internal import Basics
internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import Linux

/// `apus rollout status|promote|undo|pause NAME`: what becomes of a new revision of a service.
enum RolloutCommand {
  private static let verbs = ["status", "promote", "undo", "pause"]

  static let verb = Verb.reporting("rollout", "steer a new revision: status|promote|undo|pause NAME") {
    arguments in
    let parsed = try Arguments(
      arguments,
      grammar: ClientSession.grammar(
        options: ["output", "timeout", "component"], switches: ["no-wait"], short: ["o": "output"]))
    guard parsed.positional.count == 2, let action = parsed.positional.first, verbs.contains(action),
      let name = parsed.positional.last?.split(separator: "/").last.map(String.init)
    else {
      throw UsageError(message: "the form is: apus rollout \(verbs.joined(separator: "|")) NAME")
    }
    let component = parsed.value("component") ?? "predictor"
    guard ["predictor", "transformer", "explainer"].contains(component) else {
      throw UsageError(message: "--component is predictor, transformer or explainer, not '\(component)'")
    }
    return try await ClientSession.with(parsed) { session in
      let service = try await session.client.get(.inferenceServices, namespace: session.namespace, name: name)
      let rollout = RolloutState(service: service, component: component)
      try rollout.checkComponent()
      if action != "status" {
        let percent = try rollout.percent(for: action)
        let patch: JSONValue = ["spec": [component: ["canaryTrafficPercent": percent]]]
        _ = try await session.client.patch(
          .inferenceServices, namespace: session.namespace, name: name, patch)
        StandardStreams.write("inferenceservice.serving.kserve.io/\(name) \(rollout.said(action, percent))\n")
        return 0
      }
      if parsed.value("output") == "json" {
        StandardStreams.write(rollout.json.prettyText(indent: 2) + "\n")
        return rollout.isSettled ? 0 : 1
      }
      StandardStreams.write(rollout.text)
      if rollout.isSettled || parsed.has("no-wait") { return rollout.isSettled ? 0 : 1 }
      let timeout = try TimeText.duration(parsed.value("timeout") ?? "60s", option: "--timeout")
      let watch = ServiceWatch(session: session, name: name)
      let isSettled = try await watch.follow(timeout: timeout) { object in
        RolloutState(service: object, component: component).isSettled
      }
      guard isSettled else { return 1 }
      let now = try await session.client.get(.inferenceServices, namespace: session.namespace, name: name)
      StandardStreams.write(RolloutState(service: now, component: component).text)
      return 0
    }
  }
}

/// What the spec wants of a component's revisions, and how far they are; pure.
struct RolloutState {
  let service: KubeObject
  let component: String

  private var status: JSONValue? { service.status?.at("components", component) }
  private func revision(_ member: String) -> String? {
    status?[member]?.string.flatMap { $0.isEmpty ? nil : $0 }
  }

  var wantedPercent: Int64? { service.spec?.at(component, "canaryTrafficPercent")?.int }
  var created: String? { revision("latestCreatedRevision") }
  var ready: String? { revision("latestReadyRevision") }
  var rolledOut: String? { revision("latestRolledoutRevision") }
  var previous: String? { revision("previousRolledoutRevision") }
  var traffic: [JSONValue] { status?["traffic"]?.array ?? [] }

  private var isObserved: Bool { (service.status?["observedGeneration"]?.int ?? 0) >= service.generation }

  private func isTrue(_ type: String) -> Bool {
    (service.status?["conditions"]?.array ?? []).contains {
      $0["type"]?.string == type && $0["status"]?.string == "True"
    }
  }

  /// The newest revision is ready and has its share.
  var isSettled: Bool { isObserved && isTrue("Ready") && created != nil && created == ready }

  /// A component that is not declared never gets a revision.
  func checkComponent() throws(UsageError) {
    guard service.spec?[component]?.object == nil else { return }
    let declared = ["predictor", "transformer", "explainer"].filter { service.spec?[$0]?.object != nil }
    throw UsageError(
      message: "\(service.name) has no \(component): --component is \(declared.joined(separator: " or "))")
  }

  /// Of the newest revision now.
  var currentPercent: Int64 {
    traffic.first { $0["latestRevision"]?.bool == true }?["percent"]?.int ?? 100
  }

  /// What to write into `canaryTrafficPercent`.
  func percent(for action: String) throws(UsageError) -> JSONValue {
    switch action {
    case "promote":
      guard wantedPercent != nil else {
        throw UsageError(message: "\(service.name) has no canary: all requests go to its newest revision")
      }
      return .null
    case "undo":
      guard previous != nil || (rolledOut != nil && rolledOut != created) else {
        throw UsageError(message: "\(service.name) has no earlier revision to go back to")
      }
      return 0
    default:
      guard let wantedPercent, wantedPercent < 100 else {
        throw UsageError(
          message: "\(service.name) has no rollout to pause: set spec.\(component).canaryTrafficPercent with "
            + "the next change")
      }
      return .int(min(wantedPercent, currentPercent))
    }
  }

  func said(_ action: String, _ percent: JSONValue) -> String {
    switch action {
    case "promote": "promoted: all requests go to \(created ?? "the newest revision") once it is ready"
    case "undo":
      "rolled back: all requests go to "
        + "\((rolledOut == created ? previous : rolledOut) ?? "the earlier revision")"
    default: "paused: \(created ?? "the newest revision") keeps \(percent.int ?? 0) % of the requests"
    }
  }

  var json: JSONValue {
    [
      "name": .string(service.name), "component": .string(component), "settled": .bool(isSettled),
      "latestCreatedRevision": created.map { .string($0) } ?? .null,
      "latestReadyRevision": ready.map { .string($0) } ?? .null,
      "latestRolledoutRevision": rolledOut.map { .string($0) } ?? .null,
      "previousRolledoutRevision": previous.map { .string($0) } ?? .null,
      "canaryTrafficPercent": wantedPercent.map { .int($0) } ?? .null, "traffic": .array(traffic),
    ]
  }

  var text: String {
    var lines = ["\(service.name) \(component): \(isSettled ? "rolled out" : "in progress")"]
    for target in traffic {
      let name = target["revisionName"]?.string ?? ""
      let marks = [
        target["latestRevision"]?.bool == true ? "newest" : nil, target["tag"]?.string.map { "tag \($0)" },
      ].compactMap { $0 }.joined(separator: ", ")
      lines.append("  \(target["percent"]?.int ?? 0) %  \(name)\(marks.isEmpty ? "" : "  (\(marks))")")
    }
    if let created, created != ready { lines.append("  \(created) is not ready yet") }
    return lines.joined(separator: "\n") + "\n"
  }
}
