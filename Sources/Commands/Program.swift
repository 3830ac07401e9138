internal import Basics
internal import Linux

/// One subcommand of `apus`.
struct Verb: Sendable {
  let name: String
  /// One line for `apus help`; empty hides it (roles that only Apus itself starts).
  let summary: String
  /// Runs with the arguments after the verb and returns the exit code.
  let run: @Sendable (_ arguments: [String]) async -> Int32
}

/// The program: finds the verb and runs it.
public enum Program {
  static let version = "0.1.0"

  static let verbs: [Verb] = [
    UpCommand.verb, ServerCommand.verb, StorageInitializerCommand.verb, AgentCommand.verb,
    ApplyCommand.verb, GetCommand.verb, WaitCommand.verb, DeleteCommand.verb, LogsCommand.verb,
    DescribeCommand.verb, PredictCommand.verb, WhyCommand.verb, PlanCommand.verb, RolloutCommand.verb,
    EndpointsCommand.verb, ManifestsCommand.verb, WebhookCommand.verb, VersionCommand.verb,
  ]

  /// Runs the role that must have the process for itself; nil for every other. A pod's supervisor learns of
  /// ended children by a signal descriptor, which misses signals that any thread has not blocked: no other
  /// may exist.
  public static func runAlone(_ arguments: [String]) -> Int32? {
    arguments.dropFirst().first == PodCommand.name ? PodCommand.run() : nil
  }

  /// - Parameter arguments: as the process got them, the program's name first.
  public static func run(_ arguments: [String]) async -> Int32 {
    guard let name = arguments.dropFirst().first else {
      StandardStreams.writeError(help)
      return 2
    }
    if ["help", "--help", "-h"].contains(name) {
      StandardStreams.write(help)
      return 0
    }
    if name == "--version" {
      return await VersionCommand.verb.run([])
    }
    guard let verb = verbs.first(where: { $0.name == name }) else {
      StandardStreams.writeError("apus: there is no command '\(name)'\n\n\(help)")
      return 2
    }
    let rest = Array(arguments.dropFirst(2))
    if rest.first == "--help" || rest.first == "-h" {
      StandardStreams.write(VerbUsage.text(of: verb))
      return 0
    }
    return await verb.run(rest)
  }

  private static var help: String {
    let shown = verbs.filter { !$0.summary.isEmpty }
    let width = shown.map(\.name.count).max() ?? 0
    let lines = shown.map { verb in
      "  apus \(verb.name)\(String(repeating: " ", count: width - verb.name.count))  \(verb.summary)\n"
    }
    return "Apus serves machine-learning models from KServe's own YAML.\n\n" + lines.joined()
      + "\n`apus COMMAND --help` tells its options.\n"
  }
}

extension Verb {
  /// A verb whose mistakes are all told the same way: one sentence on standard error and an exit code.
  static func reporting(
    _ name: String, _ summary: String, _ body: @escaping @Sendable ([String]) async throws -> Int32
  ) -> Verb {
    Verb(name: name, summary: summary) { arguments in
      do {
        return try await body(arguments)
      } catch let error as UsageError {
        StandardStreams.writeError("apus \(name): \(error.message)\n")
        return 2
      } catch {
        StandardStreams.writeError("apus \(name): \(error)\n")
        return 1
      }
    }
  }
}
