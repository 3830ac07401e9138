internal import HTTPTransport
internal import KubeProtocol
internal import Synchronization

/// One address that answers for a service, with the requests under way to it from all loops. Lives as long as
/// any table names it, so that counts survive a change of tables.
final class Endpoint: Sendable {
  let upstream: HTTPUpstream
  private let requests = Atomic<Int>(0)

  init(_ address: ListenAddress) { upstream = HTTPUpstream(address) }

  var inFlight: Int { requests.load(ordering: .relaxed) }
  func begin() { requests.add(1, ordering: .relaxed) }

  /// Counts a request unless `limit` are under way already; 0 is no limit.
  func tryBegin(limit: Int) -> Bool {
    if limit <= 0 {
      begin()
      return true
    }
    var current = requests.load(ordering: .relaxed)
    while current < limit {
      let (exchanged, original) = requests.compareExchange(
        expected: current, desired: current + 1, ordering: .sequentiallyConsistent)
      if exchanged { return true }
      current = original
    }
    return false
  }

  /// Ordered before any look at who waits for the place.
  func end() { requests.subtract(1, ordering: .sequentiallyConsistent) }
}

/// Keeps one `Endpoint` per address, and one `BackendGate` per port of a Service, as long as backends name
/// them.
struct EndpointRegistry {
  /// A Service's port.
  struct GateKey: Hashable, Sendable {
    var service: ObjectKey
    var port: Int64?
  }

  private struct Counted<Value> {
    var value: Value
    /// Backends that name it.
    var users = 0
  }

  private let loops: Int
  private var endpoints: [ListenAddress: Counted<Endpoint>] = [:]
  private var gates: [GateKey: Counted<BackendGate>] = [:]
  /// What may have lost its last user since `finishRound`.
  private var released: Set<ListenAddress> = []
  private var releasedGates: Set<GateKey> = []

  /// - Parameter loops: of the gateway.
  init(loops: Int = 1) { self.loops = loops }

  mutating func gate(_ key: GateKey) -> BackendGate {
    if let known = gates[key] { return known.value }
    let gate = BackendGate(service: key.service, loops: loops)
    gates[key] = Counted(value: gate)
    return gate
  }

  mutating func endpoint(_ address: ListenAddress) -> Endpoint {
    if let known = endpoints[address] { return known.value }
    let endpoint = Endpoint(address)
    endpoints[address] = Counted(value: endpoint)
    return endpoint
  }

  mutating func retain(_ backend: Backend) {
    for endpoint in backend.endpoints { endpoints[endpoint.upstream.address]?.users += 1 }
    if backend.gate != nil { gates[backend.gateKey]?.users += 1 }
  }

  mutating func release(_ backend: Backend) {
    for endpoint in backend.endpoints {
      endpoints[endpoint.upstream.address]?.users -= 1
      released.insert(endpoint.upstream.address)
    }
    if backend.gate != nil {
      gates[backend.gateKey]?.users -= 1
      releasedGates.insert(backend.gateKey)
    }
  }

  /// Forgets what has lost its last user since the last call.
  /// - Returns: the addresses among it.
  mutating func finishRound() -> [HTTPUpstream] {
    var gone: [HTTPUpstream] = []
    for address in released {
      guard let counted = endpoints[address], counted.users <= 0 else { continue }
      gone.append(counted.value.upstream)
      endpoints[address] = nil
    }
    for key in releasedGates {
      if let counted = gates[key], counted.users <= 0 { gates[key] = nil }
    }
    released = []
    releasedGates = []
    return gone
  }
}
