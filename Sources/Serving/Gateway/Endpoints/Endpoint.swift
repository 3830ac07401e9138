internal import HTTPTransport
internal import Synchronization

/// One address that answers for a service, with the requests under way to it from all loops. Lives as long as
/// any table names it, so that counts survive a change of tables.
final class Endpoint: Sendable {
  let upstream: HTTPUpstream
  private let requests = Atomic<Int>(0)

  init(_ address: ListenAddress) { upstream = HTTPUpstream(address) }

  var inFlight: Int { requests.load(ordering: .relaxed) }
  func begin() { requests.add(1, ordering: .relaxed) }
  func end() { requests.subtract(1, ordering: .relaxed) }
}

/// Keeps one `Endpoint` per address over all tables.
struct EndpointRegistry {
  private var known: [ListenAddress: Endpoint] = [:]
  private var used: [ListenAddress: Endpoint] = [:]

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
    return gone
  }
}
