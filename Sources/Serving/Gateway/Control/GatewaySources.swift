internal import Formats
internal import KubeClient
internal import KubeProtocol

/// The collections that a gateway follows.
struct GatewaySources: Sendable {
  let routes: Informer
  let gateways: Informer
  let classes: Informer
  private let services: Informer
  private let slices: Informer
  private let namespaces: Informer
  private let changes = GatewayChanges()
  private let controllerName: String
  private let className: String

  private static let serviceIndex = "gateway-service"

  init(informers: SharedInformers, controllerName: String, className: String) {
    self.controllerName = controllerName
    self.className = className
    routes = informers.informer(.httpRoutes)
    gateways = informers.informer(.gateways)
    classes = informers.informer(.gatewayClasses)
    services = informers.informer(.services)
    slices = informers.informer(.endpointSlices)
    namespaces = informers.informer(.namespaces)
    slices.addIndex(Self.serviceIndex) { ["\(Self.service(of: $0))"] }
  }

  private var all: [Informer] { [routes, gateways, classes, services, slices, namespaces] }

  func waitUntilSynced() async throws {
    for informer in all { try await informer.waitUntilSynced() }
  }

  /// Calls `handler` after changes that a table may depend on; `takeUpdate` tells what they were.
  func onChange(_ handler: @escaping @Sendable () -> Void) {
    for informer in all {
      informer.onChange { [changes] change in
        // Our own writes change statuses only.
        if let old = change.old, !change.isDeletion, informer.resource != .endpointSlices,
          old.generation == change.object.generation, old.generation != 0,
          old.labels == change.object.labels, old.annotations == change.object.annotations
        {
          return
        }
        Self.note(change, of: informer.resource, in: changes)
        handler()
      }
    }
  }

  private static func note(_ change: InformerChange, of resource: KubeResource, in changes: GatewayChanges) {
    let key = change.object.key
    changes.note { keys in
      switch resource {
      case .httpRoutes: keys.routes.insert(key)
      case .services: keys.services.insert(key)
      case .endpointSlices:
        keys.services.insert(service(of: change.object))
        if let old = change.old { keys.services.insert(service(of: old)) }
      case .namespaces: keys.namespaces.insert(key.name)
      default: keys.gatewaysChanged = true
      }
    }
  }

  private static func service(of slice: KubeObject) -> ObjectKey {
    ObjectKey(namespace: slice.namespace, name: slice.labels[ServiceCatalog.serviceNameLabel] ?? "")
  }

  /// How many changes the informers have told.
  var changeCount: UInt64 { changes.count }

  /// What has changed since the last call, as it is now.
  func takeUpdate() -> GatewayUpdate {
    let keys = changes.take()
    var update = GatewayUpdate()
    update.changeCount = keys.changeCount
    if keys.gatewaysChanged {
      let ours = ownClasses
      update.gateways = gateways.list()
        .filter { ours.contains($0.spec?["gatewayClassName"]?.string ?? "") }
    }
    for name in keys.namespaces { update.namespaces[name] = .some(namespaces.get(name: name)?.labels) }
    for key in keys.routes { update.routes[key] = .some(routes.get(key)) }
    for key in keys.services {
      update.services[key] = GatewayUpdate.ServiceState(
        object: services.get(key), slices: slices.byIndex(Self.serviceIndex, "\(key)"))
    }
    return update
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
