internal import Basics
internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import Synchronization
internal import Telemetry

/// Writes the statuses of routes, gateways and classes, one after the other, after a table is in use. Falls
/// behind rather than hold a table back: only the newest report counts.
final class GatewayStatusWriter: Sendable {
  private struct State {
    var report: GatewayCompiler.Result?
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
    state.withLock { $0.report = result }
    changed.signal()
  }

  /// Writes until the task is cancelled.
  func run() async {
    var backoff = Backoff(initial: .milliseconds(50), maximum: .seconds(10))
    while !Task.isCancelled {
      await changed.wait()
      let (report, addresses) = state.withLock { ($0.report, $0.addresses) }
      guard let report, !Task.isCancelled else { continue }
      if await write(report, addresses) {
        backoff.reset()
      } else {
        do { try await clock.sleep(for: backoff.next()) } catch { return }
        changed.signal()
      }
    }
  }

  /// - Returns: false where something could not be written and shall be tried again.
  private func write(_ report: GatewayCompiler.Result, _ addresses: [String]) async -> Bool {
    var succeeded = true
    for object in sources.routes.list() {
      let route = report.routes[object.key]
      // Of a newer version the next report tells.
      if let route, route.uid != object.uid || route.generation != object.generation { continue }
      let status = RouteStatus.make(route, for: object, controller: controllerName, now: clock.now())
      succeeded = await write(status, of: object, .httpRoutes) && succeeded
    }
    for gateway in report.gateways {
      guard let object = sources.gateways.get(gateway.key), object.generation == gateway.generation else {
        continue
      }
      let status = GatewayStatus.make(
        gateway, attached: report.attached[gateway.key] ?? [:], addresses: addresses, for: object,
        now: clock.now())
      succeeded = await write(status, of: object, .gateways) && succeeded
    }
    for object in sources.classes.list() where sources.isOwn(object) {
      let status = GatewayStatus.makeClass(for: object, now: clock.now())
      succeeded = await write(status, of: object, .gatewayClasses) && succeeded
    }
    return succeeded
  }

  private func write(_ status: JSONValue?, of object: KubeObject, _ resource: KubeResource) async -> Bool {
    guard let status else { return true }
    var updated = object
    updated.status = status
    do {
      try await client.updateStatus(resource, updated)
      return true
    } catch let error as KubeError where error.reason == .notFound {
      return true
    } catch let error as KubeError where error.reason == .conflict {
      // Our copy is old; try once it is not.
      return false
    } catch {
      log.warning("cannot write a status", ["object": "\(resource) \(object.key)", "cause": "\(error)"])
      return false
    }
  }
}
