internal import Basics

/// Carries out a probe's or hook's handler, once per call.
struct HandlerAttempt: Sendable {
  var action: ProbeSpec.Action
  var container: ContainerSpec
  var timeout: Duration
  var podAddress: String
  var worker: PodWorker
  /// For programs; nil before the pod is prepared.
  var launcher: ContainerLauncher?
  var link: SupervisorLink?

  /// - Returns: nil on success, else what went wrong.
  func run() async -> String? {
    let context = worker.context
    switch action {
    case .httpGet(let host, let port, let path, let isHTTPS, let headers):
      return await context.prober.get(
        host ?? podAddress, port, path: path, isHTTPS: isHTTPS, headers: headers, timeout: timeout)
    case .tcpSocket(let host, let port):
      return await context.prober.connect(host ?? podAddress, port, timeout: timeout)
    case .sleep(let seconds):
      // Cancelled only when nobody waits for the answer any more.
      try? await context.clock.sleep(for: .seconds(seconds))
      return nil
    case .invalid(let reason): return reason
    case .execute(let command): return await execute(command)
    }
  }

  private func execute(_ command: [String]) async -> String? {
    guard let launcher, let link else { return "the pod is not prepared" }
    do {
      let outcome = try await worker.execute(command, container, launcher, link, timeout: timeout)
      if outcome.timedOut { return "command timed out: \(command.joined(separator: " "))" }
      if outcome.code == 0 { return nil }
      return outcome.output.isEmpty ? "exit code \(outcome.code)" : outcome.output
    } catch {
      return "\(error)"
    }
  }
}
