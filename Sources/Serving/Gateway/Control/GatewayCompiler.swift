internal import HTTPTransport
internal import KubeProtocol

/// Makes tables from snapshots; what has not changed since the last one is not read again.
struct GatewayCompiler {
  /// A table with what the statuses shall say once it is in use.
  struct Result: Sendable {
    var table: RouteTable
    var routes: [ObjectKey: RouteReport]
    var gateways: [GatewaySpec]
    var attached: [ObjectKey: [String: Int64]]
    /// Named by the last table and no more by this one.
    var gone: [HTTPUpstream]
  }

  private var specs: [String: RouteSpec] = [:]
  private var registry: EndpointRegistry

  /// - Parameter loops: that the tables are for.
  init(loops: Int = 1) { registry = EndpointRegistry(loops: loops) }

  mutating func compile(_ snapshot: GatewaySources.Snapshot) -> Result {
    var current: [String: RouteSpec] = [:]
    for object in snapshot.routes {
      let id = object.uid.isEmpty ? "\(object.key)" : object.uid
      if let known = specs[id], known.resourceVersion == object.resourceVersion,
        !known.resourceVersion.isEmpty
      {
        current[id] = known
      } else {
        current[id] = RouteSpecReader.read(object)
      }
    }
    specs = current
    let gateways = snapshot.gateways.map(GatewaySpec.init)
    let built = RouteTableBuilder.build(
      routes: current.values.sorted { $0.key < $1.key }, gateways: gateways,
      namespaceLabels: snapshot.namespaceLabels,
      catalog: ServiceCatalog(services: snapshot.services, slices: snapshot.slices), registry: &registry)
    return Result(
      table: built.table, routes: Dictionary(built.routes.map { ($0.key, $0) }) { first, _ in first },
      gateways: gateways, attached: built.attached, gone: registry.finishRound())
  }
}
