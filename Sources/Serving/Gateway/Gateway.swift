public import Basics
public import HTTPTransport
public import KubeClient
internal import KubeProtocol
public import Linux
internal import Synchronization
internal import Telemetry

/// The data path in front of the models: an implementation of the Gateway API for HTTPRoutes. It watches
/// routes, gateways, services and endpoints, compiles them into one immutable table, swaps that on every
/// loop, and tells in the statuses what is in use.
public final class Gateway: Sendable {
  private let configuration: GatewayConfiguration
  private let group: EventLoopGroup
  private let loops: [GatewayLoop]
  private let server: HTTPServer
  private let sources: GatewaySources
  private let statuses: GatewayStatusWriter
  private let reporter: LoadReporter
  private let log: Logger
  private let isLive = Latch()

  /// Bodies are passed on as they come, so their length costs the gateway nothing.
  private static let bodyLimit = 64 * ByteCount.gibibyte

  /// - Parameters:
  ///   - informers: run by the caller.
  ///   - group: the loops that carry the requests; each holds its own table.
  public init(
    configuration: GatewayConfiguration, client: KubeClient, informers: SharedInformers,
    group: EventLoopGroup,
    clock: any SleepingClock = SystemClock()
  ) {
    self.configuration = configuration
    self.group = group
    let sources = GatewaySources(
      informers: informers, controllerName: configuration.controllerName, className: configuration.className)
    self.sources = sources
    let isAwaited = WakeSignal()
    let loops = group.loops.map { loop in
      GatewayLoop(
        loop, configuration: configuration, loopCount: group.loops.count, random: SystemRandom(),
        latestChange: { sources.changeCount }, wake: { isAwaited.signal() })
    }
    self.loops = loops
    reporter = LoadReporter(
      loops: Array(zip(group.loops, loops)), isAwaited: isAwaited, interval: configuration.reportInterval,
      clock: clock, random: SystemRandom())
    var limits = HTTPServerLimits()
    limits.bodyBytes = Self.bodyLimit
    server = HTTPServer(
      group: group, limits: limits, handler: .streaming(GatewayHandler(loops: loops)), grpc: GatewayCalls())
    statuses = GatewayStatusWriter(
      client: client, sources: sources, controllerName: configuration.controllerName, clock: clock)
    log = Logger("gateway")
  }

  /// Starts to accept; until the first table is in use every host is unknown.
  /// - Returns: the bound addresses, all with the same port.
  /// - Throws: `LinuxError`; `isAddressInUse` tells a taken port.
  public func listen() throws(LinuxError) -> [ListenAddress] {
    let bound: [ListenAddress]
    if let host = configuration.host {
      bound = try server.listen([ListenAddress(host: host, port: configuration.port)])
    } else {
      bound = try server.listenOnLoopback(port: configuration.port)
    }
    statuses.publish(addresses: bound.map(\.host))
    log.info("listening", ["addresses": bound.map(\.description).joined(separator: " ")])
    return bound
  }

  /// Returns once the first table, made from synced informers, is in use on every loop.
  public func waitUntilLive() async throws { try await isLive.wait() }

  /// Follows the cluster's state until the task is cancelled; then stops accepting and lets open requests
  /// end.
  /// - Parameter sink: gets the load of the Services that requests scale.
  public func run(reportingTo sink: (any LoadReportSink)? = nil) async {
    await withTaskGroup(of: Void.self) { tasks in
      tasks.addTask { await self.followSources() }
      tasks.addTask { await self.statuses.run() }
      if let sink { tasks.addTask { await self.reporter.run(sink) } }
      await tasks.waitForAll()
    }
    // Nobody starts pods for them any more.
    for (loop, state) in zip(group.loops, loops) { loop.submit { state.refuseWaiting() } }
    await server.drain(timeout: configuration.drainTimeout)
  }

  private func followSources() async {
    let changed = WakeSignal()
    sources.onChange { changed.signal() }
    do { try await sources.waitUntilSynced() } catch { return }
    var compiler = GatewayCompiler(loops: group.loops.count)
    changed.signal()
    while !Task.isCancelled {
      await changed.wait()
      if Task.isCancelled { return }
      let update = sources.takeUpdate()
      let result = compiler.compile(update)
      await publish(result, of: update.changeCount)
      isLive.open()
      statuses.report(result)
    }
  }

  /// Returns once every loop uses the table.
  private func publish(_ result: GatewayCompiler.Result, of changeCount: UInt64) async {
    for (loop, state) in zip(group.loops, loops) {
      for _ in 0..<1000 where !Task.isCancelled {
        if await Self.use(result, of: changeCount, state, on: loop) { break }
        // The loop's queue of jobs is full; it empties within a turn of the loop.
        try? await Task.sleep(for: .milliseconds(1))
      }
    }
  }

  private static func use(
    _ result: GatewayCompiler.Result, of changeCount: UInt64, _ state: GatewayLoop, on loop: EventLoop
  ) async -> Bool {
    await withCheckedContinuation { continuation in
      let accepted = loop.submit {
        state.use(result.table, of: changeCount)
        // Closed from here, a kept connection cannot break just as a request is on its way.
        for upstream in result.gone { loop.httpClient.forget(upstream) }
        continuation.resume(returning: true)
      }
      if !accepted { continuation.resume(returning: false) }
    }
  }
}
