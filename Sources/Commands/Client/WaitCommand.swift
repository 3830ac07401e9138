internal import Basics
internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import Linux

/// `apus wait NAME [--for condition=Ready] [--timeout 60s]`: ends when the InferenceService's condition is
/// True.
enum WaitCommand {
  static let verb = Verb.reporting("wait", "wait until a service is ready: NAME [--timeout 60s]") {
    arguments in
    let parsed = try Arguments(arguments, grammar: ClientSession.grammar(options: ["for", "timeout"]))
    let timeout = try seconds(parsed.value("timeout") ?? "60s")
    let wanted = parsed.value("for") ?? "condition=Ready"
    guard wanted.hasPrefix("condition="), let name = parsed.positional.first?.split(separator: "/").last
    else {
      throw UsageError(message: "the form is: apus wait NAME --for condition=Ready --timeout 60s")
    }
    let condition = String(wanted.dropFirst("condition=".count))
    return try await ClientSession.with(parsed) { session in
      let outcome = try await withThrowingTaskGroup(of: String?.self) { group in
        group.addTask { try await follow(String(name), condition, session) }
        group.addTask {
          try await Task.sleep(for: timeout)
          return nil
        }
        defer { group.cancelAll() }
        return try await group.next() ?? nil
      }
      if let outcome {
        StandardStreams.write(outcome)
        return 0
      }
      let object = try await session.client.get(
        .inferenceServices, namespace: session.namespace, name: String(name))
      let state = Self.condition(condition, of: object)
      StandardStreams.writeError(
        "apus wait: \(name) is not \(condition) after \(timeout): "
          + "\(state?["message"]?.string ?? "no reason given")\n"
      )
      return 1
    }
  }

  private static func follow(_ name: String, _ condition: String, _ session: ClientSession) async throws
    -> String?
  {
    let selector = "metadata.name=\(name)"
    while !Task.isCancelled {
      let list = try await session.client.list(
        .inferenceServices, namespace: session.namespace, fieldSelector: selector)
      guard let first = list.items.first else {
        throw KubeError.notFound(.inferenceServices, name)
      }
      if isTrue(condition, first) { return "inferenceservice.serving.kserve.io/\(name) condition met\n" }
      let events = try await session.client.watch(
        .inferenceServices, namespace: session.namespace, fieldSelector: selector,
        resourceVersion: list.resourceVersion)
      for try await event in events where event.kind == .added || event.kind == .modified {
        if isTrue(condition, event.object) {
          return "inferenceservice.serving.kserve.io/\(name) condition met\n"
        }
      }
    }
    return nil
  }

  /// A condition counts only for the spec that it was computed from.
  private static func isTrue(_ type: String, _ object: KubeObject) -> Bool {
    let observed = object.status?["observedGeneration"]?.int ?? object.generation
    return observed >= object.generation && condition(type, of: object)?["status"]?.string == "True"
  }

  private static func condition(_ type: String, of object: KubeObject) -> JSONValue? {
    object.status?["conditions"]?.array?.first { $0["type"]?.string == type }
  }

  /// `60s`, `2m`, `1h` or plain seconds.
  private static func seconds(_ text: String) throws -> Duration {
    let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600]
    let unit = text.last.flatMap { units[$0] }
    guard let number = Int64(unit == nil ? Substring(text) : text.dropLast()),
      (0...1_000_000).contains(number)
    else {
      throw UsageError(message: "--timeout takes a time like 60s, 2m or 1h, not '\(text)'")
    }
    return .seconds(number * (unit ?? 1))
  }
}
