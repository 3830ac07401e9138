internal import Lifecycle
internal import Sidecar

/// `apus agent`: the sidecar that keeps a multi-model predictor's models in step with their list.
enum AgentCommand {
  static let verb = Verb.reporting("agent", "") { arguments in
    let flags: AgentFlags
    do throws(AgentFlags.Failure) {
      flags = try AgentFlags.parse(arguments)
    } catch {
      throw UsageError(message: error.description)
    }
    let shutdown = try ShutdownSignal()
    return await AgentRole(flags: flags).run(until: { _ = await shutdown.wait() })
  }
}
