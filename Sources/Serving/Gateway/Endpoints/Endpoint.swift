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

/// Keeps one `Endpoint` per address, and one `BackendGate` per port of a Service, over all tables.
struct EndpointRegistry {
  /// A Service's port.
  struct GateKey: Hashable {
    var service: ObjectKey
    var port: Int64?
  }

  private let loops: Int
  private var known: [ListenAddress: Endpoint] = [:]
  private var used: [ListenAddress: Endpoint] = [:]
  private var knownGates: [GateKey: BackendGate] = [:]
  private var usedGates: [GateKey: BackendGate] = [:]

  /// - Parameter loops: of the gateway.
  init(loops: Int = 1) { self.loops = loops }

  mutating func gate(_ key: GateKey) -> BackendGate {
    let gate = usedGates[key] ?? knownGates[key] ?? BackendGate(service: key.service, loops: loops)
    usedGates[key] = gate
    return gate
  }

  mutating func endpoint(_ address: ListenAddress) -> Endpoint {
    let endpoint = used[address] ?? known[address] ?? Endpoint(address)
    used[address] = endpoint
    return endpoint
  }

  /// Forgets the addresses that were not asked for since the last call.
  /// - Returns: what was forgotten.
  mutating func finishRound() -> [HTTPUpstream] {
    let gone = known.filter { used[$0.key] == nil }.map(\.value.upstream)
    known = used
    used = [:]
    knownGates = usedGates
    usedGates = [:]
    return gone
  }
}
