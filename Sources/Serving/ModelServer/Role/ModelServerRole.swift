internal import Basics
public import HTTPTransport
internal import Lifecycle
internal import Linux
public import ModelRuntime
internal import Synchronization
internal import Telemetry

/// `apus server`: loads the models, listens, reports readiness, serves until it is told to stop, drains.
public struct ModelServerRole: Sendable {
  var flags: ServerFlags
  /// Nil for a server of KServe's dialect.
  var mlserver: MLServerSetup?
  let environment: ServerEnvironment
  let runtimes: [any ModelRuntime]
  let version: String
  let log: Logger

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

  /// Serves until `shutdown` returns. Loading blocks the calling thread: nothing else runs yet, unless the
  /// environment asks for loading in the background.
  /// - Parameters:
  ///   - onReady: told the bound HTTP addresses once the server answers.
  ///   - shutdown: returns when the program shall end (a signal came).
  /// - Returns: the process's exit code: 0, or that of the reason why the server could not start, which was
  ///   written to the termination log.
  public func run(
    onReady: @Sendable ([ListenAddress]) -> Void = { _ in },
    until shutdown: @escaping @Sendable () async -> Void
  ) async -> Int32 {
    var role = self
    do throws(ModelLoadError) {
      try role.adoptMLServerSettings()
    } catch {
      return end(error)
    }
    return await role.serveModels(onReady: onReady, until: shutdown)
  }

  private func serveModels(
    onReady: @Sendable ([ListenAddress]) -> Void, until shutdown: @escaping @Sendable () async -> Void
  ) async -> Int32 {
    announceFlags()
    let loops = max(1, flags.workers)
    let start = ModelStart(makeRepository(metricShards: loops + 1), flags: flags, log: log)
    let loadsNow = !environment.loadsInBackground && mlserver?.settings.loadsModelsAtStartup != false
    if loadsNow, let error = start.load() { return end(error) }
    do {
      try await serve(start, loops: loops, onReady: onReady, until: shutdown)
      return start.failure.map(end) ?? 0
    } catch {
      TerminationLog.write(
        code: error.isPortTaken ? "PortTaken" : "CannotListen", message: error.message, value: error.place)
      return error.isPortTaken ? 50 : 51
    }
  }

  private func end(_ error: ModelLoadError) -> Int32 {
    let value = error.value.isEmpty ? flags.modelDirectory : error.value
    TerminationLog.write(code: error.code.rawValue, message: error.message, value: value)
    return error.code.exitCode
  }

  /// The models that `--model_dir` holds, none of them loaded yet.
  private func makeRepository(metricShards: Int) -> ModelRepository {
    if let mlserver { return makeRepository(mlserver, metricShards: metricShards) }
    let loader = ModelLoader(
      runtimes: runtimes, framework: flags.framework,
      options: LoadOptions(
        predictsProbabilities: environment.predictsProbabilities, threads: flags.nthread,
        settings: flags.runtimeSettings))
    let layout: FolderCatalogue.Layout =
      switch flags.repository {
      case "true": .repository
      case "false": .single(name: flags.modelName)
      default: FolderCatalogue.layout(of: flags.modelDirectory, name: flags.modelName, loader: loader)
      }
    let catalogue = FolderCatalogue(
      root: flags.modelDirectory, layout: layout, loader: loader, defaults: flags.modelSettings)
    return ModelRepository(
      metricShards: metricShards, catalogue: catalogue,
      readiness: layout == .repository ? .startedUp : .allModels,
      memoryLimit: flags.modelMemoryLimit > 0 ? flags.modelMemoryLimit : nil)
  }

  private func serve(
    _ start: ModelStart, loops: Int, onReady: @Sendable ([ListenAddress]) -> Void,
    until shutdown: @escaping @Sendable () async -> Void
  ) async throws(ListenFailure) {
    let tracing = TracingService(version: version, log: log)
    let payloads = PayloadLog.start(log: log)
    let metrics = ServerMetrics(loops: loops)
    let context = makeContext(start.repository, metrics, loops: loops, tracing, payloads)
    let handler = ModelServer(context)
    let group: EventLoopGroup
    do {
      group = try EventLoopGroup(loops: loops, name: "http")
    } catch {
      throw ListenFailure(
        message: "cannot start the event loops: \(error)", place: "", isPortTaken: false)
    }
    let server = HTTPServer(
      group: group, limits: flags.httpLimits, handler: .buffered(handler),
      grpc: flags.enableGRPC ? GRPCService(context, loops: loops) : nil, grpcLimits: flags.grpcLimits)
    do {
      let bound = try listen(server)
      onReady(bound.http)
      await serve(start, bound, until: shutdown)
    } catch {
      await group.shutdown()
      await tracing?.finish()
      await payloads?.finish()
      throw error
    }
    handler.beginDraining()
    server.sendClientsAway()
    await lameDuck.wait { metrics.startedCount }
    await server.drain(timeout: Self.drainTimeout)
    await group.shutdown()
    await tracing?.finish()
    await payloads?.finish()
  }

  /// Reports readiness once the models are there; returns when the server shall end.
  private func serve(
    _ start: ModelStart, _ bound: BoundAddresses, until shutdown: @escaping @Sendable () async -> Void
  ) async {
    let announce: @Sendable () -> Void = { [self] in
      log.info("model ready", ["model": start.summary, "address": bound.description])
      reportReady()
    }
    guard environment.loadsInBackground else {
      announce()
      await shutdown()
      return
    }
    let ended = Latch()
    start.loadInBackground { error in
      if error == nil { announce() } else { ended.open() }
    }
    let waiting = Task {
      await shutdown()
      ended.open()
    }
    try? await ended.wait()
    waiting.cancel()
  }

  private func makeContext(
    _ repository: ModelRepository, _ metrics: ServerMetrics, loops: Int, _ tracing: TracingService?,
    _ payloads: PayloadLog?
  ) -> ServingContext {
    var options = ServingContext.Options(version: version)
    options.latencyLog = flags.enableLatencyLogging ? LatencyLog() : nil
    options.tracer = tracing?.tracer
    options.payloads = payloads
    if let mlserver { options.dialect = MLServerDialect(mlserver.settings, models: mlserver.models) }
    return ServingContext(
      repository: repository,
      scheduler: InferenceScheduler(
        loops: loops, settings: flags.schedulerSettings, repository: repository),
      metrics: metrics, loops: loops, options: options)
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
  }
}
