internal import Formats
internal import HTTPTransport
internal import KubeProtocol
internal import ServingAPI

/// Services and their endpoints: resolves references to backends, and knows who refers to what.
struct ServiceCatalog {
  static let serviceNameLabel = "kubernetes.io/service-name"

  private var services: [ObjectKey: GatewayUpdate.ServiceState] = [:]
  /// Of Services that routes refer to, by port.
  private var backends: [ObjectKey: [Int64?: Backend]] = [:]
  private var referrers: [ObjectKey: Set<ObjectKey>] = [:]
  private var registry: EndpointRegistry
  /// Backends that were made, and that are of no use any more, since `finishRound`.
  private var made: [Backend] = []
  private var dropped: [Backend] = []

  /// - Parameter loops: of the gateway.
  init(loops: Int = 1) { registry = EndpointRegistry(loops: loops) }

  /// Takes a Service's new state. Returns the routes that refer to it.
  mutating func update(_ key: ObjectKey, _ state: GatewayUpdate.ServiceState) -> Set<ObjectKey> {
    services[key] = state.object == nil && state.slices.isEmpty ? nil : state
    drop(key)
    return referrers[key] ?? []
  }

  mutating func forget(_ references: Set<ObjectKey>, of route: ObjectKey) {
    for service in references { referrers[service]?.remove(route) }
  }

  /// The backend of a route's reference.
  mutating func backend(_ reference: BackendReference, of route: ObjectKey) -> Backend {
    let service = ObjectKey(namespace: reference.namespace, name: reference.name)
    guard reference.group.isEmpty, reference.kind == "Service" else {
      return Self.invalid(
        service, reference.port, "InvalidKind",
        "backend \(reference.kind) \(service) cannot be routed to: only Services can")
    }
    guard reference.namespace == route.namespace else {
      return Self.invalid(
        service, reference.port, "RefNotPermitted",
        "service \(service) is in another namespace than the route, which needs a ReferenceGrant; "
          + "move the route"
      )
    }
    referrers[service, default: []].insert(route)
    if let known = backends[service]?[reference.port] { return known }
    let backend = resolve(service, reference.port)
    backends[service, default: [:]][reference.port] = backend
    made.append(backend)
    return backend
  }

  private mutating func resolve(_ service: ObjectKey, _ wanted: Int64?) -> Backend {
    let state = services[service]
    guard let object = state?.object else {
      return Self.invalid(service, wanted, "BackendNotFound", "service \(service) does not exist")
    }
    let ports = object.spec?["ports"]?.array ?? []
    guard let wanted else {
      return Self.invalid(
        service, wanted, "BackendNotFound", "the reference to service \(service) names no port")
    }
    guard let port = ports.first(where: { $0["port"]?.int == wanted }) else {
      let present = ports.compactMap { $0["port"]?.int }.map(String.init).joined(separator: ", ")
      return Self.invalid(
        service, wanted, "BackendNotFound",
        "service \(service) has no port \(wanted); it has \(present.isEmpty ? "none" : present)")
    }
    let addresses = Self.readyAddresses(state?.slices ?? [], portName: port["name"]?.string ?? "")
    let isScaled = object.annotations[GatewayAnnotation.scaledBy] == GatewayAnnotation.requests
    let limit = object.annotations[GatewayAnnotation.containerConcurrency].flatMap { Int32($0) } ?? 0
    return Backend(
      service: service, port: wanted, endpoints: addresses.map { registry.endpoint($0) },
      isScaledByRequests: isScaled, endpointLimit: Int(max(0, limit)),
      gate: isScaled || limit > 0 ? registry.gate(.init(service: service, port: wanted)) : nil)
  }

  private mutating func drop(_ service: ObjectKey) {
    guard let known = backends.removeValue(forKey: service) else { return }
    dropped += known.values
  }

  /// Ends a round of changes: what no route refers to any more is let go.
  /// - Parameter touched: Services whose references may have gone.
  /// - Returns: the gates that changed, nil for those that went, and the addresses that nobody names any
  ///   more.
  mutating func finishRound(
    touched: Set<ObjectKey>
  ) -> (gates: [EndpointRegistry.GateKey: Backend?], gone: [HTTPUpstream]) {
    for service in touched where referrers[service]?.isEmpty ?? true {
      referrers[service] = nil
      drop(service)
    }
    var gates: [EndpointRegistry.GateKey: Backend?] = [:]
    for backend in dropped { if backend.gate != nil { gates[backend.gateKey] = .some(nil) } }
    let present = made.filter { backends[$0.service]?[$0.port] === $0 }
    for backend in present { if backend.gate != nil { gates[backend.gateKey] = backend } }
    for backend in made { registry.retain(backend) }
    for backend in dropped { registry.release(backend) }
    made = []
    dropped = []
    return (gates, registry.finishRound())
  }

  /// Every ready address once, in a stable order. A slice's port is found by the name of the Service's port.
  private static func readyAddresses(_ slices: [KubeObject], portName: String) -> [ListenAddress] {
    var found: Set<ListenAddress> = []
    for slice in slices {
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

  private static func invalid(
    _ service: ObjectKey, _ port: Int64?, _ reason: String, _ message: String
  ) -> Backend {
    Backend(
      service: service, port: port, endpoints: [],
      problem: Backend.ReferenceProblem(reason: reason, message: message))
  }
}
