internal import Basics
internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import Synchronization
internal import Telemetry

/// Writes the statuses of routes, gateways and classes, one after the other, after a table is in use. Falls
/// behind rather than hold a table back: only the newest report of each route counts.
final class GatewayStatusWriter: Sendable {
  private struct State {
    /// Routes whose status may have to change.
    var routes: [ObjectKey: RouteReport?] = [:]
    var gateways: [GatewaySpec] = []
    var attached: [ObjectKey: [String: Int64]] = [:]
    var isInUse = false
    var addresses: [String] = []
  }

  private let client: KubeClient
  private let sources: GatewaySources
  private let controllerName: String
  private let clock: any SleepingClock
  private let log = Logger("gateway")
  private let state = Mutex(State())
  private let changed = WakeSignal()

  init(client: KubeClient, sources: GatewaySources, controllerName: String, clock: any SleepingClock) {
    self.client = client
    self.sources = sources
    self.controllerName = controllerName
    self.clock = clock
  }

  /// Where the gateway listens.
  func publish(addresses: [String]) {
    state.withLock { $0.addresses = addresses }
    changed.signal()
  }

  /// The table of this report is in use on every loop.
  func report(_ result: GatewayCompiler.Result) {
    state.withLock { state in
      state.routes.merge(result.routes) { _, new in new }
      state.gateways = result.gateways
      state.attached = result.attached
      state.isInUse = true
    }
    changed.signal()
  }

  /// Writes until the task is cancelled.
  func run() async {
    var backoff = Backoff(initial: .milliseconds(50), maximum: .seconds(10))
    while !Task.isCancelled {
      await changed.wait()
      let now = state.withLock { state in
        defer { state.routes = [:] }
        return state
      }
      guard now.isInUse, !Task.isCancelled else { continue }
      let failed = await writeRoutes(now.routes)
      let succeeded = await writeGateways(now)
      if failed.isEmpty && succeeded {
        backoff.reset()
        continue
      }
      state.withLock { $0.routes.merge(failed) { newer, _ in newer } }
      do { try await clock.sleep(for: backoff.next()) } catch { return }
      changed.signal()
    }
  }

  /// - Returns: those that could not be written and shall be tried again.
  private func writeRoutes(_ reports: [ObjectKey: RouteReport?]) async -> [ObjectKey: RouteReport?] {
    var failed: [ObjectKey: RouteReport?] = [:]
    for (key, report) in reports {
      guard let object = sources.routes.get(key) else { continue }
      // Of a newer version the next report tells.
      if let report, report.uid != object.uid || report.generation != object.generation { continue }
      let isWritten = await write(object, .httpRoutes) { [controllerName, clock] object in
        RouteStatus.make(report, for: object, controller: controllerName, now: clock.now())
      }
      if !isWritten { failed[key] = .some(report) }
    }
    return failed
  }

  /// - Returns: false where something could not be written and shall be tried again.
  private func writeGateways(_ state: State) async -> Bool {
    var succeeded = true
    for gateway in state.gateways {
      guard let object = sources.gateways.get(gateway.key), object.generation == gateway.generation else {
        continue
      }
      let isWritten = await write(object, .gateways) { [clock] object in
        GatewayStatus.make(
          gateway, attached: state.attached[gateway.key] ?? [:], addresses: state.addresses, for: object,
          now: clock.now())
      }
      succeeded = isWritten && succeeded
    }
    for object in sources.classes.list() where sources.isOwn(object) {
      let isWritten = await write(object, .gatewayClasses) { [clock] object in
        GatewayStatus.makeClass(for: object, now: clock.now())
      }
      succeeded = isWritten && succeeded
    }
    return succeeded
  }

  /// - Parameter status: what an object's shall be; nil where it is so already.
  private func write(
    _ object: KubeObject, _ resource: KubeResource, _ status: @Sendable (KubeObject) -> JSONValue?
  ) async -> Bool {
    do {
      do {
        try await update(object, resource, status)
      } catch let error as KubeError where error.reason == .conflict {
        // Our copy is old. A newer one of another generation gets a report of its own.
        let live = try await client.get(resource, namespace: object.namespace, name: object.name)
        guard live.uid == object.uid, live.generation == object.generation else { return true }
        try await update(live, resource, status)
      }
      return true
    } catch let error as KubeError where error.reason == .notFound {
      return true
    } catch let error as KubeError where error.reason == .conflict {
      return false
    } catch {
      log.warning("cannot write a status", ["object": "\(resource) \(object.key)", "cause": "\(error)"])
      return false
    }
  }

  private func update(
    _ object: KubeObject, _ resource: KubeResource, _ status: @Sendable (KubeObject) -> JSONValue?
  ) async throws {
    guard let status = status(object) else { return }
    var updated = object
    updated.status = status
    try await client.updateStatus(resource, updated)
  }
}
