internal import Formats
internal import KubeClient
internal import KubeProtocol

/// The collections that a gateway follows.
struct GatewaySources: Sendable {
  /// Everything that a table is made from, as the informers had it at one moment.
  struct Snapshot: Sendable {
    var routes: [KubeObject]
    /// Of our classes only.
    var gateways: [KubeObject]
    var namespaceLabels: [String: [String: String]]
    var services: [KubeObject]
    var slices: [KubeObject]
  }

  let routes: Informer
  let gateways: Informer
  let classes: Informer
  private let services: Informer
  private let slices: Informer
  private let namespaces: Informer
  private let controllerName: String
  private let className: String

  init(informers: SharedInformers, controllerName: String, className: String) {
    self.controllerName = controllerName
    self.className = className
    routes = informers.informer(.httpRoutes)
    gateways = informers.informer(.gateways)
    classes = informers.informer(.gatewayClasses)
    services = informers.informer(.services)
    slices = informers.informer(.endpointSlices)
    namespaces = informers.informer(.namespaces)
  }

  private var all: [Informer] { [routes, gateways, classes, services, slices, namespaces] }

  func waitUntilSynced() async throws {
    for informer in all { try await informer.waitUntilSynced() }
  }

  /// Calls `handler` after changes that a table may depend on.
  func onChange(_ handler: @escaping @Sendable () -> Void) {
    for informer in all {
      informer.onChange { change in
        // Our own writes change statuses only.
        if let old = change.old, !change.isDeletion, informer.resource != .endpointSlices,
          old.generation == change.object.generation, old.generation != 0,
          old.labels == change.object.labels, old.annotations == change.object.annotations
        {
          return
        }
        handler()
      }
    }
  }

  func snapshot() -> Snapshot {
    let ours = ownClasses
    return Snapshot(
      routes: routes.list(),
      gateways: gateways.list().filter { ours.contains($0.spec?["gatewayClassName"]?.string ?? "") },
      namespaceLabels: Dictionary(namespaces.list().map { ($0.name, $0.labels) }) { first, _ in first },
      services: services.list(), slices: slices.list())
  }

  /// Names of the classes that name our controller, and of our default class where no object says otherwise.
  private var ownClasses: Set<String> {
    var names: Set<String> = [className]
    for object in classes.list() {
      if isOwn(object) {
        names.insert(object.name)
      } else {
        names.remove(object.name)
      }
    }
    return names
  }

  func isOwn(_ gatewayClass: KubeObject) -> Bool {
    gatewayClass.spec?["controllerName"]?.string == controllerName
  }
}
