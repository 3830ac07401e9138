internal import Basics
internal import HTTPTransport
internal import Lifecycle
internal import Linux
internal import ModelStorage
internal import Telemetry

/// `apus agent`: the sidecar of a multi-model predictor. It takes upstream's flags; of its parts it has the
/// puller. Batching and logging are the server's own business here.
public struct AgentRole: Sendable {
  private let flags: AgentFlags

  public init(flags: AgentFlags) { self.flags = flags }

  /// Works until `shutdown` returns.
  /// - Returns: the process's exit code.
  public func run(until shutdown: @escaping @Sendable () async -> Void) async -> Int32 {
    let log = Logger("agent")
    if !flags.ignored.isEmpty {
      log.info("flags that mean nothing here", ["flags": flags.ignored.joined(separator: " ")])
    }
    guard flags.isPullerEnabled else {
      TerminationLog.write(
        code: "InvalidArguments",
        message: "apus agent has nothing to do: --enable-puller is not given, and batching and logging are "
          + "the model server's; remove the container, or give the flag")
      return 2
    }
    do {
      let group = try EventLoopGroup(loops: 1, name: "agent")
      let host = ProcessEnvironment.variable("POD_IP") ?? "127.0.0.1"
      let server = V2RepositoryServer(
        address: ListenAddress(host: host, port: flags.componentPort),
        client: HTTPClient(group: group))
      let initializer = StorageInitializer()
      let puller = ModelPuller(
        configurationFolder: flags.configurationFolder, modelFolder: flags.modelFolder, server: server,
        fetch: { source, folder in try initializer.fetch(source, into: folder) })
      let work = Task { await puller.run() }
      await shutdown()
      work.cancel()
      await work.value
      await group.shutdown()
      return 0
    } catch {
      TerminationLog.write(code: "CannotStart", message: "the agent cannot start: \(error)")
      return 1
    }
  }
}
