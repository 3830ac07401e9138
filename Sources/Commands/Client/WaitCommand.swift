internal import Formats
internal import KubeProtocol
internal import Linux

/// `apus wait NAME [--for condition=Ready|delete] [--timeout 60s]`: ends when the InferenceService is so.
enum WaitCommand {
  static let verb = Verb.reporting("wait", "wait until a service is ready: NAME [--timeout 60s]") {
    arguments in
    let parsed = try Arguments(arguments, grammar: ClientSession.grammar(options: ["for", "timeout"]))
    let timeout = try TimeText.duration(parsed.value("timeout") ?? "60s", option: "--timeout")
    let wanted = parsed.value("for") ?? "condition=Ready"
    guard wanted == "delete" || wanted.hasPrefix("condition="),
      let name = parsed.positional.first?.split(separator: "/").last.map(String.init)
    else {
      throw UsageError(message: "the form is: apus wait NAME --for condition=Ready --timeout 60s")
    }
    return try await ClientSession.with(parsed) { session in
      let watch = ServiceWatch(session: session, name: name)
      if wanted == "delete" {
        do {
          return try await watch.follow(timeout: timeout) { _ in false } ? 0 : 1
        } catch let error as KubeError where error.reason == .notFound {
          StandardStreams.write("inferenceservice.serving.kserve.io/\(name) deleted\n")
          return 0
        }
      }
      let condition = String(wanted.dropFirst("condition=".count))
      let isMet = try await watch.follow(timeout: timeout) { isTrue(condition, $0) }
      if isMet { StandardStreams.write("inferenceservice.serving.kserve.io/\(name) condition met\n") }
      return isMet ? 0 : 1
    }
  }

  /// A condition counts only for the spec that it was computed from. `Type=False` waits for the opposite.
  static func isTrue(_ condition: String, _ object: KubeObject) -> Bool {
    let parts = condition.split(separator: "=", maxSplits: 1).map(String.init)
    let wanted = parts.count > 1 ? parts[1] : "True"
    let observed = object.status?["observedGeneration"]?.int ?? object.generation
    let found = object.status?["conditions"]?.array?.first { $0["type"]?.string == parts.first }
    return observed >= object.generation
      && found?["status"]?.string?.lowercased() == wanted.lowercased()
  }
}
