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
      let name = try serviceName(parsed.positional)
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

  private static let types: Set<String> = [
    "isvc", "inferenceservice", "inferenceservices", "inferenceservice.serving.kserve.io",
    "inferenceservices.serving.kserve.io",
  ]

  /// `NAME`, `isvc/NAME` or `isvc NAME`; nil for any other number of words.
  static func serviceName(_ words: [String]) throws(UsageError) -> String? {
    var parts = words.flatMap { $0.split(separator: "/", maxSplits: 1).map(String.init) }
    if parts.count == 2 {
      let type = parts.removeFirst()
      guard types.contains(type.lowercased()) else {
        throw UsageError(
          message: "apus waits for InferenceServices alone, not for '\(type)': kubectl wait does that")
      }
    }
    return parts.count == 1 ? parts[0] : nil
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
