internal import Formats
internal import HTTPTransport
internal import KubeProtocol
internal import ServingAPI

/// Services and EndpointSlices of one moment: resolves references to backends.
struct ServiceCatalog {
  private struct Key: Hashable {
    var service: ObjectKey
    var port: Int64?
  }

  static let serviceNameLabel = "kubernetes.io/service-name"

  private let services: [ObjectKey: KubeObject]
  private let slices: [ObjectKey: [KubeObject]]
  private var backends: [Key: Backend] = [:]

  init(services: [KubeObject], slices: [KubeObject]) {
    self.services = Dictionary(services.map { ($0.key, $0) }) { first, _ in first }
    self.slices = Dictionary(grouping: slices) { slice in
      ObjectKey(namespace: slice.namespace, name: slice.labels[Self.serviceNameLabel] ?? "")
    }
  }

  /// - Parameter namespace: the route's own.
  mutating func backend(
    _ reference: BackendReference, routeNamespace namespace: String, registry: inout EndpointRegistry
  ) -> Backend {
    let service = ObjectKey(namespace: reference.namespace, name: reference.name)
    let key = Key(service: service, port: reference.port)
    guard reference.group.isEmpty, reference.kind == "Service" else {
      return invalid(
        key, "InvalidKind", "backend \(reference.kind) \(service) cannot be routed to: only Services can")
    }
    guard reference.namespace == namespace else {
      return invalid(
        key, "RefNotPermitted",
        "service \(service) is in another namespace than the route, which needs a ReferenceGrant; "
          + "move the route"
      )
    }
    if let known = backends[key] { return known }
    let backend = resolve(key, registry: &registry)
    backends[key] = backend
    return backend
  }

  private func resolve(_ key: Key, registry: inout EndpointRegistry) -> Backend {
    guard let object = services[key.service] else {
      return invalid(key, "BackendNotFound", "service \(key.service) does not exist")
    }
    let ports = object.spec?["ports"]?.array ?? []
    guard let wanted = key.port else {
      return invalid(key, "BackendNotFound", "the reference to service \(key.service) names no port")
    }
    guard let port = ports.first(where: { $0["port"]?.int == wanted }) else {
      let present = ports.compactMap { $0["port"]?.int }.map(String.init).joined(separator: ", ")
      return invalid(
        key, "BackendNotFound",
        "service \(key.service) has no port \(wanted); it has \(present.isEmpty ? "none" : present)")
    }
    let addresses = readyAddresses(key.service, portName: port["name"]?.string ?? "")
    let isScaled = object.annotations[GatewayAnnotation.scaledBy] == GatewayAnnotation.requests
    let limit = object.annotations[GatewayAnnotation.containerConcurrency].flatMap { Int32($0) } ?? 0
    return Backend(
      service: key.service, port: key.port, endpoints: addresses.map { registry.endpoint($0) },
      isScaledByRequests: isScaled, endpointLimit: Int(max(0, limit)),
      gate: isScaled || limit > 0 ? registry.gate(.init(service: key.service, port: key.port)) : nil)
  }

  /// The backends found so far whose requests are counted or held back.
  var gated: [Backend] { backends.values.filter { $0.gate != nil } }

  /// Every ready address once, in a stable order. A slice's port is found by the name of the Service's port.
  private func readyAddresses(_ service: ObjectKey, portName: String) -> [ListenAddress] {
    var found: Set<ListenAddress> = []
    for slice in slices[service] ?? [] {
      let ports = slice["ports"]?.array ?? []
      guard let number = ports.first(where: { ($0["name"]?.string ?? "") == portName })?["port"]?.int,
        let port = Int(exactly: number), (1...65_535).contains(port)
      else { continue }
      for endpoint in slice["endpoints"]?.array ?? [] {
        // Unknown counts as ready (discovery.k8s.io/v1); what is being stopped gets no new request.
        guard endpoint.at("conditions", "ready")?.bool ?? true,
          endpoint.at("conditions", "terminating")?.bool != true,
          let address = endpoint["addresses"]?.array?.first?.string
        else { continue }
        found.insert(ListenAddress(host: address, port: port))
      }
    }
    return found.sorted { ($0.host, $0.port) < ($1.host, $1.port) }
  }

  private func invalid(_ key: Key, _ reason: String, _ message: String) -> Backend {
    Backend(
      service: key.service, port: key.port, endpoints: [],
      problem: Backend.ReferenceProblem(reason: reason, message: message))
  }
}
