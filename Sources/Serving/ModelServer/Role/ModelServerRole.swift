public import HTTPTransport
internal import Lifecycle
internal import Linux
public import ModelRuntime
internal import Telemetry

/// `apus server`: loads the model, listens, reports readiness, serves until it is told to stop, drains.
public struct ModelServerRole: Sendable {
  private let flags: ServerFlags
  private let environment: ServerEnvironment
  private let runtimes: [any ModelRuntime]
  private let version: String
  private let log: Logger

  /// How long requests under way may take once the server was told to stop (upstream's grace).
  private static let drainTimeout: Duration = .seconds(30)

  /// A pod is stopped at the moment in which its deletion is known: those that route to it learn of that a
  /// little later. Nobody routes to a server that was started by hand.
  private var lameDuck: LameDuck {
    LameDuck(limit: environment.isPod ? .seconds(3) : .zero)
  }

  /// - Parameters:
  ///   - runtimes: what this binary can load.
  ///   - version: shown in `GET /v2`.
  public init(
    flags: ServerFlags, runtimes: [any ModelRuntime], version: String,
    environment: ServerEnvironment = .current
  ) {
    self.flags = flags
    self.runtimes = runtimes
    self.version = version
    self.environment = environment
    log = Logger("server", minimumLevel: Logger.serverLevel)
  }

  /// Serves until `shutdown` returns. Loading blocks the calling thread: nothing else runs yet.
  /// - Parameters:
  ///   - onReady: told the bound addresses once the server answers.
  ///   - shutdown: returns when the program shall end (a signal came).
  /// - Returns: the process's exit code: 0, or that of the reason why the server could not start, which was
  ///   written to the termination log.
  public func run(
    onReady: @Sendable ([ListenAddress]) -> Void = { _ in }, until shutdown: @Sendable () async -> Void
  ) async -> Int32 {
    announceFlags()
    let loops = max(1, flags.workers)
    let loader = ModelLoader(
      runtimes: runtimes, framework: flags.framework,
      options: LoadOptions(predictsProbabilities: environment.predictsProbabilities))
    let directory = flags.modelDirectory
    let repository = ModelRepository(metricShards: loops + 1) { _ throws(ModelLoadError) in
      try loader.load(directory)
    }
    do {
      try repository.load(flags.modelName)
    } catch {
      TerminationLog.write(code: error.code.rawValue, message: error.message)
      return error.code.exitCode
    }
    do {
      try await serve(repository, loops: loops, onReady: onReady, until: shutdown)
      return 0
    } catch {
      TerminationLog.write(code: "CannotListen", message: explain(error))
      return 1
    }
  }

  private func serve(
    _ repository: ModelRepository, loops: Int, onReady: @Sendable ([ListenAddress]) -> Void,
    until shutdown: @Sendable () async -> Void
  ) async throws(LinuxError) {
    let metrics = ServerMetrics(loops: loops)
    var options = ServingContext.Options(version: version)
    options.latencyLog = flags.enableLatencyLogging ? LatencyLog() : nil
    let context = ServingContext(
      repository: repository, scheduler: InferenceScheduler(loops: loops, repository: repository),
      metrics: metrics, loops: loops, options: options)
    let handler = ModelServer(context)
    let group = try EventLoopGroup(loops: loops, name: "http")
    let server = HTTPServer(group: group, handler: .buffered(handler))
    let bound: [ListenAddress]
    do {
      bound = try listen(server)
    } catch {
      await group.shutdown()
      throw error
    }
    let list = bound.map { "http://\($0)" }.joined(separator: ", ")
    log.info("model ready", ["model": flags.modelName, "address": list])
    reportReady()
    onReady(bound)
    await shutdown()
    handler.beginDraining()
    server.sendClientsAway()
    await lameDuck.wait { metrics.startedCount }
    await server.drain(timeout: Self.drainTimeout)
    await group.shutdown()
  }

  /// The address that was asked for, else the pod's own, else loopback: nothing is open to the network
  /// unasked.
  private func listen(_ server: HTTPServer) throws(LinuxError) -> [ListenAddress] {
    if let host = flags.host ?? environment.podAddress {
      return try server.listen([ListenAddress(host: host, port: flags.httpPort)])
    }
    return try server.listenOnLoopback(port: flags.httpPort)
  }

  private func reportReady() {
    guard let number = environment.readyDescriptor else { return }
    do {
      try FileDescriptor(owning: number).writeAll(Array("ready\n".utf8))
    } catch {
      log.warning(
        "nobody reads the readiness descriptor", ["descriptor": "\(number)", "cause": error.reason])
    }
  }

  private func announceFlags() {
    if !flags.ignored.isEmpty {
      log.warning("arguments ignored: \(flags.ignored.joined(separator: " "))")
    }
    if flags.given.contains("grpc_port") || (flags.given.contains("enable_grpc") && flags.enableGRPC) {
      log.info("gRPC is not served: requests are answered over HTTP only", ["grpc_port": "\(flags.grpcPort)"])
    }
  }

  private func explain(_ error: LinuxError) -> String {
    let host = flags.host ?? environment.podAddress ?? "127.0.0.1"
    let place = "\(ListenAddress(host: host, port: flags.httpPort))"
    if error.isAddressInUse {
      let holder = PortHolder.describe(port: flags.httpPort) ?? "another program"
      return "cannot listen on \(place): \(holder) holds the port; choose another one with --http_port"
    }
    if error.isAddressUnavailable {
      return "cannot listen on \(place): this machine has no such address; choose one with --host"
    }
    if error.isPermissionDenied {
      return "cannot listen on \(place): permission denied; choose a port above 1023 with --http_port"
    }
    return "cannot serve on \(place): \(error)"
  }
}
